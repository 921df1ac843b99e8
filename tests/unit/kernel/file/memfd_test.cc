// memfd_create(2), its seals, fcntl(2) and fallocate(2).

#include <string>

#include "gtest/gtest.h"

#include "server/kernel/file/descriptor_calls.h"
#include "server/kernel/file/seals.h"
#include "tests/unit/kernel/file/booted_files.h"

namespace memsim {
namespace {

constexpr int kGetFd = 1;
constexpr int kSetFd = 2;
constexpr int kGetFl = 3;
constexpr int kGetSeals = 1034;
constexpr std::uint32_t kKeep = 1;
constexpr std::uint32_t kPunch = 2;

class MemfdTest : public BootedFiles {
 protected:
  MemfdTest() : caller_{files_, table_, 8, ByteCount(UINT64_MAX), 7} {
    files_.Mknod("/a", FileKind::kRegular, ByteCount(10000));
    files_.Mknod("/pipe", FileKind::kPipe, ByteCount(0));
    files_.Mknod("/d", FileKind::kDirectory, ByteCount(0));
    files_.Mknod("/dev/null", FileKind::kDevice, ByteCount(0));
  }
  ~MemfdTest() override {
    for (int fd = 0; fd < 8; ++fd) {
      if (table_.Find(fd).has_value()) CloseDescriptor(caller_, fd);
    }
  }
  int Create(std::uint32_t flags = 0, const std::string& name = "x") {
    const ErrnoOr<int> fd = CreateMemfd(caller_, name, flags);
    Check();
    return fd.ok() ? *fd : -static_cast<int>(fd.error());
  }
  std::int64_t Control(int fd, int command, std::uint64_t argument = 0) {
    const ErrnoOr<std::uint64_t> result = ControlDescriptor(caller_, fd, command, argument);
    return result.ok() ? static_cast<std::int64_t>(*result) : -static_cast<std::int64_t>(result.error());
  }
  Errno Seal(int fd, std::uint32_t seals, bool writable_mapping = false) {
    return AddSeals(caller_, fd, seals, [writable_mapping](InodeId) { return writable_mapping; });
  }
  Errno Allocate(int fd, std::uint32_t mode, std::int64_t offset, std::int64_t length) {
    const Errno error = AllocateRange(caller_, fd, mode, offset, length).error();
    Check();
    return error;
  }
  int OpenFd(const std::string& path, std::uint32_t flags = kOpenReadWrite) {
    return OpenDescriptor(caller_, path, flags)->fd;
  }
  ByteCount SizeOf(int fd) { return files_.InodeOf(table_.Find(fd)->file).size; }

