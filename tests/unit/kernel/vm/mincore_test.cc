// mincore(2).

#include "server/kernel/vm/mincore.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/layout.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class MincoreTest : public ProgramTest {
 protected:
  // "1101", "ENOMEM 11".
  std::string Ask(VirtualAddress address, ByteCount length, std::optional<VirtualAddress> vec = std::nullopt) {
    const VmCaller caller{mm().limits(), faults_, mm().pkru(), capabilities_, user_};
    const Residency residency = Mincore(mm().space(), caller, address, length, vec);
    world_.Check();
    std::string text;
    for (const char page : residency.pages) text.push_back(page == 0 ? '0' : '1');
    return residency.error == Errno::kOk ? text : Text(residency.error) + (text.empty() ? "" : " " + text);
  }
  std::string Ask(std::uint64_t first, std::uint64_t end) { return Ask(At(first), Pages(end - first)); }

  FaultTally faults_;
  CapabilitySet capabilities_ = CapabilitySet::All();
  std::uint32_t user_ = 0;
};

TEST_F(MincoreTest, TheChecksComeInLinuxsOrder) {
  mm().Map(0, 2);
  EXPECT_EQ(Ask(At(0) + ByteCount(1), ByteCount(0)), "EINVAL");
  EXPECT_EQ(Ask(VirtualAddress(UINT64_MAX - 4095), Pages(1)), "ENOMEM");
  EXPECT_EQ(Ask(At(0), ByteCount(UINT64_MAX)), "ENOMEM");
  EXPECT_EQ(Ask(At(0), Pages(1), VirtualAddress(UINT64_MAX)), "EFAULT");
  EXPECT_EQ(Ask(At(4), ByteCount(0)), "") << "nothing is asked, of nowhere";
  EXPECT_EQ(Ask(At(0), ByteCount(1)), "0");
}

TEST_F(MincoreTest, APageIsThereIfItsEntryIsWhateverItsRights) {
  mm().Map(0, 5);
  mm().Write(0, 1);
  mm().Read(1, 2);
  mm().Write(2, 3);
  mm().Protect(2, 3, "");
  EXPECT_EQ(mm().Advise(4, 5, kMadvGuardInstall), "OK");
  EXPECT_EQ(Ask(0, 5), "11100");
}

TEST_F(MincoreTest, AHoleEndsTheAnswer) {
  mm().Map(0, 2);
  mm().Map(3, 4);
  mm().Write(1, 2);
  EXPECT_EQ(Ask(0, 4), "ENOMEM 01");
  EXPECT_EQ(Ask(2, 3), "ENOMEM");
}

TEST_F(MincoreTest, PagesOfFilesAreThereWhenTheCacheHasThem) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 3);
  const OpenFileId shared = world_.OpenNew("/dev/shm/s", 4, kOpenReadWrite, FileKind::kTmpfs);
  const InodeId inode = world_.files.file(file).inode;
  mm().MapFile(0, 4, "r", file);
  EXPECT_EQ(Ask(0, 4), "1110") << "nothing lies beyond the end";
  world_.files.PunchHole(inode, PageOffset(1), PageOffset(2));
  EXPECT_EQ(Ask(0, 4), "1010");
  mm().MapShared(8, 10);
  EXPECT_EQ(Ask(8, 10), "00");
  mm().Write(8, 9);
  EXPECT_EQ(Ask(8, 10), "10");
  // Of a file that it can neither own nor write, a program learns nothing.
  capabilities_ = CapabilitySet::None();
  user_ = 1000;
  EXPECT_EQ(Ask(0, 4), "1111");
  EXPECT_EQ(Ask(8, 9), "1");
  world_.files.Put(file);
  world_.files.Put(shared);
}

TEST_F(MincoreTest, TheVectorIsWritten) {
  mm().Map(0, 4);
  mm().Map(8, 10);
  EXPECT_EQ(Ask(At(0), Pages(4), At(9) - ByteCount(2)), "0000");
  EXPECT_EQ(mm().Entries(8, 10), "ww");
  mm().Protect(8, 9, "r");
  EXPECT_EQ(Ask(At(0), Pages(4), At(8)), "EFAULT 0000");
  EXPECT_EQ(Ask(At(4), Pages(1), At(8)), "ENOMEM");
}

TEST_F(MincoreTest, OneCallTellsOfSoManyPages) {
  mm().Map(0, kMaxMincorePages.value() + 1, "r");
  EXPECT_EQ(Ask(0, kMaxMincorePages.value() + 1), "ENOSYS");
  EXPECT_EQ(Ask(0, kMaxMincorePages.value()).size(), kMaxMincorePages.value());
}

}  // namespace
}  // namespace memsim
