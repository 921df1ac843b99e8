#include "client/replay/file_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/replay/replay.h"
#include "tests/unit/replay/recording_machine.h"

namespace memsim::replay {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class FileCallsTest : public testing::Test {
 protected:
  TraceReport Replay(const std::string& text) {
    const Trace trace = ParseTrace(text);
    absl::StatusOr<TraceReport> report = ReplayTrace(trace, machine_);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : TraceReport();
  }

  // How the file was made.
  v1::MknodRequest Made(const std::string& path) const {
    for (const v1::Call& call : machine_.Of(v1::Call::kMknod)) {
      if (call.mknod().path() == path) return call.mknod();
    }
    ADD_FAILURE() << path << " was not made";
    return {};
  }

  RecordingMachine machine_;
};

TEST_F(FileCallsTest, FilesThatExistedAreMadeWithTheirSizes) {
  const TraceReport report = Replay(
      "1000 @file(\"/etc/ld.so.cache\", 56467) = 0\n"
      "1000 openat(AT_FDCWD</home>, \"/etc/ld.so.cache\", O_RDONLY|O_CLOEXEC) = 3</etc/ld.so.cache>\n");
  EXPECT_EQ(Made("/etc/ld.so.cache").size_bytes(), 56467U);
  EXPECT_EQ(Made("/etc/ld.so.cache").kind(), v1::FILE_KIND_REGULAR);
  EXPECT_THAT(report.skips, IsEmpty());
  EXPECT_EQ(machine_.Of(v1::Call::kOpen).back().open().flags(), 02000000U);
}

TEST_F(FileCallsTest, KindsComeFromNames) {
  Replay(
      "1000 openat(AT_FDCWD</home>, \".\", O_RDONLY|O_DIRECTORY) = 3</home>\n"
      "1000 openat(AT_FDCWD</home>, \"/dev/zero\", O_RDWR) = 4</dev/zero>\n"
      "1000 openat(AT_FDCWD</home>, \"/proc/self/maps\", O_RDONLY) = 5</proc/1000/maps>\n"
      "1000 openat(AT_FDCWD</home>, \"/dev/shm/a\", O_RDWR|O_CREAT|O_EXCL, 0600) = 6</dev/shm/a>\n"
      "1000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 7<pipe:[1]>, 0) = -1 ENODEV (No such device)\n");
  EXPECT_EQ(Made("/home").kind(), v1::FILE_KIND_DIRECTORY);
  EXPECT_EQ(Made("/dev/zero").kind(), v1::FILE_KIND_ZERO_DEVICE);
  EXPECT_EQ(Made("/dev/null").kind(), v1::FILE_KIND_DEVICE);
  EXPECT_EQ(Made("/proc/1000/maps").kind(), v1::FILE_KIND_PROC);
  EXPECT_EQ(Made("/dev/shm/a").kind(), v1::FILE_KIND_TMPFS);
  EXPECT_EQ(Made("/pipe:[1]").kind(), v1::FILE_KIND_PIPE);
}

TEST_F(FileCallsTest, ADescriptorHasItsNumberAlsoWhereTheMachineChoseAnother) {
  Replay("1000 openat(AT_FDCWD</home>, \"/a\", O_RDWR|O_CREAT|O_TRUNC|O_EXCL, 0644) = 9</a>\n");
  const v1::OpenRequest open = machine_.Of(v1::Call::kOpen).back().open();
  EXPECT_EQ(open.flags(), 01002U) << "made by mknod, so that its kind is right, and then opened";
  ASSERT_THAT(machine_.Of(v1::Call::kDup), SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kDup)[0].dup().fd(), 3);
  EXPECT_EQ(machine_.Of(v1::Call::kDup)[0].dup().new_fd(), 9);
  ASSERT_THAT(machine_.Of(v1::Call::kClose), SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kClose)[0].close().fd(), 3);
}

TEST_F(FileCallsTest, AFileThatTheTraceMakesIsEmptyAlsoWhereTheMachineHasOne) {
  Replay(
      "1000 openat(AT_FDCWD</home>, \"/a\", O_RDWR|O_CREAT, 0644) = 3</a>\n"
      "1000 openat(AT_FDCWD</home>, \"/a\", O_RDWR|O_CREAT, 0644) = 4</a>\n");
  const std::vector<v1::Call> opens = machine_.Of(v1::Call::kOpen);
  ASSERT_THAT(opens, SizeIs(5));
  EXPECT_EQ(opens[3].open().flags(), 01002U);
  EXPECT_EQ(opens[4].open().flags(), 2U) << "the second time it has what was written";
}

