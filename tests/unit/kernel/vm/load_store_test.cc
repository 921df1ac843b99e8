// What programs find in their memory: what they stored there, wherever the kernel copied, shared or moved it since.

#include "server/kernel/vm/load_store.h"

#include <string>

#include "gtest/gtest.h"

#include "server/kernel/vm/huge_pages.h"
#include "server/kernel/vm/msync.h"
#include "server/kernel/vm/zap.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

constexpr std::uint64_t H = kHugePages;

class LoadStoreTest : public ProgramTest {
 protected:
  LoadStoreTest() : ProgramTest(ByteCount(256ULL << 20)) {}

  OpenFileId MapNewFile(std::uint64_t first, std::uint64_t end, std::uint64_t flags = kMapShared,
                        FileKind kind = FileKind::kRegular) {
    FilesStay();
    const OpenFileId file =
        world_.OpenNew(kind == FileKind::kTmpfs ? "/dev/shm/f" : "/f", end - first, kOpenReadWrite, kind);
    mm().MapFile(first, end, "rw", file, 0, flags);
    return file;
  }
  InodeId InodeOf(OpenFileId file) { return world_.files.file(file).inode; }
  void Sync(std::uint64_t first, std::uint64_t end) {
    EXPECT_EQ(Msync(mm().space(), At(first), Pages(end - first), kMsSync), Errno::kOk);
    world_.Check();
  }
  void Truncate(OpenFileId file, ByteCount size) {
    if (const auto cut = world_.files.SetSize(InodeOf(file), size)) ZapCutTail(world_.environment, *cut);
    world_.Check();
  }
  ByteCount held() const { return world_.pages.contents().HostMemory(); }
};

// --- Accesses

TEST_F(LoadStoreTest, WhatWasStoredIsLoadedAndTheRestIsZero) {
  mm().Map(0, 4);
  EXPECT_EQ(mm().Store(At(0) + ByteCount(3), "abc"), "3 bytes, 1 minor");
  EXPECT_EQ(mm().Load(At(0), 8), "...abc..");
  EXPECT_EQ(mm().Load(At(1), 3), "...");
  EXPECT_EQ(mm().Entries(0, 4), "wz..");
  EXPECT_EQ(mm().Store(At(0) + ByteCount(4), "X"), "1 bytes, 0 minor");
  EXPECT_EQ(mm().Load(At(0) + ByteCount(3), 3), "aXc");
}

TEST_F(LoadStoreTest, EachPageIsAccessedOnceAndInOrder) {
  mm().Map(0, 4);
  EXPECT_EQ(mm().Store(At(1) - ByteCount(2), "abcd"), "4 bytes, 2 minor");
  EXPECT_EQ(mm().Load(At(1) - ByteCount(3), 6), ".abcd.");
  EXPECT_EQ(mm().Store(At(1), std::string(8192, 'x')), "8192 bytes, 1 minor");
  EXPECT_EQ(mm().Store(At(0), ""), "0 bytes, 0 minor");
}

TEST_F(LoadStoreTest, WhatPrecedesASignalIsDone) {
  mm().Map(0, 1);
  mm().Map(2, 3, "r");
  EXPECT_EQ(mm().Store(At(1) - ByteCount(2), "abcd"), "2 bytes, 1 minor, SIGSEGV 1 at A+1");
  EXPECT_EQ(mm().Load(At(1) - ByteCount(2), 4), "ab 0 minor, SIGSEGV 1 at A+1");
  EXPECT_EQ(mm().Store(At(2) + ByteCount(7), "a"), "0 bytes, 0 minor, SIGSEGV 2 at A+2");
  EXPECT_EQ(mm().Load(VirtualAddress(1ULL << 63), 1), " 0 minor, SIGSEGV 128 at 0x0");
  EXPECT_EQ(mm().Load(VirtualAddress(UINT64_MAX), 2), " 0 minor, SIGSEGV 1 at 0xffffffffffffffff");
}

