#include "client/replay/process_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/replay/program_image.h"
#include "client/replay/replay.h"
#include "tests/unit/replay/recording_machine.h"

namespace memsim::replay {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr char kImage[] =
    "@image(\"/usr/bin/x\", \"555555554000-555555556000 r--p 00000000 /usr/bin/x-1.2\", "
    "\"555555556000-555555558000 rw-p 00002000 /usr/bin/x-1.2\", \"555555558000-555555559000 rw-p 00000000\", "
    "\"7ffff7fc8000-7ffff7fca000 r-xp 00000000 [vdso]\", \"7ffffffde000-7ffffffff000 rw-p 00000000 [stack]\", "
    "\"ffffffffff600000-ffffffffff601000 --xp 00000000 [vsyscall]\") = 0\n";

class ProcessCallsTest : public testing::Test {
 protected:
  TraceReport Replay(const std::string& text, FirstProcess first_process = FirstProcess::kEnds) {
    const Trace trace = ParseTrace(text);
    absl::StatusOr<TraceReport> report = ReplayTrace(trace, machine_, first_process);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : TraceReport();
  }

  RecordingMachine machine_;
};

TEST_F(ProcessCallsTest, ExecveTakesTheMappingsOfTheImageBehindIt) {
  Replay(std::string("1000 execve(\"/usr/bin/x\", [\"x\"], [/* 4 vars */]) = 0\n1001 getpid() = 1001\n1000 ") + kImage);
  const std::vector<v1::Call> calls = machine_.Of(v1::Call::kExecve);
  ASSERT_THAT(calls, SizeIs(1));
  const v1::ExecveRequest& execve = calls[0].execve();
  EXPECT_EQ(execve.pid(), 100U);
  EXPECT_EQ(execve.path(), "/usr/bin/x");
  ASSERT_EQ(execve.mappings_size(), 5) << "[vsyscall] is no mapping of the process";
  EXPECT_EQ(execve.mappings(1).start(), 0x555555556000U);
  EXPECT_EQ(execve.mappings(1).prot(), 3U);
  EXPECT_EQ(execve.mappings(1).flags(), 2U);
  EXPECT_EQ(execve.mappings(1).offset_bytes(), 0x2000U);
  EXPECT_EQ(execve.mappings(2).path(), "");
  EXPECT_EQ(execve.start_brk(), 0x555555559000U);
  // The file was not told of; it is at least as long as it is mapped.
  bool made = false;
  for (const v1::Call& call : machine_.Of(v1::Call::kMknod)) {
    made = made || (call.mknod().path() == "/usr/bin/x-1.2" && call.mknod().size_bytes() == 0x4000U);
  }
  EXPECT_TRUE(made);
}

TEST_F(ProcessCallsTest, WithoutAnImageOneIsGuessed) {
  Replay(
      "1000 execve(\"/usr/bin/x\", [\"x\"], 0x7ffd /* 4 vars */) = 0\n"
      "1000 brk(NULL) = 0x555555571000\n"
      "1000 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc0000\n");
  const v1::ExecveRequest execve = machine_.Of(v1::Call::kExecve)[0].execve();
  EXPECT_EQ(execve.path(), "/usr/bin/x");
  EXPECT_EQ(execve.start_brk(), 0x555555571000U);
  ASSERT_EQ(execve.mappings_size(), 3);
  EXPECT_EQ(execve.mappings(0).start(), 0x555555554000U);
  EXPECT_EQ(execve.mappings(0).end(), 0x555555571000U);
  EXPECT_EQ(execve.mappings(0).path(), "/usr/bin/x");
  EXPECT_EQ(execve.mappings(1).start(), 0x7ffff7fc2000U);
  EXPECT_EQ(execve.mappings(2).path(), "[stack]");
}

TEST_F(ProcessCallsTest, AGuessNeedsAFirstBreak) {
  Replay("1000 execve(\"/usr/bin/x\", [\"x\"], NULL) = 0\n1000 getpid() = 1\n");
  EXPECT_EQ(machine_.Of(v1::Call::kExecve)[0].execve().mappings_size(), 0);
}

TEST_F(ProcessCallsTest, AnImageThatIsNoneIsNotUnderstood) {
  const TraceReport report = Replay(
      "1000 execve(\"/bin/x\", [\"x\"], []) = 0\n"
      "1000 @image(\"/bin/x\", \"garbage\") = 0\n"
      "1000 brk(NULL) = 0\n");
  ASSERT_THAT(report.unknown_lines, SizeIs(1));
  EXPECT_EQ(report.unknown_lines[0].line_number, 2);
  EXPECT_FALSE(report.WhollyEqual()) << "the break is equal because the image was guessed from it";
}

TEST_F(ProcessCallsTest, AnImageWithoutItsExecveIsSkipped) {
  const TraceReport report = Replay(std::string("1000 ") + kImage + "1000 execve(\"/bin/x\", [\"x\"], []) = 0\n1001 " +
                                    kImage + "1000 brk(NULL) = 0\n1000 " + kImage +
                                    "1000 execve(\"/bin/x\", [\"x\"], []) = -1 ENOENT (No)\n1000 " + kImage);
  EXPECT_THAT(report.skips, SizeIs(4));
  EXPECT_THAT(report.unknown_lines, IsEmpty());
}

TEST_F(ProcessCallsTest, ProcessLinesThatNobodyUnderstandsAreUnknown) {
  const TraceReport report =
      Replay("1000 execve(zork, [], []) = 0\n1000 clone(flags=zork) = 1\n1000 exit_group(zork) = ?\n");
  EXPECT_THAT(report.unknown_lines, SizeIs(3));
  EXPECT_THAT(machine_.Of(v1::Call::kExitGroup), SizeIs(1)) << "it ended all the same";
}

TEST_F(ProcessCallsTest, ChildrenAreTheMachinesOwnProcesses) {
  const TraceReport report = Replay(
      "1000 brk(NULL) = 0\n"
      "1000 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7) = 1001\n"
      "1001 munmap(0x1000, 4096) = 0\n"
      "1001 vfork( <unfinished ...>\n"
      "1002 munmap(0x2000, 4096) = 0\n"
      "1002 exit_group(7) = ?\n"
      "1001 <... vfork resumed>) = 1002\n"
      "1002 +++ exited with 7 +++\n"
      "1001 wait4(1002, NULL, 0, NULL) = 1002\n"
      "1001 wait4(-1, 0x7f, 0, NULL) = -1 ECHILD (No child processes)\n");
  EXPECT_THAT(report.skips, IsEmpty());
  EXPECT_EQ(machine_.Of(v1::Call::kClone)[0].clone().flags(), 0x200000U | 17U);
  EXPECT_EQ(machine_.Of(v1::Call::kVfork)[0].vfork().pid(), 101U);
  const std::vector<v1::Call> unmaps = machine_.Of(v1::Call::kMunmap);
  ASSERT_THAT(unmaps, SizeIs(2));
  EXPECT_EQ(unmaps[0].munmap().pid(), 101U);
  EXPECT_EQ(unmaps[1].munmap().pid(), 102U);
  ASSERT_THAT(machine_.Of(v1::Call::kExitGroup), SizeIs(1)) << "+++ tells of an exit that was seen";
  EXPECT_EQ(machine_.Of(v1::Call::kExitGroup)[0].exit_group().status(), 7);
  ASSERT_THAT(machine_.Of(v1::Call::kWait4), SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kWait4)[0].wait4().child_pid(), 102U);
}