  FileTable table_;
  FileCaller caller_;
};

int Minus(Errno error) { return -static_cast<int>(error); }

TEST_F(MemfdTest, AFileWithoutANameIsSharedMemoryOfItsMakers) {
  const int fd = Create(kMfdCloseOnExec, "buffer");
  EXPECT_EQ(fd, 0);
  const Inode& inode = files_.InodeOf(table_.Find(fd)->file);
  EXPECT_EQ(inode.NameInMaps(), "/memfd:buffer (deleted)");
  EXPECT_EQ(inode.kind, FileKind::kTmpfs);
  EXPECT_EQ(inode.owner, 7U);
  EXPECT_EQ(inode.size, ByteCount(0));
  EXPECT_EQ(Control(fd, kGetFd), 1);
  EXPECT_EQ(Control(fd, kGetFl), 2);
  EXPECT_EQ(Control(fd, kGetSeals), kSealSeal);
  EXPECT_EQ(Control(Create(kMfdAllowSealing), kGetSeals), 0);
  EXPECT_EQ(Control(Create(kMfdNoExecSeal), kGetSeals), kSealExec);
  EXPECT_EQ(Create(0, ""), 3);
}

TEST_F(MemfdTest, TheChecksComeInLinuxsOrder) {
  EXPECT_EQ(Create(0x20), Minus(Errno::kInval));
  EXPECT_EQ(Create(kMfdExec | kMfdNoExecSeal), Minus(Errno::kInval));
  EXPECT_EQ(Create(21U << 26), Minus(Errno::kInval)) << "a size without MFD_HUGETLB";
  EXPECT_EQ(Create(kMfdHugeTlb | 23U << 26), Minus(Errno::kNoDev));
  EXPECT_EQ(Create(kMfdHugeTlb), Minus(Errno::kNoSys));
  EXPECT_EQ(Create(0, std::string(250, 'x')), Minus(Errno::kInval));
  EXPECT_EQ(CreateMemfd(caller_, std::nullopt, 0).error(), Errno::kFault);
  EXPECT_EQ(Create(0, std::string(249, 'x')), 0);
  for (int fd = 1; fd < 8; ++fd) EXPECT_EQ(Create(), fd);
  EXPECT_EQ(Create(), Minus(Errno::kMFile));
}

TEST_F(MemfdTest, SealsForbidWhatTheySay) {
  const int fd = Create(kMfdAllowSealing);
  EXPECT_TRUE(TruncateDescriptor(caller_, fd, ByteCount(8192)).ok());
  EXPECT_EQ(Seal(fd, 0x40), Errno::kInval);
  EXPECT_EQ(Seal(fd, kSealGrow), Errno::kOk);
  EXPECT_EQ(TruncateDescriptor(caller_, fd, ByteCount(8193)).error(), Errno::kPerm);
  EXPECT_EQ(WriteDescriptor(caller_, fd, ByteCount(2), ByteCount(8191)).error(), Errno::kPerm);
  EXPECT_TRUE(WriteDescriptor(caller_, fd, ByteCount(1), ByteCount(8191)).ok());
  EXPECT_EQ(Allocate(fd, 0, 8192, 1), Errno::kPerm);
  EXPECT_TRUE(TruncateDescriptor(caller_, fd, ByteCount(4096)).ok());
  EXPECT_EQ(Seal(fd, kSealShrink), Errno::kOk);
  EXPECT_EQ(TruncateDescriptor(caller_, fd, ByteCount(4095)).error(), Errno::kPerm);
  EXPECT_EQ(Seal(fd, kSealWrite, true), Errno::kBusy);
  EXPECT_EQ(Seal(fd, kSealFutureWrite, true), Errno::kOk);
  EXPECT_EQ(Seal(fd, kSealWrite), Errno::kOk);
  EXPECT_EQ(WriteDescriptor(caller_, fd, ByteCount(1), std::nullopt).error(), Errno::kPerm);
  EXPECT_EQ(Allocate(fd, kKeep | kPunch, 0, 4096), Errno::kPerm);
  EXPECT_EQ(Seal(fd, kSealSeal), Errno::kOk);
  EXPECT_EQ(Seal(fd, kSealExec), Errno::kPerm);
  EXPECT_EQ(Control(fd, kGetSeals), 0x1f);
}

TEST_F(MemfdTest, OnlySharedMemoryOpenForWritingIsSealed) {
  EXPECT_EQ(Seal(5, 0), Errno::kBadF);
  EXPECT_EQ(Seal(OpenFd("/a"), 0), Errno::kInval);
  EXPECT_EQ(Seal(OpenFd("/a", kOpenReadOnly), 0), Errno::kPerm);
  EXPECT_EQ(Control(0, kGetSeals), Minus(Errno::kInval));
  const int tmpfs = OpenFd("/dev/shm/s", kOpenReadWrite | kOpenCreate);
  EXPECT_EQ(Control(tmpfs, kGetSeals), kSealSeal);
  EXPECT_EQ(Seal(tmpfs, kSealGrow), Errno::kPerm);
  // What may not be executed any more may not change either.
  const int fd = Create(kMfdAllowSealing);
  EXPECT_EQ(Seal(fd, kSealExec), Errno::kOk);
  EXPECT_EQ(Control(fd, kGetSeals), 0x3e);
}

TEST_F(MemfdTest, FcntlSetsWhatExecCloses) {
  const int fd = OpenFd("/a");
  EXPECT_EQ(Control(fd, kSetFd, 1), 0);
  EXPECT_EQ(Control(fd, kGetFd), 1);
  EXPECT_EQ(Control(fd, kSetFd, 2), 0);
  EXPECT_EQ(Control(fd, kGetFd), 0);
  EXPECT_EQ(Control(fd, 99), Minus(Errno::kNoSys));
  EXPECT_EQ(Control(7, kGetFd), Minus(Errno::kBadF));
}

TEST_F(MemfdTest, FallocateGrowsFilesAndFillsSharedMemory) {
  const int disk = OpenFd("/a");
  EXPECT_EQ(Allocate(disk, 0, 8192, 8192), Errno::kOk);
  EXPECT_EQ(SizeOf(disk), ByteCount(16384));
  EXPECT_EQ(Allocate(disk, kKeep, 16384, 8192), Errno::kOk);
  EXPECT_EQ(SizeOf(disk), ByteCount(16384));
  EXPECT_EQ(Allocate(disk, 0x10, 0, 1), Errno::kNoSys);
  const int shared = Create();
  EXPECT_EQ(Allocate(shared, 0, 4096, 8000), Errno::kOk);
  EXPECT_EQ(SizeOf(shared), ByteCount(12096));
  EXPECT_EQ(Counts().shmem, 2);
  EXPECT_EQ(Allocate(shared, 0x10, 0, 1), Errno::kOpNotSupp);
}

TEST_F(MemfdTest, AHoleIsWholePages) {
  const int fd = Create();
  EXPECT_EQ(Allocate(fd, 0, 0, 16384), Errno::kOk);
  const auto hole = AllocateRange(caller_, fd, kKeep | kPunch, 100, 12000);
  ASSERT_TRUE(hole.ok() && hole->has_value());
  EXPECT_EQ((*hole)->first(), PageOffset(1));
  EXPECT_EQ((*hole)->past(), PageOffset(2));
  files_.PunchHole((*hole)->inode, (*hole)->first(), (*hole)->past());
  EXPECT_EQ(Counts().shmem, 3);
}

TEST_F(MemfdTest, FallocateChecksInLinuxsOrder) {
  const int fd = OpenFd("/a");
  EXPECT_EQ(Allocate(7, 0, 0, 1), Errno::kBadF);
  EXPECT_EQ(Allocate(fd, 0, -1, 1), Errno::kInval);
  EXPECT_EQ(Allocate(fd, 0, 0, 0), Errno::kInval);
  EXPECT_EQ(Allocate(fd, 0x80, 0, 1), Errno::kOpNotSupp);
  EXPECT_EQ(Allocate(fd, kPunch, 0, 1), Errno::kOpNotSupp);
  EXPECT_EQ(Allocate(OpenFd("/a", kOpenReadOnly), 0, 0, 1), Errno::kBadF);
  EXPECT_EQ(Allocate(OpenFd("/pipe"), 0, 0, 1), Errno::kSPipe);
  EXPECT_EQ(Allocate(OpenFd("/dev/null"), 0, 0, 1), Errno::kNoDev);
  EXPECT_EQ(Allocate(fd, 0, INT64_MAX, 1), Errno::kFBig);
  caller_.max_file_size = ByteCount(20000);
  EXPECT_EQ(Allocate(fd, 0, 0, 20001), Errno::kFBig);
}

}  // namespace
}  // namespace memsim