TEST_F(LoadStoreTest, ZerosNeedAPageOfTheProgramAndNoneOfTheHost) {
  mm().Map(0, 2);
  EXPECT_EQ(mm().Store(At(0), std::string(8192, '\0')), "8192 bytes, 2 minor");
  EXPECT_EQ(mm().Entries(0, 2), "ww");
  EXPECT_EQ(held(), ByteCount(0));
  mm().Store(At(1), "a");
  EXPECT_GT(held(), kPageSize);
  mm().Unmap(0, 2);
  EXPECT_EQ(held(), ByteCount(0));
}

TEST_F(LoadStoreTest, ATouchLeavesBytesAsTheyAre) {
  mm().Map(0, 1);
  mm().Store(At(0), "abc");
  mm().Write(0, 1);
  EXPECT_EQ(mm().Load(At(0), 3), "abc");
}

// --- fork, exec's opposite

TEST_F(LoadStoreTest, ForkSharesBytesUntilSomebodyStores) {
  mm().Map(0, 2);
  mm().Store(At(0), "abc");
  const ByteCount one = held();
  const auto child = mm().Fork();
  EXPECT_EQ(child->Load(At(0), 3), "abc");
  EXPECT_EQ(child->Store(At(0) + ByteCount(1), "X"), "1 bytes, 1 minor");
  EXPECT_EQ(child->Load(At(0), 3), "aXc");
  EXPECT_EQ(mm().Load(At(0), 3), "abc");
  EXPECT_EQ(mm().Store(At(0), "Y"), "1 bytes, 1 minor");
  EXPECT_EQ(mm().Load(At(0), 3) + child->Load(At(0), 3), "YbcaXc");
  // A copy for which nobody stores takes nothing of the host.
  mm().Store(At(1), "d");
  const auto third = mm().Fork();
  third->Write(1, 2);
  EXPECT_LT(held(), one * 3 + ByteCount(512));
  EXPECT_EQ(third->Load(At(1), 1), "d");
}

TEST_F(LoadStoreTest, ForkWipesWhatMayNotBeInherited) {
  mm().Map(0, 1);
  mm().Store(At(0), "key");
  EXPECT_EQ(mm().Advise(0, 1, kMadvWipeOnFork), "OK");
  const auto child = mm().Fork();
  EXPECT_EQ(child->Load(At(0), 3), "...");
  EXPECT_EQ(mm().Load(At(0), 3), "key");
}

TEST_F(LoadStoreTest, SharedMemoryIsTheSameForBoth) {
  mm().MapShared(0, 2);
  mm().Store(At(0), "from the parent");
  const auto child = mm().Fork();
  EXPECT_EQ(child->Load(At(0), 15), "from the parent");
  child->Store(At(1), "from the child");
  EXPECT_EQ(mm().Load(At(1), 14), "from the child");
}

// --- Moving and giving up

TEST_F(LoadStoreTest, MremapMovesBytesAlong) {
  mm().Map(0, 2);
  mm().Store(At(1) - ByteCount(1), "ab");
  EXPECT_EQ(mm().Remap(0, 2, 4, kMremapMayMove | kMremapFixed, 8), "A+8");
  EXPECT_EQ(mm().Load(At(9) - ByteCount(1), 3), "ab.");
  EXPECT_EQ(mm().Load(At(11), 1), ".");
}

TEST_F(LoadStoreTest, WhatIsGivenUpIsZero) {
  mm().Map(0, 3);
  for (const std::uint64_t page : {0, 1, 2}) mm().Store(At(page), "abc");
  EXPECT_EQ(mm().Advise(0, 1, kMadvDontNeed), "OK");
  EXPECT_EQ(mm().Load(At(0), 3), "...");
  EXPECT_EQ(mm().Load(At(1), 3), "abc");
  mm().Map(1, 2);
  EXPECT_EQ(mm().Load(At(1), 3), "...") << "a new mapping in the place of the old one";
  EXPECT_EQ(mm().Advise(2, 3, kMadvFree), "OK");
  EXPECT_EQ(mm().Load(At(2), 3), "abc") << "there is memory enough, so nothing is dropped";
}