TEST_F(ProcessCallsTest, LinesOfAChildThatCouldNotBeMadeAreSkipped) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_clone()) return std::nullopt;
    v1::Answer answer;
    answer.set_error_number(22);
    return answer;
  };
  const TraceReport report = Replay(
      "1000 clone(child_stack=NULL, flags=CLONE_NEWNET|SIGCHLD) = 1001\n"
      "1001 munmap(0x1000, 4096) = 0\n"
      "1001 exit_group(0) = ?\n"
      "1000 wait4(1001, NULL, 0, NULL) = 1001\n");
  ASSERT_THAT(report.skips, SizeIs(4));
  EXPECT_EQ(report.skips[0].reason, "answered EINVAL");
  EXPECT_EQ(report.skips[1].reason, "its clone answered EINVAL");
  EXPECT_THAT(machine_.Of(v1::Call::kMunmap), IsEmpty());
}

TEST_F(ProcessCallsTest, AThreadsExitEndsNoProcess) {
  const TraceReport report = Replay(
      "1000 clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, exit_signal=0}, 88) "
      "= 1001\n"
      "1001 exit(0) = ?\n"
      "1001 +++ exited with 0 +++\n"
      "1000 exit(0) = ?\n");
  EXPECT_EQ(machine_.Of(v1::Call::kClone)[0].clone().flags(), 0x50f00U);
  EXPECT_THAT(report.skips, IsEmpty());
  EXPECT_THAT(machine_.Of(v1::Call::kExit), SizeIs(1)) << "+++ tells of an exit that was seen";
  EXPECT_THAT(machine_.Of(v1::Call::kExitGroup), SizeIs(1)) << "the last thread's exit ends the process";
}

TEST_F(ProcessCallsTest, AThreadThatIsLeftEndsTheProcess) {
  const TraceReport report = Replay(
      "1000 clone(child_stack=NULL, flags=CLONE_VM|CLONE_SIGHAND|CLONE_THREAD) = 1001\n"
      "1000 exit(3) = ?\n"
      "1001 exit_group(4) = ?\n");
  EXPECT_THAT(report.skips, IsEmpty());
  ASSERT_THAT(machine_.Of(v1::Call::kExit), SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kExit)[0].exit().status(), 3);
  ASSERT_THAT(machine_.Of(v1::Call::kExitGroup), SizeIs(1));
  EXPECT_NE(machine_.Of(v1::Call::kExitGroup)[0].exit_group().pid(), machine_.Of(v1::Call::kExit)[0].exit().pid());
}

