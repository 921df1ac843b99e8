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

TEST_F(FileCallsTest, SysctlsThatTheMachineHasFollowTheProgram) {
  machine_.proc["/proc/sys/vm/max_map_count"] = "65530\n";
  Replay(
      "1000 openat(AT_FDCWD</home>, \"/proc/sys/vm/max_map_count\", O_WRONLY) = 3</proc/sys/vm/max_map_count>\n"
      "1000 write(3</proc/sys/vm/max_map_count>, \"256\\n\", 4) = 4\n"
      "1000 write(3</proc/sys/vm/max_map_count>, \"x\", 1) = -1 EINVAL (Invalid argument)\n"
      "1000 write(4</proc/sys/vm/drop_caches>, \"3\", 1) = 1\n");
  const std::vector<v1::Call> writes = machine_.Of(v1::Call::kWriteProc);
  ASSERT_THAT(writes, SizeIs(1));
  EXPECT_EQ(writes[0].write_proc().path(), "/proc/sys/vm/max_map_count");
  EXPECT_EQ(writes[0].write_proc().text(), "256\n");
  EXPECT_THAT(machine_.Of(v1::Call::kWrite), SizeIs(0));
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

TEST_F(FileCallsTest, WhatCannotBeAppliedIsSkipped) {
  const TraceReport report = Replay(
      "1000 ftruncate(9, 4096) = 0\n"
      "1000 dup2(9, 10) = 10\n"
      "1000 write(9, \"x\", 1) = 1\n"
      "1000 lseek(9, 0, SEEK_SET) = 0\n"
      "1000 fcntl(9, F_DUPFD, 0) = 11\n"
      "1000 rename(\"/never\", \"/seen\") = 0\n"
      "1000 creat(\"/a\", 0600) = 3</a>\n"
      "1000 renameat2(AT_FDCWD</>, \"/a\", AT_FDCWD</>, \"/b\", RENAME_EXCHANGE) = 0\n");
  ASSERT_THAT(report.skips, SizeIs(7));
  EXPECT_EQ(report.skips[0].reason, "nothing tells what descriptor 9 is");
  EXPECT_EQ(report.skips[4].line_number, 5);
  EXPECT_EQ(report.skips[5].reason, "the machine has no /never");
  EXPECT_EQ(report.skips[6].reason, "machines have no rename with RENAME_EXCHANGE");
  EXPECT_THAT(report.unknown_lines, IsEmpty());
  EXPECT_THAT(machine_.Of(v1::Call::kDup), IsEmpty());
}

TEST_F(FileCallsTest, ArgumentsThatNobodyUnderstandsMakeTheLineUnknown) {
  const TraceReport report = Replay(
      "1000 ftruncate(9</x>, zork) = 0\n"
      "1000 ftruncate(zork, 1) = 0\n"
      "1000 truncate(\"/x\") = 0\n"
      "1000 truncate(zork, 1) = 0\n"
      "1000 close(zork) = 0\n"
      "1000 dup(zork) = 3\n"
      "1000 dup() = 3\n"
      "1000 dup3(0, 5, zork) = 5\n"
      "1000 write(zork, \"x\", 1) = 1\n"
      "1000 pwrite64(3</x>, \"x\", 1, zork) = 1\n"
      "1000 rename(\"/a\") = 0\n"
      "1000 rename(\"/a\", zork) = 0\n"
      "1000 unlink(zork) = 0\n"
      "1000 unlinkat(AT_FDCWD</>, \"/a\", zork) = 0\n"
      "1000 creat() = 3\n"
      "1000 open(zork, O_RDONLY) = 3\n"
      "1000 open(\"/a\", zork) = 3</a>\n"
      "1000 openat(AT_FDCWD</>, \"/a\") = 3</a>\n"
      "1000 @file(\"/a\", zork) = 0\n");
  EXPECT_THAT(report.unknown_lines, SizeIs(19));
  EXPECT_THAT(report.skips, IsEmpty());
}

TEST_F(FileCallsTest, WhatIsOnlyFollowedIsNeverCounted) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_open() || call.open().path() != "/a") return std::nullopt;
    v1::Answer answer;
    answer.set_error_number(24);
    return answer;
  };
  const TraceReport report = Replay(
      "1000 read(3</a>, \"x\", 1) = 1\n"
      "1000 writev(3</a>, [{iov_base=\"x\", iov_len=1}], 1) = 1\n"
      "1000 read(zork, \"x\", 1) = 1\n"
      "1000 read(77, \"x\", 1) = 1\n"
      "1000 chdir(zork) = 0\n"
      "1000 fcntl(zork, F_SETFD, FD_CLOEXEC) = 0\n"
      "1000 fcntl(3, F_ZORK) = 0\n");
  EXPECT_THAT(report.skips, IsEmpty());
  EXPECT_THAT(report.unknown_lines, IsEmpty());
}