TEST_F(FileCallsTest, DescriptorsThatNothingToldOfAreOpenedAtFirstUse) {
  const TraceReport report = Replay(
      "1000 pipe2([3<pipe:[1]>, 4<pipe:[1]>], 0) = 0\n"
      "1000 dup2(4<pipe:[1]>, 1</dev/null>) = 1<pipe:[1]>\n"
      "1000 close(4<pipe:[1]>) = 0\n"
      "1000 close(3<pipe:[1]>) = 0\n"
      "1000 write(1<pipe:[1]>, \"x\", 1) = 1\n");
  EXPECT_THAT(report.skips, IsEmpty());
  EXPECT_EQ(Made("/pipe:[1]").kind(), v1::FILE_KIND_PIPE);
  EXPECT_EQ(machine_.Of(v1::Call::kDup).back().dup().new_fd(), 1);
  EXPECT_THAT(machine_.Of(v1::Call::kWrite), IsEmpty()) << "a pipe has no size";
}

TEST_F(FileCallsTest, AnUntoldFileIsAsLongAsItIsMapped) {
  Replay(
      "1000 openat(AT_FDCWD</home>, \"/lib/a.so\", O_RDONLY) = 3</lib/a.so>\n"
      "1000 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3</lib/a.so>, 0) = 0x1000\n"
      "1000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</lib/a.so>, 0x3000) = 0x1000\n");
  EXPECT_EQ(Made("/lib/a.so").size_bytes(), 0x4000U);
}

TEST_F(FileCallsTest, WritesAndPositionsFollowTheKernel) {
  Replay(
      "1000 openat(AT_FDCWD</home>, \"a\", O_RDWR|O_CREAT, 0644) = 3</home/a>\n"
      "1000 write(3</home/a>, \"xx\"..., 4096) = 100\n"
      "1000 write(3</home/a>, \"xx\"..., 4096) = -1 ENOSPC (No space left on device)\n"
      "1000 pwrite64(3</home/a>, \"xx\", 2, 8192) = 2\n"
      "1000 lseek(3</home/a>, -5, SEEK_END) = 8189\n"
      "1000 read(3</home/a>, \"xx\", 64) = 5\n"
      "1000 ftruncate(3</home/a>, 10) = 0\n"
      "1000 truncate(\"a\", 20) = 0\n");
  const std::vector<v1::Call> writes = machine_.Of(v1::Call::kWrite);
  ASSERT_THAT(writes, SizeIs(2));
  EXPECT_EQ(writes[0].write().length_bytes(), 100U);
  EXPECT_FALSE(writes[0].write().has_offset_bytes());
  EXPECT_EQ(writes[1].write().offset_bytes(), 8192U);
  const std::vector<v1::Call> seeks = machine_.Of(v1::Call::kLseek);
  ASSERT_THAT(seeks, SizeIs(2));
  EXPECT_EQ(seeks[0].lseek().offset_bytes(), 8189);
  EXPECT_EQ(seeks[1].lseek().offset_bytes(), 5);
  EXPECT_EQ(seeks[1].lseek().whence(), 1);
  const std::vector<v1::Call> cuts = machine_.Of(v1::Call::kFtruncate);
  ASSERT_THAT(cuts, SizeIs(2));
  EXPECT_EQ(cuts[0].ftruncate().length_bytes(), 10U);
  EXPECT_EQ(cuts[1].ftruncate().length_bytes(), 20U);
}

TEST_F(FileCallsTest, NamesAreResolvedFromTheDirectory) {
  Replay(
      "1000 chdir(\"/tmp/x\") = 0\n"
      "1000 creat(\"a\", 0600) = 3\n"
      "1000 rename(\"a\", \"../b\") = 0\n"
      "1000 unlinkat(AT_FDCWD</tmp>, \"b\", 0) = 0\n"
      "1000 unlink(\"/never/seen\") = 0\n"
      "1000 unlinkat(AT_FDCWD</tmp>, \"/tmp\", AT_REMOVEDIR) = 0\n"
      "1000 unlink(\"a\") = -1 ENOENT (No such file or directory)\n");
  EXPECT_EQ(Made("/tmp/x/a").size_bytes(), 0U);
  ASSERT_THAT(machine_.Of(v1::Call::kRename), SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kRename)[0].rename().new_path(), "/tmp/b");
  ASSERT_THAT(machine_.Of(v1::Call::kUnlink), SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kUnlink)[0].unlink().path(), "/tmp/b");
}

