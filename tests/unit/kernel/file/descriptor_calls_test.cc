#include "server/kernel/file/descriptor_calls.h"

#include <string>

#include "gtest/gtest.h"

#include "tests/unit/kernel/file/booted_files.h"

namespace memsim {
namespace {

constexpr int kSet = 0;
constexpr int kCur = 1;
constexpr int kEnd = 2;
constexpr int kData = 3;
constexpr int kHole = 4;

class DescriptorCallsTest : public BootedFiles {
 protected:
  DescriptorCallsTest() : caller_{files_, table_, 8, ByteCount(UINT64_MAX)} {
    files_.Mknod("/a", FileKind::kRegular, ByteCount(10000));
    files_.Mknod("/pipe", FileKind::kPipe, ByteCount(0));
    files_.Mknod("/dev/null", FileKind::kDevice, ByteCount(0));
    files_.Mknod("/d", FileKind::kDirectory, ByteCount(0));
  }
  void CheckAll() const {
    Check();
    table_.CheckInvariants();
  }
  int OpenFd(const std::string& path, std::uint32_t flags = kOpenReadWrite) {
    const ErrnoOr<OpenedDescriptor> opened = OpenDescriptor(caller_, path, flags);
    CheckAll();
    EXPECT_TRUE(opened.ok()) << path << ": " << ErrnoName(opened.error());
    return opened.ok() ? opened->fd : -1;
  }
  ByteCount SizeOf(int fd) { return files_.InodeOf(table_.Find(fd)->file).size; }
  // The bytes written, or the errno negated.
  std::int64_t Write(int fd, std::uint64_t length, std::optional<std::uint64_t> offset = std::nullopt) {
    std::optional<ByteCount> at;
    if (offset.has_value()) at = ByteCount(*offset);
    const ErrnoOr<ByteCount> written = WriteDescriptor(caller_, fd, ByteCount(length), at);
    CheckAll();
    return written.ok() ? static_cast<std::int64_t>(written->value()) : -static_cast<std::int64_t>(written.error());
  }
  std::int64_t Seek(int fd, std::int64_t offset, int whence) {
    const ErrnoOr<ByteCount> position = SeekDescriptor(caller_, fd, offset, whence);
    CheckAll();
    return position.ok() ? static_cast<std::int64_t>(position->value()) : -static_cast<std::int64_t>(position.error());
  }
  Errno Truncate(int fd, std::uint64_t length) {
    const Errno error = TruncateDescriptor(caller_, fd, ByteCount(length)).error();
    CheckAll();
    return error;
  }
  static std::int64_t Minus(Errno error) { return -static_cast<std::int64_t>(error); }