TEST_F(FileCallsTest, NumbersMeanWhatTheirNamesMean) {
  const TraceReport report = Replay(
      "1000 openat(-100</home>, \"a\", 0x42, 0600) = 3</home/a>\n"
      "1000 openat(AT_FDCWD</home>, \".\", 0x90000) = 4</tmp/d>\n"
      "1000 openat(-100</home>, \".\", 0) = 5</home>\n"
      "1000 fcntl(3</home/a>, 0, 10) = 10</home/a>\n"
      "1000 fcntl(3</home/a>, 0x406, 11) = 11</home/a>\n"
      "1000 fcntl(10</home/a>, 2, 0x1) = 0\n"
      "1000 fcntl(3</home/a>, 0x409, 0xf) = 0\n"
      "1000 fcntl(3</home/a>, 0x40a) = 0xf\n"
      "1000 unlinkat(-100</home>, \"a\", 0x200) = 0\n"
      "1000 execve(\"/bin/x\", [\"x\"], []) = 0\n");
  EXPECT_THAT(report.skips, IsEmpty());
  ASSERT_THAT(machine_.Of(v1::Call::kFcntl), SizeIs(1)) << "seals are added; asking for them changes nothing";
  EXPECT_EQ(machine_.Of(v1::Call::kFcntl)[0].fcntl().argument(), 15U);
  EXPECT_EQ(Made("/home").kind(), v1::FILE_KIND_DIRECTORY);
  EXPECT_EQ(Made("/tmp/d").kind(), v1::FILE_KIND_DIRECTORY);
  EXPECT_THAT(machine_.Of(v1::Call::kUnlink), IsEmpty()) << "a directory's end changes no memory";
  std::vector<int> closed;
  for (const v1::Call& call : machine_.Of(v1::Call::kClose)) closed.push_back(call.close().fd());
  EXPECT_THAT(closed, testing::ElementsAre(4, 10, 11)) << "3 would stay open; 4 was closed on exec by O_CLOEXEC";
}

TEST_F(FileCallsTest, ATemporaryFileIsNoDirectory) {
  Replay("1000 openat(AT_FDCWD</>, \"/tmp\", O_RDWR|O_TMPFILE, 0600) = 3</tmp/#5 (deleted)>\n");
  EXPECT_EQ(Made("/tmp/#5").kind(), v1::FILE_KIND_REGULAR);
}

TEST_F(FileCallsTest, TruncateDisturbsNoDescriptorOfTheTrace) {
  const TraceReport report = Replay(
      "1000 openat(AT_FDCWD</>, \"/a\", O_RDWR|O_CREAT, 0600) = 1000</a>\n"
      "1000 truncate(\"/b\", 8192) = 0\n"
      "1000 ftruncate(1000</a>, 4096) = 0\n");
  EXPECT_THAT(report.skips, IsEmpty());
  const std::vector<v1::Call> cuts = machine_.Of(v1::Call::kFtruncate);
  ASSERT_THAT(cuts, SizeIs(2));
  EXPECT_EQ(cuts[0].ftruncate().fd(), 3) << "the number that the machine's open gave";
  EXPECT_EQ(cuts[1].ftruncate().fd(), 1000);
  EXPECT_THAT(machine_.Of(v1::Call::kDup), SizeIs(1)) << "/a alone was moved, and is opened once";
  std::vector<int> closed;
  for (const v1::Call& call : machine_.Of(v1::Call::kClose)) closed.push_back(call.close().fd());
  EXPECT_THAT(closed, testing::ElementsAre(3, 3));
}

TEST_F(FileCallsTest, ATruncateOfAFileThatCannotBeOpenedIsSkippedAndCutsNothing) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_open() || call.open().path() != "/a") return std::nullopt;
    v1::Answer answer;
    answer.set_error_number(24);
    return answer;
  };
  EXPECT_THAT(Replay("1000 truncate(\"/a\", 1) = 0\n").skips, SizeIs(1));
  EXPECT_THAT(machine_.Of(v1::Call::kFtruncate), IsEmpty());
}

TEST_F(FileCallsTest, AFileThatTheMachineRefusesIsSkippedButNotOneThatItHas) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_mknod()) return std::nullopt;
    v1::Answer answer;
    answer.set_error_number(call.mknod().path() == "/big" ? 27 : 17);
    return answer;
  };
  const TraceReport report = Replay("1000 @file(\"/big\", 99999999999999999) = 0\n1000 @file(\"/there\", 4096) = 0\n");
  ASSERT_THAT(report.skips, SizeIs(1));
  EXPECT_EQ(report.skips[0].line_number, 1);
  EXPECT_EQ(report.skips[0].reason, "answered EFBIG");
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
