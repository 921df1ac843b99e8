#include "client/replay/trace.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

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

TEST(Trace, TheHeaderTellsTheMachine) {
  const Trace trace = ParseTrace(
      "# memory: 24684084 kB, 2 CPUs, no swap, overcommit_memory=0, max_map_count=65530, mmap_min_addr=4096\n"
      "# limits: STACK 8388608, MEMLOCK 8388608, AS/DATA unlimited\n");
  const v1::MachineSpec spec = trace.shape.ToSpec();
  EXPECT_EQ(spec.cpu_count(), 2U);
  EXPECT_EQ(spec.memory_bytes(), std::uint64_t{24} << 30);
  EXPECT_EQ(spec.memory_bytes() - spec.reserved_bytes(), std::uint64_t{24684084} * 1024);
  EXPECT_EQ(spec.address_randomization(), v1::ADDRESS_RANDOMIZATION_OFF);
  EXPECT_EQ(spec.sysctls().max_map_count(), 65530U);
  EXPECT_EQ(spec.sysctls().mmap_min_addr(), 4096U);
  EXPECT_EQ(trace.shape.stack_limit, 8388608U);
  EXPECT_EQ(trace.shape.memlock_limit, 8388608U);
}

TEST(Trace, AHeaderOfNonsenseAsksForNothingThatAMachineCannotBe) {
  MachineShape shape;
  shape.AddHeader(
      "memory: 99999999999999999999 kB, 100000 CPUs, overcommit_memory=7, max_map_count=0, mmap_min_addr=-1");
  shape.AddHeader("memory:");
  shape.AddHeader("limits: STACK x");
  shape.AddHeader("nothing");
  const v1::MachineSpec spec = shape.ToSpec();
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