  FileTable table_;
  FileCaller caller_;
};

TEST_F(DescriptorCallsTest, OpenGivesTheLowestDescriptor) {
  EXPECT_EQ(OpenFd("/a"), 0);
  EXPECT_EQ(OpenFd("/a"), 1);
  EXPECT_EQ(OpenFd("/a"), 2);
  EXPECT_EQ(CloseDescriptor(caller_, 1), Errno::kOk);
  CheckAll();
  EXPECT_EQ(CloseDescriptor(caller_, 1), Errno::kBadF);
  EXPECT_EQ(OpenFd("/a"), 1);
  EXPECT_EQ(CloseDescriptor(caller_, -1), Errno::kBadF);
}

TEST_F(DescriptorCallsTest, OpenAtTheLimitMakesNoFile) {
  for (int i = 0; i < 8; ++i) OpenFd("/a");
  EXPECT_EQ(OpenDescriptor(caller_, "/new", kOpenCreate | kOpenReadWrite).error(), Errno::kMFile);
  EXPECT_EQ(OpenDescriptor(caller_, "/none", kOpenReadWrite).error(), Errno::kMFile);
  EXPECT_EQ(OpenDescriptor(caller_, "", kOpenReadWrite).error(), Errno::kNoEnt);
  EXPECT_EQ(files_.Unlink("/new"), Errno::kNoEnt);
  CheckAll();
}

TEST_F(DescriptorCallsTest, FlagsThatCannotBeComeBeforeAllElse) {
  for (int i = 0; i < 8; ++i) OpenFd("/a");
  EXPECT_EQ(OpenDescriptor(caller_, "", kOpenCreate | kOpenDirectory).error(), Errno::kInval);
  EXPECT_EQ(OpenDescriptor(caller_, "/a", kOpenCreate | kOpenDirectory).error(), Errno::kInval);
  // O_PATH leaves O_CREAT out.
  EXPECT_EQ(OpenDescriptor(caller_, "/a", kOpenPath | kOpenCreate | kOpenDirectory).error(), Errno::kMFile);
  CheckAll();
}

TEST_F(DescriptorCallsTest, CloseOnExecIsTheDescriptorsNotTheFiles) {
  const int fd = OpenFd("/a", kOpenReadWrite | kOpenCloseOnExec);
  EXPECT_EQ(table_.Find(fd)->close_on_exec, CloseOnExec::kYes);
  const int copy = *DuplicateDescriptor(caller_, fd, 0, 0);
  EXPECT_EQ(table_.Find(copy)->close_on_exec, CloseOnExec::kNo);
  EXPECT_EQ(files_.file(table_.Find(copy)->file).flags, kOpenReadWrite);
}

TEST_F(DescriptorCallsTest, DupSharesThePositionAndASecondOpenDoesNot) {
  const int fd = OpenFd("/a");
  const int copy = *DuplicateDescriptor(caller_, fd, 0, 0);
  const int other = OpenFd("/a");
  EXPECT_EQ(Seek(fd, 100, kSet), 100);
  EXPECT_EQ(Seek(copy, 0, kCur), 100);
  EXPECT_EQ(Seek(other, 0, kCur), 0);
  EXPECT_EQ(table_.Find(fd)->file, table_.Find(copy)->file);
  EXPECT_NE(table_.Find(fd)->file, table_.Find(other)->file);
  CloseDescriptor(caller_, fd);
  CheckAll();
  EXPECT_EQ(Seek(copy, 0, kCur), 100);
}

TEST_F(DescriptorCallsTest, DupKnowsAMinimumAndTheLimit) {
  const int fd = OpenFd("/a");
  EXPECT_EQ(*DuplicateDescriptor(caller_, fd, 5, 0), 5);
  EXPECT_EQ(*DuplicateDescriptor(caller_, fd, 7, 0), 7);
  EXPECT_EQ(DuplicateDescriptor(caller_, fd, 7, 0).error(), Errno::kMFile);
  EXPECT_EQ(DuplicateDescriptor(caller_, fd, 8, 0).error(), Errno::kInval);
  EXPECT_EQ(DuplicateDescriptor(caller_, fd, -1, 0).error(), Errno::kInval);
  EXPECT_EQ(DuplicateDescriptor(caller_, 3, 0, 0).error(), Errno::kBadF);
  EXPECT_EQ(DuplicateDescriptor(caller_, fd, 0, kOpenAppend).error(), Errno::kInval);
  CheckAll();
}

TEST_F(DescriptorCallsTest, Dup2ReplacesWhatWasOpen) {
  const int a = OpenFd("/a");
  const int null = OpenFd("/dev/null");
  const OpenFileId file = table_.Find(a)->file;
  EXPECT_EQ(*DuplicateOnto(caller_, a, null, 0), null);
  CheckAll();
  EXPECT_EQ(table_.Find(null)->file, file);
  EXPECT_EQ(files_.file(file).references, 2U);
  // Onto its own copy, the file stays open.
  EXPECT_EQ(*DuplicateOnto(caller_, a, null, kOpenCloseOnExec), null);
  CheckAll();
  EXPECT_EQ(files_.file(file).references, 2U);
  EXPECT_EQ(table_.Find(null)->close_on_exec, CloseOnExec::kYes);
}

TEST_F(DescriptorCallsTest, Dup2OntoItselfDoesNothingAndDup3Refuses) {
  const int a = OpenFd("/a");
  EXPECT_EQ(*DuplicateOnto(caller_, a, a, 0), a);
  EXPECT_EQ(DuplicateOnto(caller_, a, a, kOpenCloseOnExec).error(), Errno::kInval);
  EXPECT_EQ(DuplicateOnto(caller_, 5, 5, 0).error(), Errno::kBadF);
  EXPECT_EQ(DuplicateOnto(caller_, 5, 6, 0).error(), Errno::kBadF);
  EXPECT_EQ(*DuplicateOnto(caller_, a, 7, 0), 7);
  EXPECT_EQ(DuplicateOnto(caller_, a, 8, 0).error(), Errno::kBadF);
  EXPECT_EQ(DuplicateOnto(caller_, a, -1, 0).error(), Errno::kBadF);
  EXPECT_EQ(DuplicateOnto(caller_, a, 6, kOpenAppend).error(), Errno::kInval);
  CheckAll();
}

TEST_F(DescriptorCallsTest, APathDescriptorCanBeCopiedAndClosedAndNothingElse) {
  const int fd = OpenFd("/a", kOpenReadWrite | kOpenPath | kOpenTruncate);
  EXPECT_EQ(SizeOf(fd), ByteCount(10000));
  EXPECT_EQ(FileOfDescriptor(caller_, fd).error(), Errno::kBadF);
  EXPECT_EQ(Write(fd, 1), Minus(Errno::kBadF));
  EXPECT_EQ(Seek(fd, 0, kSet), Minus(Errno::kBadF));
  EXPECT_EQ(Truncate(fd, 0), Errno::kBadF);
  EXPECT_TRUE(DuplicateDescriptor(caller_, fd, 0, 0).ok());
  EXPECT_EQ(CloseDescriptor(caller_, fd), Errno::kOk);
}

TEST_F(DescriptorCallsTest, FtruncateAsksForAWritableRegularFile) {
  EXPECT_EQ(Truncate(OpenFd("/a"), 100), Errno::kOk);
  EXPECT_EQ(SizeOf(0), ByteCount(100));
  EXPECT_EQ(Truncate(OpenFd("/a", kOpenReadOnly), 100), Errno::kInval);
  EXPECT_EQ(Truncate(OpenFd("/pipe"), 100), Errno::kInval);
  EXPECT_EQ(Truncate(OpenFd("/d", kOpenReadOnly), 100), Errno::kInval);
  EXPECT_EQ(Truncate(7, 100), Errno::kBadF);
  EXPECT_EQ(Truncate(7, 1ULL << 63), Errno::kInval);
  EXPECT_EQ(Truncate(0, FileSystem::kMaxDiskFileSize.value()), Errno::kOk);
  EXPECT_EQ(Truncate(0, FileSystem::kMaxDiskFileSize.value() + 1), Errno::kFBig);
}

TEST_F(DescriptorCallsTest, TheFileSizeLimitStopsGrowthAlone) {
  caller_.max_file_size = ByteCount(5000);
  const int fd = OpenFd("/a");
  EXPECT_EQ(Truncate(fd, 10001), Errno::kFBig);
  EXPECT_EQ(Truncate(fd, 6000), Errno::kOk);
  EXPECT_EQ(Truncate(fd, 4000), Errno::kOk);
  EXPECT_EQ(Write(fd, 100, 4950), 50);
  EXPECT_EQ(Write(fd, 100, 5000), Minus(Errno::kFBig));
}

TEST_F(DescriptorCallsTest, WritingMovesThePositionUnlessAnOffsetIsGiven) {
  const int fd = OpenFd("/a");
  EXPECT_EQ(Write(fd, 100), 100);
  EXPECT_EQ(Seek(fd, 0, kCur), 100);
  EXPECT_EQ(Write(fd, 100, 20000), 100);
  EXPECT_EQ(Seek(fd, 0, kCur), 100);
  EXPECT_EQ(SizeOf(fd), ByteCount(20100));
  EXPECT_EQ(Write(fd, 0, 90000), 0);
  EXPECT_EQ(SizeOf(fd), ByteCount(20100));
}

TEST_F(DescriptorCallsTest, AppendingAlwaysGoesToTheEnd) {
  const int fd = OpenFd("/a", kOpenWriteOnly | kOpenAppend);
  EXPECT_EQ(Write(fd, 10), 10);
  EXPECT_EQ(Seek(fd, 0, kCur), 10010);
  EXPECT_EQ(Write(fd, 10, 0), 10);
  EXPECT_EQ(SizeOf(fd), ByteCount(10020));
}

TEST_F(DescriptorCallsTest, WritingHasLinuxsErrors) {
  const int reader = OpenFd("/a", kOpenReadOnly);
  EXPECT_EQ(Write(reader, 1), Minus(Errno::kBadF));
  EXPECT_EQ(Write(7, 1), Minus(Errno::kBadF));
  const int pipe = OpenFd("/pipe");
  EXPECT_EQ(Write(pipe, 100), 100);
  EXPECT_EQ(Write(pipe, 100, 0), Minus(Errno::kSPipe));
  EXPECT_EQ(Write(OpenFd("/dev/null"), 1ULL << 20), 1 << 20);
  const int fd = OpenFd("/a");
  EXPECT_EQ(Write(fd, 1ULL << 63), Minus(Errno::kInval));
  EXPECT_EQ(Write(fd, 1, 1ULL << 63), Minus(Errno::kInval));
  EXPECT_EQ(Write(fd, 1, FileSystem::kMaxDiskFileSize.value()), Minus(Errno::kFBig));
  EXPECT_EQ(Write(fd, 100, FileSystem::kMaxDiskFileSize.value() - 1), 1);
}

TEST_F(DescriptorCallsTest, NoWriteMovesMoreThanTwoGibibytesLessAPage) {
  EXPECT_EQ(Write(OpenFd("/dev/null"), 1ULL << 40), 0x7ffff000);
}

TEST_F(DescriptorCallsTest, SeekingGoesFromTheStartThePositionOrTheEnd) {
  const int fd = OpenFd("/a");
  EXPECT_EQ(Seek(fd, 500, kSet), 500);
  EXPECT_EQ(Seek(fd, -100, kCur), 400);
  EXPECT_EQ(Seek(fd, -1, kEnd), 9999);
  EXPECT_EQ(Seek(fd, 1, kEnd), 10001);
  EXPECT_EQ(Seek(fd, -1, kSet), Minus(Errno::kInval));
  EXPECT_EQ(Seek(fd, -10002, kCur), Minus(Errno::kInval));
  EXPECT_EQ(Seek(fd, INT64_MAX, kCur), Minus(Errno::kInval));
  EXPECT_EQ(Seek(fd, INT64_MIN, kEnd), Minus(Errno::kInval));
  EXPECT_EQ(Seek(fd, 0, 5), Minus(Errno::kInval));
  EXPECT_EQ(Seek(fd, 0, -1), Minus(Errno::kInval));
  EXPECT_EQ(Seek(fd, 0, kCur), 10001);
  EXPECT_EQ(Seek(fd, static_cast<std::int64_t>(FileSystem::kMaxDiskFileSize.value()) + 1, kSet), Minus(Errno::kInval));
}

TEST_F(DescriptorCallsTest, FilesAreDataUpToTheirEnd) {
  const int fd = OpenFd("/a");
  EXPECT_EQ(Seek(fd, 500, kData), 500);
  EXPECT_EQ(Seek(fd, 500, kHole), 10000);
  EXPECT_EQ(Seek(fd, 10000, kData), Minus(Errno::kNxio));
  EXPECT_EQ(Seek(fd, -1, kHole), Minus(Errno::kNxio));
}

TEST_F(DescriptorCallsTest, PipesCannotSeekAndDevicesStayAtZero) {
  EXPECT_EQ(Seek(OpenFd("/pipe"), 0, kCur), Minus(Errno::kSPipe));
  EXPECT_EQ(Seek(OpenFd("/dev/null"), 100, kSet), 0);
  EXPECT_EQ(Seek(7, 0, kSet), Minus(Errno::kBadF));
}

}  // namespace
}  // namespace memsim
