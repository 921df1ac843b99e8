#include "client/replay/trace.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace memsim::replay {
namespace {

TEST(Trace, LinesKeepTheirNumbers) {
  const Trace trace = ParseTrace("# kernel: 6.18\n\n1 brk(NULL) = 0x1000\nnonsense\n1 exit_group(0) = ?");
  ASSERT_EQ(trace.events.size(), 2U);
  EXPECT_EQ(trace.events[0].line_number, 3);
  EXPECT_EQ(trace.events[1].line_number, 5);
  ASSERT_EQ(trace.unknown_lines.size(), 1U);
  EXPECT_EQ(trace.unknown_lines[0].line_number, 4);
}

TEST(Trace, AByteOrderMarkAtTheBeginningIsPassedOver) {
  const Trace trace = ParseTrace(
      "\xef\xbb\xbf"
      "1 brk(NULL) = 0x1000\n");
  EXPECT_EQ(trace.events.size(), 1U);
  EXPECT_TRUE(trace.unknown_lines.empty());
}

TEST(Trace, ACallThatMakesAProcessTakesPlaceWhereItBegan) {
  const Trace trace = ParseTrace(
      "1 vfork( <unfinished ...>\n"
      "2 brk(NULL) = 0x1000\n"
      "1 <... vfork resumed>) = 2\n");
  ASSERT_EQ(trace.events.size(), 2U);
  EXPECT_EQ(trace.events[0].line.name, "vfork");
  EXPECT_EQ(trace.events[0].line.result.value, 2U);
  EXPECT_EQ(trace.events[0].line_number, 1);
  EXPECT_EQ(trace.events[1].line.name, "brk");
}

TEST(Trace, AnyOtherCallTakesPlaceWhereItReturned) {
  const Trace trace = ParseTrace(
      "1 mmap(NULL, 4096 <unfinished ...>\n"
      "2 brk(NULL) = 0x1000\n"
      "1 <... mmap resumed>, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x2000\n");
  ASSERT_EQ(trace.events.size(), 2U);
  EXPECT_EQ(trace.events[1].line.name, "mmap");
  EXPECT_EQ(trace.events[1].line_number, 3);
  EXPECT_EQ(trace.events[1].line.arguments.size(), 6U);
}

TEST(Trace, HalvesPairUpPerProcess) {
  const Trace trace = ParseTrace(
      "1 munmap(0x1000, <unfinished ...>\n"
      "2 munmap(0x2000, <unfinished ...>\n"
      "2 <... munmap resumed>4096) = 0\n"
      "1 <... munmap resumed>8192) = -1 EINVAL (Invalid argument)\n");
  ASSERT_EQ(trace.events.size(), 2U);
  EXPECT_EQ(trace.events[0].pid, 2U);
  EXPECT_EQ(trace.events[1].line.result.error_number, 22);
}

TEST(Trace, HalvesWithoutTheOtherAreToldOf) {
  const Trace lonely = ParseTrace("1 <... munmap resumed>) = 0\n");
  ASSERT_EQ(lonely.unknown_lines.size(), 1U);
  const Trace other = ParseTrace("1 mmap( <unfinished ...>\n1 <... munmap resumed>) = 0\n");
  EXPECT_EQ(other.unknown_lines.size(), 1U);
  const Trace twice = ParseTrace("1 mmap( <unfinished ...>\n1 munmap( <unfinished ...>\n1 <... munmap resumed>) = 0\n");
  ASSERT_EQ(twice.unknown_lines.size(), 1U);
  EXPECT_EQ(twice.unknown_lines[0].line_number, 1);
  EXPECT_EQ(twice.events.size(), 1U);
}

TEST(Trace, ACallThatNeverEndedDidNotReturn) {
  const Trace trace =
      ParseTrace("1 mmap(NULL, 4096 <unfinished ...>\n2 fork( <unfinished ...>\n2 brk(NULL) = 0x1000\n");
  ASSERT_EQ(trace.events.size(), 3U);
  for (const TraceEvent& event : trace.events) {
    const bool returned = event.line.result.kind != TraceResult::Kind::kNone;
    EXPECT_EQ(returned, event.line.name == "brk");
  }
}

// "1:brk 2:execve": whose lines a trace has.
std::string WhoDoesWhat(absl::string_view text) {
  std::string words;
  const Trace trace = ParseTrace(text);
  EXPECT_TRUE(trace.unknown_lines.empty()) << trace.unknown_lines[0].line_number << trace.unknown_lines[0].reason;
  for (const TraceEvent& event : trace.events) {
    absl::StrAppend(&words, words.empty() ? "" : " ", event.pid, ":", event.line.name);
  }
  return words;
}

TEST(Trace, OnATerminalTheFirstProcessGetsItsPidWhenASecondOneComes) {
  // As strace 6.1 prints it; the shell is 50, its children 51 and 52.
  const char text[] =
      "execve(\"/bin/sh\", [\"sh\"], []) = 0\n"
      "vfork(strace: Process 51 attached\n"
      " <unfinished ...>\n"
      "[pid    51] brk(NULL) = 0x1000\n"
      "[pid    51] exit_group(0) = ?\n"
      "[pid    51] +++ exited with 0 +++\n"
      "<... vfork resumed>) = 51\n"
      "close(3) = 0\n"
      "clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLDstrace: Process 52 attached\n"
      ", child_tidptr=0x7f) = 52\n"
      "[pid    52] close(4) = 0\n"
      "[pid    50] wait4(-1,  <unfinished ...>\n"
      "[pid    52] +++ exited with 0 +++\n"
      "<... wait4 resumed>, NULL, 0, NULL) = 52\n"
      "dup(0) = 3\n";
  EXPECT_EQ(WhoDoesWhat(text),
            "50:execve 50:vfork 51:brk 51:exit_group 51: 50:close 50:clone 52:close 52: 50:wait4 50:dup");
  const Trace trace = ParseTrace(text);
  EXPECT_EQ(trace.events[1].line_number, 2) << "where the call began";
  EXPECT_EQ(trace.events[6].line.result.value, 52U);
  EXPECT_EQ(trace.events[6].line.arguments.size(), 3U);
}

TEST(Trace, OnATerminalWithoutRemarksAChildIsNotTakenForTheFirstProcess) {
  EXPECT_EQ(WhoDoesWhat("brk(NULL) = 0x1000\n"
                        "vfork( <unfinished ...>\n"
                        "[pid 51] brk(NULL) = 0x1000\n"
                        "[pid 50] <... vfork resumed>) = 51\n"
                        "[pid 50] close(3) = 0\n"),
            "50:brk 50:vfork 51:brk 50:close");
  EXPECT_EQ(WhoDoesWhat("fork() = 51\n[pid 51] brk(NULL) = 0x1000\n[pid 50] close(3) = 0\n"),
            "50:fork 51:brk 50:close");
}

TEST(Trace, OnATerminalTheLastProcessHasNoPidAgain) {
  EXPECT_EQ(WhoDoesWhat("fork(strace: Process 51 attached\n) = 51\n"
                        "[pid 50] exit_group(0) = ?\n"
                        "[pid 50] +++ exited with 0 +++\n"
                        "close(3) = 0\n"
                        "+++ exited with 0 +++\n"),
            "50:fork 50:exit_group 50: 51:close 51:");
  // 51 is told of again, by the call that made it, when it has ended.
  EXPECT_EQ(WhoDoesWhat("vfork(strace: Process 51 attached\n"
                        " <unfinished ...>\n"
                        "[pid 51] +++ exited with 0 +++\n"
                        "<... vfork resumed>) = 51\n"
                        "fork(strace: Process 52 attached\n) = 52\n"
                        "[pid 50] +++ exited with 0 +++\n"
                        "close(3) = 0\n"),
            "50:vfork 51: 50:fork 50: 52:close");
}

TEST(Trace, ALogWithoutPidsIsOfOneProcess) {
  EXPECT_EQ(WhoDoesWhat("brk(NULL) = 0x1000\nclose(3) = 0\n+++ exited with 0 +++\n"), "0:brk 0:close 0:");
  EXPECT_EQ(WhoDoesWhat("1 brk(NULL) = 0x1000\n2 brk(NULL) = 0x1000\n"), "1:brk 2:brk");
}

TEST(Trace, ALineThatIsBrokenOffAtTheEndIsToldOf) {
  const Trace trace = ParseTrace("brk(NULL) = 0x1000\nvfork(strace: Process 51 attached\n");
  ASSERT_EQ(trace.unknown_lines.size(), 1U);
  EXPECT_EQ(trace.unknown_lines[0].line_number, 2);
}

TEST(Trace, TheHeaderTellsTheMachine) {
  const Trace trace = ParseTrace(
      "# memory: 24684084 kB, 2 CPUs, no swap, overcommit_memory=0, max_map_count=65530, mmap_min_addr=4096\n"
      "# THP=always, defrag=defer+madvise, shmem_enabled=never, no mTHP sizes; protection keys: yes; hugetlb pages: 0\n"
      "# limits: STACK 8388608, MEMLOCK 8388608, AS/DATA unlimited\n");
  const v1::MachineSpec spec = trace.shape.ToSpec();
  EXPECT_EQ(spec.cpu_count(), 2U);
  EXPECT_EQ(spec.memory_bytes(), std::uint64_t{24} << 30);
  EXPECT_EQ(spec.memory_bytes() - spec.reserved_bytes(), std::uint64_t{24684084} * 1024);
  EXPECT_EQ(spec.address_randomization(), v1::ADDRESS_RANDOMIZATION_OFF);
  EXPECT_EQ(spec.sysctls().max_map_count(), 65530U);
  EXPECT_EQ(spec.sysctls().mmap_min_addr(), 4096U);
  EXPECT_EQ(spec.transparent_huge_pages(), v1::TRANSPARENT_HUGE_PAGES_ALWAYS);
  EXPECT_EQ(spec.huge_page_defrag(), v1::HUGE_PAGE_DEFRAG_DEFER_MADVISE);
  EXPECT_EQ(trace.shape.stack_limit, 8388608U);
  EXPECT_EQ(trace.shape.memlock_limit, 8388608U);
}

TEST(Trace, AHeaderOfNonsenseAsksForNothingThatAMachineCannotBe) {
  MachineShape shape;
  shape.AddHeader(
      "memory: 99999999999999999999 kB, 100000 CPUs, overcommit_memory=7, max_map_count=0, mmap_min_addr=-1");
  shape.AddHeader("memory:");
  shape.AddHeader("limits: STACK x");
  shape.AddHeader("THP=perhaps, defrag=");
  shape.AddHeader("nothing");
  const v1::MachineSpec spec = shape.ToSpec();
  EXPECT_EQ(spec.transparent_huge_pages(), v1::TRANSPARENT_HUGE_PAGES_UNSPECIFIED);
  EXPECT_EQ(spec.huge_page_defrag(), v1::HUGE_PAGE_DEFRAG_UNSPECIFIED);
  EXPECT_EQ(spec.cpu_count(), 0U);
  EXPECT_EQ(spec.memory_bytes(), 0U);
  EXPECT_FALSE(spec.sysctls().has_overcommit_memory());
  EXPECT_FALSE(spec.sysctls().has_max_map_count());
  EXPECT_FALSE(spec.sysctls().has_mmap_min_addr());
}

TEST(Trace, ASmallMachineReservesAtMostThreeQuarters) {
  for (const char* memory :
       {"16384 kB", "20000 kB", "65536 kB", "65540 kB", "1048572 kB", "1048576 kB", "1048580 kB"}) {
    MachineShape shape;
    shape.AddHeader(std::string("memory: ") + memory);
    const v1::MachineSpec spec = shape.ToSpec();
    EXPECT_GT(spec.memory_bytes(), 0U) << memory;
    EXPECT_LE(spec.reserved_bytes(), spec.memory_bytes() / 4 * 3) << memory;
  }
}

TEST(TraceFile, WhatCannotBeReadSaysWhy) {
  EXPECT_EQ(ReadTraceFile("/no/such/file").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadTraceFile("/proc").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(TraceFile, AFileIsReadWhole) {
  const std::string path = testing::TempDir() + "/trace_test.strace";
  std::ofstream(path) << "1 brk(NULL) = 0x1000\n1 brk(NULL) = 0x1000";
  const absl::StatusOr<Trace> trace = ReadTraceFile(path);
  ASSERT_TRUE(trace.ok()) << trace.status();
  EXPECT_EQ(trace->events.size(), 2U);
  std::remove(path.c_str());
}

}  // namespace
}  // namespace memsim::replay