TEST_F(LoadStoreTest, MprotectLeavesBytesAsTheyAre) {
  mm().Map(0, 1);
  mm().Store(At(0), "abc");
  mm().Protect(0, 1, "");
  EXPECT_EQ(mm().Load(At(0), 1), " 0 minor, SIGSEGV 2 at A+0");
  mm().Protect(0, 1, "r");
  EXPECT_EQ(mm().Load(At(0), 3), "abc");
}

// --- Huge pages

TEST_F(LoadStoreTest, HugePagesHoldWhatEachOfTheirPagesHolds) {
  FilesStay();
  mm().Map(0, H);
  EXPECT_EQ(mm().Advise(0, H, kMadvHugePage), "OK");
  EXPECT_EQ(mm().Store(At(7), "seven"), "5 bytes, 1 minor");
  EXPECT_EQ(mm().Store(At(H) - ByteCount(1), "z"), "1 bytes, 0 minor");
  EXPECT_EQ(mm().Load(At(7), 6), "seven.");
  const auto child = mm().Fork();
  EXPECT_EQ(child->Store(At(7), "S"), "1 bytes, 1 minor") << "it is split first";
  EXPECT_EQ(child->Load(At(7), 5) + mm().Load(At(7), 5), "Sevenseven");
  EXPECT_EQ(child->Load(At(H) - ByteCount(1), 1), "z");
}

TEST_F(LoadStoreTest, ASplitKeepsThePagesThatHoldSomething) {
  FilesStay();
  mm().Map(0, H);
  EXPECT_EQ(mm().Advise(0, H, kMadvHugePage), "OK");
  mm().Store(At(1), "one");
  mm().Store(At(2), std::string(4096, '\0'));
  mm().Store(At(3), "x");
  mm().Store(At(3), std::string(1, '\0'));
  // Splits it.
  EXPECT_EQ(mm().Advise(5, 6, kMadvFree), "OK");
  EXPECT_EQ(mm().Entries(0, 5), "zwzzz");
  EXPECT_EQ(mm().Load(At(1), 3), "one");
  EXPECT_EQ(mm().space().statistics().resident(), PageCount(1));
}

TEST_F(LoadStoreTest, CollapseTakesTheBytesOver) {
  FilesStay();
  mm().Map(0, H);
  mm().Store(At(0), "first");
  mm().Store(At(H - 1), "last");
  EXPECT_EQ(mm().Advise(0, H, kMadvCollapse), "OK");
  EXPECT_TRUE(mm().space().page_tables().has_huge());
  EXPECT_EQ(mm().Load(At(0), 5) + mm().Load(At(H - 1), 4) + mm().Load(At(1), 1), "firstlast.");
  mm().Unmap(0, H);
  EXPECT_EQ(held(), ByteCount(0));
}

// --- Files

TEST_F(LoadStoreTest, AllMappingsOfAFileShowTheSameBytes) {
  const OpenFileId file = MapNewFile(0, 2);
  mm().MapFile(4, 6, "r", file);
  mm().Store(At(0), "abc");
  EXPECT_EQ(mm().Load(At(4), 3), "abc");
  mm().Unmap(0, 2);
  EXPECT_EQ(mm().Load(At(4), 3), "abc");
  world_.files.Put(file);
}

TEST_F(LoadStoreTest, APrivateMappingHasACopyFromItsFirstStoreOn) {
  const OpenFileId file = MapNewFile(0, 2);
  mm().MapFile(4, 6, "rw", file);
  mm().Store(At(0), "abc");
  EXPECT_EQ(mm().Store(At(4) + ByteCount(1), "X"), "1 bytes, 1 minor") << "of a page that it never loaded";
  EXPECT_EQ(mm().Load(At(4), 3), "aXc");
  mm().Store(At(1), "abc");
  EXPECT_EQ(mm().Load(At(5), 3), "abc");
  mm().Store(At(5) + ByteCount(1), "X");
  mm().Store(At(1), "Y");
  EXPECT_EQ(mm().Load(At(5), 3), "aXc");
  EXPECT_EQ(mm().Load(At(0), 3), "abc");
  EXPECT_EQ(mm().Advise(4, 6, kMadvDontNeed), "OK");
  EXPECT_EQ(mm().Load(At(4), 3) + mm().Load(At(5), 3), "abcYbc") << "the file's again";
  world_.files.Put(file);
}

