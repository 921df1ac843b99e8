// msync(2) and write-back.

#include "server/kernel/vm/msync.h"

#include "gtest/gtest.h"

#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class MsyncTest : public ProgramTest {
 protected:
  std::string Sync(VirtualAddress address, ByteCount length, std::uint64_t flags = kMsSync) {
    const Errno error = Msync(mm().space(), address, length, flags);
    world_.Check();
    return Text(error);
  }
  std::string Sync(std::uint64_t first, std::uint64_t end, std::uint64_t flags = kMsSync) {
    return Sync(At(first), Pages(end - first), flags);
  }
  std::int64_t dirty() const { return world_.counters.Get(Counter::kNrDirty); }
};

TEST_F(MsyncTest, TheChecksComeInLinuxsOrder) {
  mm().Map(0, 2);
  EXPECT_EQ(Sync(At(0), Pages(1), 8), "EINVAL");
  EXPECT_EQ(Sync(At(0) + ByteCount(1), Pages(1)), "EINVAL");
  EXPECT_EQ(Sync(At(0), Pages(1), kMsSync | kMsAsync), "EINVAL");
  EXPECT_EQ(Sync(At(1), ByteCount(UINT64_MAX - 4095)), "ENOMEM");
  EXPECT_EQ(Sync(At(0), ByteCount(UINT64_MAX)), "OK") << "rounded up, the length is 0";
  EXPECT_EQ(Sync(At(9), ByteCount(0)), "OK");
  EXPECT_EQ(Sync(0, 2, 0), "OK");
  EXPECT_EQ(Sync(1, 3), "ENOMEM");
  EXPECT_EQ(Sync(4, 5), "ENOMEM");
}

TEST_F(MsyncTest, SharedPagesOfFilesAreWrittenAndProtectedAgain) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 8);
  mm().MapFile(0, 8, "rw", file, 0, kMapShared);
  EXPECT_EQ(mm().Write(0, 4), "4 minor");
  EXPECT_EQ(dirty(), 4);
  EXPECT_EQ(Sync(1, 3), "OK");
  EXPECT_EQ(dirty(), 2);
  EXPECT_EQ(mm().Entries(0, 4), "wrrw");
  EXPECT_EQ(mm().Write(0, 4), "2 minor") << "a store tells the file system again";
  EXPECT_EQ(dirty(), 4);
  EXPECT_EQ(Sync(0, 8, kMsAsync), "OK");
  EXPECT_EQ(dirty(), 4) << "MS_ASYNC has written nothing since 2.6.19";
  EXPECT_EQ(Sync(0, 8), "OK");
  EXPECT_EQ(dirty(), 0);
  world_.files.Put(file);
}

TEST_F(MsyncTest, EveryMappingOfThePageLearnsOfIt) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 2);
  mm().MapFile(0, 2, "rw", file, 0, kMapShared);
  mm().MapFile(4, 5, "rw", file, 1, kMapShared);
  mm().Write(0, 2);
  mm().Write(4, 5);
  EXPECT_EQ(Sync(0, 2), "OK");
  EXPECT_EQ(mm().Entries(4, 5), "r");
  EXPECT_EQ(mm().Write(4, 5), "1 minor");
  world_.files.Put(file);
}

TEST_F(MsyncTest, PrivateAndSharedMemoryHaveNothingToWrite) {
  mm().Map(0, 2);
  mm().MapShared(2, 4);
  mm().Write(0, 4);
  EXPECT_EQ(Sync(0, 4), "OK");
  EXPECT_EQ(mm().Entries(0, 4), "wwww");
}

TEST_F(MsyncTest, HolesArePassedOverUnlessNothingIsWaitedFor) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4);
  mm().Map(0, 1);
  mm().MapFile(2, 4, "rw", file, 0, kMapShared);
  mm().Write(2, 4);
  EXPECT_EQ(Sync(0, 4, kMsAsync), "ENOMEM");
  EXPECT_EQ(Sync(0, 4), "ENOMEM");
  EXPECT_EQ(dirty(), 0) << "what lies behind the hole was written";
  world_.files.Put(file);
}

TEST_F(MsyncTest, LockedMemoryIsNotInvalidated) {
  mm().Map(0, 1, "rw", kMapLocked);
  EXPECT_EQ(Sync(0, 1, kMsInvalidate), "EBUSY");
  EXPECT_EQ(Sync(0, 1), "OK");
  mm().Map(1, 2);
  EXPECT_EQ(Sync(1, 2, kMsInvalidate | kMsSync), "OK");
}

}  // namespace
}  // namespace memsim