TEST_F(ProcessCallsTest, ASignalThatKillsEndsTheProcess) {
  Replay("1000 brk(NULL) = 0\n1000 --- SIGSEGV {si_signo=SIGSEGV} ---\n1000 +++ killed by SIGSEGV +++\n");
  ASSERT_THAT(machine_.Of(v1::Call::kExitGroup), SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kExitGroup)[0].exit_group().status(), 128 + 11);
}

TEST_F(ProcessCallsTest, TheFirstProcessMayStay) {
  Replay(
      "1000 clone(child_stack=NULL, flags=SIGCHLD) = 1001\n"
      "1001 exit_group(0) = ?\n"
      "1000 exit_group(0) = ?\n"
      "1000 +++ exited with 0 +++\n",
      FirstProcess::kStays);
  ASSERT_THAT(machine_.Of(v1::Call::kExitGroup), SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kExitGroup)[0].exit_group().pid(), 101U);
}

// The ranges that were touched beside those that the trace touches.
std::vector<std::string> OwnTouches(const RecordingMachine& machine) {
  std::vector<std::string> touches;
  for (const v1::Call& call : machine.Of(v1::Call::kTouch)) {
    const v1::TouchRequest& touch = call.touch();
    if (touch.address() >= 0x100000000000 && touch.address() < 0x110000000000) continue;
    touches.push_back(absl::StrCat(touch.pid(), touch.access() == v1::ACCESS_KIND_WRITE ? " W " : " R ",
                                   absl::Hex(touch.address()), " ", touch.page_count()));
  }
  return touches;
}

constexpr char kOwnMaps[] =
    "555555554000-555555556000 r-xp 00000000 fd:00 1 /usr/bin/x\n"
    "555555556000-555555559000 rw-p 00000000 00:00 0 \n"
    "555555559000-55555555a000 rw-p 00000000 00:00 0 [heap]\n"
    "7ffff7fc0000-7ffff7fc1000 ---p 00000000 00:00 0 \n"
    "7ffff7fc8000-7ffff7fca000 r-xp 00000000 00:00 0 [vdso]\n";

TEST_F(ProcessCallsTest, AProgramUsesItsOwnMemoryBeforeTheFirstObservationAndAfterAFork) {
  machine_.proc["100/maps"] = kOwnMaps;
  Replay(
      "1000 munmap(0x1000, 4096) = 0\n"
      "1000 @touch(0x100000000000, W) = 0\n"
      "1000 @touch(0x100000001000, W) = 0\n"
      "1000 clone(child_stack=NULL, flags=SIGCHLD) = 1001\n"
      "1001 @touch(0x100000001000, W) = 0\n"
      "1000 @touch(0x100000001000, W) = 0\n");
  EXPECT_THAT(OwnTouches(machine_),
              testing::ElementsAre("100 R 555555554000 2", "100 W 555555556000 3", "101 R 555555554000 2",
                                   "101 W 555555556000 3", "100 R 555555554000 2", "100 W 555555556000 3"));
}

TEST_F(ProcessCallsTest, ATraceWithoutObservationsUsesNothing) {
  machine_.proc["100/maps"] = kOwnMaps;
  Replay("1000 munmap(0x1000, 4096) = 0\n1000 clone(child_stack=NULL, flags=SIGCHLD) = 1001\n");
  EXPECT_THAT(OwnTouches(machine_), IsEmpty());
}

TEST_F(ProcessCallsTest, AnotherProgramHasOtherMemory) {
  machine_.proc["100/maps"] = kOwnMaps;
  const Trace trace = ParseTrace(
      "1000 @touch(0x100000000000, W) = 0\n1000 execve(\"/y\", [\"y\"], []) = 0\n1000 @touch(0x100000000000, W) = 0\n");
  machine_.override_answer = [this](const v1::Call& call) -> std::optional<v1::Answer> {
    if (call.has_execve()) machine_.proc["100/maps"] = "400000-401000 rw-p 00000000 fd:00 1 /y\n";
    return std::nullopt;
  };
  ASSERT_TRUE(ReplayTrace(trace, machine_).ok());
  EXPECT_THAT(OwnTouches(machine_),
              testing::ElementsAre("100 R 555555554000 2", "100 W 555555556000 3", "100 W 400000 1"));
}

TEST(ProgramImage, WhatIsNoMappingMakesNoImage) {
  for (const char* text : {"1 @image(\"/x\", \"zz-1000 r--p 00000000\") = 0", "1 @image(\"/x\", \"1000\") = 0",
                           "1 @image(\"/x\", \"1000-2000 r- 0\") = 0", "1 @image(\"/x\", 5) = 0"}) {
    EXPECT_FALSE(ParseImage(ParseTraceLine(text)).has_value()) << text;
  }
}

}  // namespace
}  // namespace memsim::replay