TEST_F(LoadStoreTest, WhatWasWrittenBackAndDroppedIsReadFromTheDisk) {
  const OpenFileId file = MapNewFile(0, 2);
  mm().Store(At(0), "abc");
  Sync(0, 2);
  const ByteCount one = held();
  EXPECT_EQ(mm().Advise(0, 2, kMadvPageOut), "OK");
  EXPECT_FALSE(world_.files.IsCached(InodeOf(file), PageOffset(0)));
  EXPECT_GT(held(), kPageSize) << "the disk is of the host's memory too";
  EXPECT_EQ(mm().Load(At(0), 3), "abc");
  EXPECT_EQ(held(), one);
  mm().Advise(0, 2, kMadvPageOut);
  Truncate(file, ByteCount(2));
  Truncate(file, Pages(2));
  EXPECT_EQ(mm().Load(At(0), 3), "ab.");
  mm().Advise(0, 2, kMadvPageOut);
  mm().Store(At(0), "xyz");
  Sync(0, 2);
  mm().Advise(0, 2, kMadvPageOut);
  EXPECT_EQ(mm().Advise(0, 1, kMadvRemove), "OK");
  EXPECT_EQ(mm().Load(At(0), 3), "...");
  world_.files.Put(file);
}

TEST_F(LoadStoreTest, WhatIsCutOffIsZeroWhenTheFileGrowsAgain) {
  for (const FileKind kind : {FileKind::kRegular, FileKind::kTmpfs}) {
    const OpenFileId file = MapNewFile(0, 3, kMapShared, kind);
    mm().Store(At(0), std::string(3 * 4096, 'x'));
    Truncate(file, ByteCount(4096 + 2));
    EXPECT_EQ(mm().Load(At(1), 4), "xx..");
    EXPECT_EQ(mm().Load(At(2), 1), " 0 minor, SIGBUS 2 at A+2");
    Truncate(file, Pages(3));
    EXPECT_EQ(mm().Load(At(0) + ByteCount(4094), 6), "xxxx..");
    EXPECT_EQ(mm().Load(At(2), 2), "..");
    Truncate(file, ByteCount(0));
    mm().Unmap(0, 3);
    world_.files.Put(file);
  }
}

// Stores behind the end of a file, in its last page. The kernel was asked: pwrite and ftruncate of ext4 clear them,
// tmpfs of 6.18 does not.
TEST_F(LoadStoreTest, WhatLiesBehindTheEndIsLostOnTheDiskWhenTheFileGrows) {
  const auto after = [this](FileKind kind, auto grow) {
    const OpenFileId file = MapNewFile(0, 1, kMapShared, kind);
    Truncate(file, ByteCount(2));
    mm().Store(At(0), "abcd");
    EXPECT_EQ(mm().Load(At(0), 4), "abcd");
    grow(file);
    const std::string found = mm().Load(At(0), 4);
    Truncate(file, ByteCount(0));
    mm().Unmap(0, 1);
    world_.files.Put(file);
    return found;
  };
  const auto by_truncate = [this](OpenFileId file) { Truncate(file, ByteCount(100)); };
  EXPECT_EQ(after(FileKind::kRegular, by_truncate), "ab..");
  EXPECT_EQ(after(FileKind::kTmpfs, by_truncate), "abcd");
  const auto by_write = [this](OpenFileId file) {
    EXPECT_TRUE(world_.files.WriteBytes(InodeOf(file), ByteCount(200), ByteCount(1), "z").ok());
  };
  EXPECT_EQ(after(FileKind::kRegular, by_write), "ab..");
  EXPECT_EQ(after(FileKind::kTmpfs, by_write), "abcd");
  const auto by_append = [this](OpenFileId file) {
    EXPECT_TRUE(world_.files.WriteBytes(InodeOf(file), ByteCount(2), ByteCount(1), "z").ok());
  };
  EXPECT_EQ(after(FileKind::kRegular, by_append), "abzd");
  EXPECT_EQ(after(FileKind::kTmpfs, by_append), "abzd");
  const auto by_sync = [this](OpenFileId) { Sync(0, 1); };
  EXPECT_EQ(after(FileKind::kRegular, by_sync), "ab..");
  EXPECT_EQ(after(FileKind::kTmpfs, by_sync), "abcd");
  const auto to_the_same = [this](OpenFileId file) { Truncate(file, ByteCount(2)); };
  EXPECT_EQ(after(FileKind::kRegular, to_the_same), "ab..");
  EXPECT_EQ(after(FileKind::kTmpfs, to_the_same), "ab..");
}