TEST_F(FileCallsTest, ARenamedFileKeepsItsDescriptors) {
  Replay(
      "1000 creat(\"/a\", 0600) = 3</a>\n"
      "1000 rename(\"/a\", \"/b\") = 0\n"
      "1000 write(3</b>, \"x\", 1) = 1\n");
  // /dev/null three times and /a: /b is not opened anew.
  EXPECT_THAT(machine_.Of(v1::Call::kOpen), SizeIs(4));
}

TEST_F(FileCallsTest, DescriptorsAreInheritedCopiedAndClosedByExec) {
  const TraceReport report = Replay(
      "1000 openat(AT_FDCWD</>, \"/a\", O_RDONLY|O_CLOEXEC) = 3</a>\n"
      "1000 fcntl(3</a>, F_DUPFD, 10) = 10</a>\n"
      "1000 fcntl(10</a>, F_SETFD, FD_CLOEXEC) = 0\n"
      "1000 dup(3</a>) = 4</a>\n"
      "1000 clone(child_stack=NULL, flags=SIGCHLD) = 1001\n"
      "1001 close(4</a>) = 0\n"
      "1001 execve(\"/bin/x\", [\"x\"], []) = 0\n"
      "1000 close(4</a>) = 0\n"
      "1000 close(4) = -1 EBADF (Bad file descriptor)\n");
  EXPECT_THAT(report.skips, IsEmpty());
  std::vector<std::pair<std::uint64_t, int>> closed;
  for (const v1::Call& call : machine_.Of(v1::Call::kClose)) closed.emplace_back(call.close().pid(), call.close().fd());
  EXPECT_THAT(closed,
              testing::ElementsAre(std::pair(101, 4), std::pair(101, 3), std::pair(101, 10), std::pair(100, 4)));
}

TEST_F(FileCallsTest, AnOpenThatTheMachineRefusesIsSkipped) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_open() || call.open().path() != "/a") return std::nullopt;
    v1::Answer answer;
    answer.set_error_number(24);
    return answer;
  };
  const TraceReport report =
      Replay("1000 open(\"/a\", O_RDONLY) = 3</a>\n1000 open(\"/b\", O_RDONLY) = -1 ENOENT (No)\n");
  ASSERT_THAT(report.skips, SizeIs(1));
  EXPECT_EQ(report.skips[0].reason, "open answered EMFILE");
}

TEST_F(FileCallsTest, NamesThatAreNoTextReachTheMachineSpeltOut) {
  const TraceReport report = Replay(
      "1000 openat(AT_FDCWD</>, \"/a\\377\", O_RDWR|O_CREAT, 0600) = 3</a\\377>\n"
      "1000 ftruncate(3</a\\377>, 4096) = 0\n"
      "1000 unlink(\"/a\\377\") = 0\n");
  EXPECT_THAT(report.skips, IsEmpty());
  EXPECT_EQ(Made("/a\\xff").kind(), v1::FILE_KIND_REGULAR);
  EXPECT_THAT(machine_.Of(v1::Call::kOpen), SizeIs(4)) << "the descriptor is the one that was opened";
  EXPECT_EQ(machine_.Of(v1::Call::kUnlink)[0].unlink().path(), "/a\\xff");
}

TEST(TracedFiles, PathsAreMadeAbsoluteAndPlain) {
  EXPECT_EQ(TracedFiles::Resolve("/home", "a/./b//c"), "/home/a/b/c");
  EXPECT_EQ(TracedFiles::Resolve("/home", "../../../x"), "/x");
  EXPECT_EQ(TracedFiles::Resolve("/home", "/x/../y"), "/y");
  EXPECT_EQ(TracedFiles::Resolve("/", ""), "/");
}

}  // namespace
}  // namespace memsim::replay
