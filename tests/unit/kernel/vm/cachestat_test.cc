// cachestat(2).

#include "server/kernel/vm/cachestat.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class CachestatTest : public ProgramTest {
 protected:
  CachestatTest() { FilesStay(); }

  // "4 cached, 1 dirty".
  std::string Ask(OpenFileId file, CachestatArguments arguments = {}) {
    const VmCaller caller{mm().limits(), faults_, mm().pkru(), capabilities_, user_};
    const ErrnoOr<CacheStat> stat = Cachestat(mm().space(), caller, file, arguments);
    world_.Check();
    return stat.ok() ? absl::StrCat(stat->cached, " cached, ", stat->dirty, " dirty") : Text(stat.error());
  }
  std::string Ask(OpenFileId file, ByteCount offset, ByteCount length) {
    CachestatArguments arguments;
    arguments.offset = offset;
    arguments.length = length;
    return Ask(file, arguments);
  }

  FaultTally faults_;
  CapabilitySet capabilities_ = CapabilitySet::All();
  std::uint32_t user_ = 0;
};

TEST_F(CachestatTest, CountsThePagesThatARangeTouches) {
  const OpenFileId file = world_.OpenNew("/f", 8);
  EXPECT_EQ(Ask(file), "8 cached, 0 dirty");
  EXPECT_EQ(Ask(file, Pages(2), Pages(3)), "3 cached, 0 dirty");
  EXPECT_EQ(Ask(file, ByteCount(4095), ByteCount(2)), "2 cached, 0 dirty");
  EXPECT_EQ(Ask(file, Pages(7), Pages(100)), "1 cached, 0 dirty");
  EXPECT_EQ(Ask(file, Pages(8), ByteCount(0)), "0 cached, 0 dirty");
  EXPECT_EQ(Ask(file, Pages(2), ByteCount(UINT64_MAX)), "0 cached, 0 dirty") << "a range that wraps";
  EXPECT_EQ(Ask(file, ByteCount(0), ByteCount(UINT64_MAX)), "8 cached, 0 dirty");
}

TEST_F(CachestatTest, PagesThatWereWrittenAreDirtyButForSharedMemory) {
  const OpenFileId disk = world_.OpenNew("/f", 4);
  const OpenFileId tmpfs = world_.OpenNew("/dev/shm/f", 4, kOpenReadWrite, FileKind::kTmpfs);
  mm().MapFile(0, 4, "rw", tmpfs, 0, kMapShared);
  EXPECT_EQ(Ask(tmpfs), "4 cached, 0 dirty");
  for (const OpenFileId file : {disk, tmpfs}) {
    EXPECT_TRUE(world_.files.WriteBytes(world_.files.file(file).inode, Pages(1), Pages(2)).ok());
  }
  EXPECT_EQ(Ask(disk), "4 cached, 2 dirty");
  EXPECT_EQ(Ask(disk, Pages(2), Pages(2)), "2 cached, 1 dirty");
  EXPECT_EQ(Ask(tmpfs), "4 cached, 0 dirty");
  // Pages that write made are promised memory, as long as the file has them.
  world_.files.PunchHole(world_.files.file(tmpfs).inode, PageOffset(0), PageOffset(4));
  mm().Unmap(0, 4);
}

TEST_F(CachestatTest, WhoCannotWriteTheFileMayNotAsk) {
  const OpenFileId mine = world_.OpenNew("/f", 1, kOpenReadOnly);
  const OpenFileId writable = world_.OpenNew("/g", 1);
  capabilities_ = CapabilitySet::None();
  EXPECT_EQ(Ask(mine), "1 cached, 0 dirty");
  user_ = 1000;
  EXPECT_EQ(Ask(mine), "EPERM");
  EXPECT_EQ(Ask(writable), "1 cached, 0 dirty");
  capabilities_ = {Capability::kFowner};
  EXPECT_EQ(Ask(mine), "1 cached, 0 dirty");
}

TEST_F(CachestatTest, TheChecksComeInLinuxsOrder) {
  const OpenFileId file = world_.OpenNew("/f", 1, kOpenReadOnly);
  mm().Map(0, 1);
  capabilities_ = CapabilitySet::None();
  user_ = 1000;
  CachestatArguments arguments;
  arguments.range_address = At(1);
  arguments.stat_address = At(1);
  arguments.flags = 1;
  EXPECT_EQ(Ask(file, arguments), "EFAULT");
  arguments.range_address = At(0);
  EXPECT_EQ(Ask(file, arguments), "EPERM");
  user_ = 0;
  EXPECT_EQ(Ask(file, arguments), "EINVAL");
  arguments.flags = 0;
  EXPECT_EQ(Ask(file, arguments), "EFAULT");
  EXPECT_EQ(mm().Entries(0, 1), "z");
  arguments.stat_address = At(0);
  EXPECT_EQ(Ask(file, arguments), "1 cached, 0 dirty");
  EXPECT_EQ(mm().Entries(0, 1), "w");
}

}  // namespace
}  // namespace memsim