TEST_F(LoadStoreTest, APrivateCopyOutlivesACutInItsPage) {
  const OpenFileId file = MapNewFile(0, 1, kMapPrivate);
  mm().Store(At(0), "abcd");
  Truncate(file, ByteCount(2));
  EXPECT_EQ(mm().Load(At(0), 4), "abcd");
  world_.files.Put(file);
}

TEST_F(LoadStoreTest, AHoleIsZeroToTheByte) {
  const OpenFileId file = MapNewFile(0, 3);
  mm().Store(At(0), std::string(3 * 4096, 'x'));
  const auto punch = [&](std::uint64_t begin, std::uint64_t end) {
    const FileHole hole{InodeOf(file), ByteCount(begin), ByteCount(end)};
    ZapFilePages(world_.environment, hole.inode, hole.first(), hole.past(), ZapKind::kFilePages);
    world_.files.PunchHole(hole.inode, hole.first(), hole.past());
    world_.files.ZeroEdges(hole);
    world_.Check();
  };
  punch(2, 4);
  EXPECT_EQ(mm().Load(At(0), 6), "xx..xx");
  punch(4094, 2 * 4096 + 2);
  EXPECT_EQ(mm().Load(At(0) + ByteCount(4092), 6), "xx....");
  EXPECT_EQ(mm().Load(At(2) - ByteCount(2), 6), "....xx");
  EXPECT_EQ(mm().Load(At(3) - ByteCount(1), 1), "x");
  world_.files.Put(file);
}

TEST_F(LoadStoreTest, WritesAreLoadedAndLoadsOfDroppedPagesAreMajor) {
  const OpenFileId file = MapNewFile(0, 2);
  EXPECT_EQ(*world_.files.WriteBytes(InodeOf(file), ByteCount(4094), ByteCount(6), "abcd"), ByteCount(6));
  EXPECT_EQ(mm().Load(At(1) - ByteCount(2), 6), "abcd..");
  mm().Store(At(1), "CDEF");
  EXPECT_EQ(*world_.files.WriteBytes(InodeOf(file), ByteCount(4096), ByteCount(3)), ByteCount(3));
  EXPECT_EQ(mm().Load(At(1), 4), "...F") << "what is not known is zeros";
  std::string bytes(6, '?');
  EXPECT_EQ(*world_.files.ReadBytes(InodeOf(file), ByteCount(4094), absl::MakeSpan(bytes)), ByteCount(6));
  EXPECT_EQ(bytes, std::string("ab\0\0\0F", 6));
  world_.files.Put(file);
}

TEST_F(LoadStoreTest, AFileTakesItsBytesAlongWhenItDies) {
  const OpenFileId file = MapNewFile(0, 2);
  mm().Store(At(0), "abc");
  mm().Store(At(1), "abc");
  Sync(0, 1);
  mm().Advise(0, 1, kMadvPageOut);
  EXPECT_EQ(world_.files.Unlink("/f"), Errno::kOk);
  world_.files.Put(file);
  EXPECT_GT(held(), kPageSize * 2);
  mm().Unmap(0, 2);
  EXPECT_EQ(held(), ByteCount(0));
}

}  // namespace
}  // namespace memsim
