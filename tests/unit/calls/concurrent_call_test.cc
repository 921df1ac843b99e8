// Several CPUs at a time: what lanes do to each other, and what may not stand in one.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

using testing::HasSubstr;

class ConcurrentCallTest : public testing::Test {
 protected:
  static std::unique_ptr<Machine> Boot(std::uint32_t cpus) {
    MachineSpec spec;
    spec.address_randomization = AddressRandomization::kOff;
    spec.cpu_count = cpus;
    spec.memory = ByteCount(256ULL << 20);
    return *Machine::Create(spec);
  }
  v1::Answer Run(const std::string& text) {
    v1::Answer answer;
    ExecuteCall(*machine_, CallOf(text), answer);
    machine_->CheckInvariants();
    return answer;
  }
  // Two processes with 16 MiB each at $11 and $12, on CPU 0 and 1; their pids are in $1 and $2.
  void SpawnTwo() {
    for (const int process : {1, 2}) {
      Run(absl::StrFormat("spawn { comm: 'p' } cpu: %d store_as: %d", process - 1, process));
      Run(absl::StrFormat("mmap { pid_slot: %d length_bytes: 16777216 prot: 3 flags: 0x22 fd: -1 } store_as: %d",
                          process, 10 + process));
    }
  }
  static std::string Lane(int cpu, const std::vector<std::string>& calls) {
    std::string text = absl::StrCat("lanes { cpu: ", cpu);
    for (const std::string& call : calls) absl::StrAppend(&text, " calls { ", call, " }");
    return text + " } ";
  }
  static std::string TouchCall(int process, int pages) {
    return absl::StrFormat("touch { pid_slot: %d address_slot: %d page_count: %d access: ACCESS_KIND_WRITE }", process,
                           10 + process, pages);
  }
  static std::uint64_t Duration(const v1::Answer& answer, int lane) {
    return answer.concurrent().lanes(lane).end_time_ns() - answer.virtual_time_ns();
  }

  std::unique_ptr<Machine> machine_ = Boot(4);
};

TEST_F(ConcurrentCallTest, EachLaneAnswersAllOfItsCalls) {
  SpawnTwo();
  const v1::Answer answer = Run("concurrent { " + Lane(0, {TouchCall(1, 1), TouchCall(1, 4)}) +
                                Lane(1, {TouchCall(2, 8)}) + Lane(3, {}) + "}");
  EXPECT_EQ(answer.value(), 3U);
  ASSERT_EQ(answer.concurrent().lanes_size(), 3);
  EXPECT_EQ(answer.concurrent().lanes(0).answers(0).value(), 1U);
  EXPECT_EQ(answer.concurrent().lanes(0).answers(1).value(), 3U);
  EXPECT_EQ(answer.concurrent().lanes(1).answers(0).value(), 8U);
  EXPECT_EQ(Duration(answer, 2), 0U) << "a lane without calls is done at once";
}

TEST_F(ConcurrentCallTest, LanesTakeTheTimeOfTheLongestOneAndNotOfAllTogether) {
  SpawnTwo();
  const v1::Answer answer = Run("concurrent { " + Lane(0, {TouchCall(1, 1000)}) + Lane(1, {TouchCall(2, 500)}) + "}");
  EXPECT_EQ(answer.duration_ns(), Duration(answer, 0));
  EXPECT_GT(Duration(answer, 0), Duration(answer, 1));
  EXPECT_LT(answer.duration_ns(), Duration(answer, 0) + Duration(answer, 1));
  EXPECT_EQ(machine_->now().value(), answer.virtual_time_ns() + answer.duration_ns());
}

TEST_F(ConcurrentCallTest, ATaskMovesToTheCpuThatItsCallNames) {
  SpawnTwo();
  const std::string before = *machine_->ReadProc("2/stat");
  Run("brk { pid_slot: 1 } cpu: 3");
  const std::string after = *machine_->ReadProc("2/stat");
  EXPECT_NE(before, after) << "field 39 of /proc/PID/stat tells the CPU";
}

TEST_F(ConcurrentCallTest, TheSlotsOfOneLaneServeAnother) {
  SpawnTwo();
  const v1::Answer answer = Run("concurrent { " + Lane(0, {"alloc_pages { gfp_mask: 0xcc0 } store_as: 40"}) +
                                Lane(1, {"fork { pid_slot: 2 }", "free_pages { frame_number_slot: 40 }"}) + "}");
  EXPECT_EQ(AnswerText(answer.concurrent().lanes(1).answers(1)), "0");
}

TEST_F(ConcurrentCallTest, WhatCannotBeExecutedSaysSoAndTheLaneGoesOn) {
  const v1::Answer answer =
      Run("concurrent { " + Lane(0, {"free_pages { frame_number_slot: 99 }", "alloc_pages { gfp_mask: 0xcc0 }"}) + "}");
  EXPECT_EQ(answer.value(), 1U);
  EXPECT_EQ(AnswerText(answer.concurrent().lanes(0).answers(0)), "refused: SLOT_UNSET");
  EXPECT_FALSE(answer.concurrent().lanes(0).answers(1).has_misuse());
}

TEST_F(ConcurrentCallTest, WhatMayNotStandInALaneIsNamed) {
  const auto refusal = [this](const std::string& lanes) {
    return Run("concurrent { " + lanes + "}").misuse().message();
  };
  EXPECT_THAT(refusal(Lane(4, {})), HasSubstr("lanes[0].cpu is 4; the machine's CPUs are 0 to 3"));
  EXPECT_THAT(refusal(Lane(1, {}) + Lane(1, {})), HasSubstr("lanes[1].cpu is 1, which an earlier lane has"));
  EXPECT_THAT(refusal(Lane(0, {"brk { pid: 1 }", "brk { pid: 1 } cpu: 1"})),
              HasSubstr("lanes[0].calls[1] names a cpu"));
  EXPECT_THAT(refusal(Lane(0, {"concurrent { }"})), HasSubstr("lanes do not nest"));
  EXPECT_THAT(refusal(Lane(0, {"advance_time { }"})), HasSubstr("is an advance_time"));
  EXPECT_EQ(machine_->sequence(), 0U) << "what is refused leaves no trace";
}

TEST_F(ConcurrentCallTest, ACpuThatIsNoneIsRefused) {
  EXPECT_THAT(Run("brk { pid: 1 } cpu: 4").misuse().message(), HasSubstr("cpu is 4; the machine's CPUs are 0 to 3"));
  EXPECT_FALSE(Run("brk { pid: 1 } cpu: 3").has_misuse());
}

TEST_F(ConcurrentCallTest, TheGateIsAskedAboutEachCallOfALane) {
  v1::Answer answer;
  int asked = 0;
  ExecuteCall(*machine_, CallOf("concurrent { " + Lane(0, {"brk { pid: 1 }", "spawn { }", "brk { pid: 1 }"}) + "}"),
              answer, [&asked](const v1::Call& call) -> std::optional<v1::Misuse> {
                ++asked;
                if (!call.has_spawn()) return std::nullopt;
                v1::Misuse closed;
                closed.set_reason(v1::ERROR_REASON_HOST_MEMORY_EXHAUSTED);
                return closed;
              });
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(AnswerText(answer.concurrent().lanes(0).answers(1)), "refused: HOST_MEMORY_EXHAUSTED");
  EXPECT_EQ(answer.value(), 2U);
}

TEST_F(ConcurrentCallTest, TimePassesWhenItIsLet) {
  const std::uint64_t before = machine_->now().value();
  EXPECT_EQ(AnswerText(Run("advance_time { duration_ns: 1000000000 }")), "0");
  EXPECT_EQ(machine_->now().value(), before + 1'000'000'000);
  EXPECT_THAT(Run("advance_time { duration_ns: 31536000000000001 }").misuse().message(),
              HasSubstr("it must be at most 31536000000000000, a year"));
}

TEST_F(ConcurrentCallTest, NothingBeginsWhereTheClockEnds) {
  constexpr char kYear[] = "advance_time { duration_ns: 31536000000000000 }";
  int years = 0;
  while (!Run(kYear).has_misuse()) ASSERT_LT(++years, 300);
  EXPECT_EQ(years, 293) << "one begins before the 292 years are over";
  const std::uint64_t sequence = machine_->sequence();
  const v1::Answer answer = Run("brk { pid: 1 }");
  EXPECT_EQ(answer.misuse().reason(), v1::ERROR_REASON_TIME_EXHAUSTED);
  EXPECT_THAT(answer.misuse().message(), HasSubstr("create another machine"));
  EXPECT_EQ(machine_->sequence(), sequence);
}

TEST_F(ConcurrentCallTest, ItEndsAfter2To63Nanoseconds) {
  constexpr std::uint64_t kEnd = 1ULL << 63;
  constexpr std::uint64_t kYear = 31536000000000000;
  const auto advance_to = [&](std::uint64_t time) {
    while (machine_->now().value() < time) {
      const std::uint64_t step = std::min(kYear, time - machine_->now().value());
      ASSERT_FALSE(Run(absl::StrCat("advance_time { duration_ns: ", step, " }")).has_misuse());
    }
  };
  advance_to(kEnd - 1);
  EXPECT_FALSE(Run("advance_time { duration_ns: 1 }").has_misuse()) << "one below";
  ASSERT_EQ(machine_->now().value(), kEnd);
  EXPECT_TRUE(Run("advance_time { duration_ns: 1 }").has_misuse()) << "at the limit";
  machine_ = Boot(1);
  advance_to(kEnd - 1);
  EXPECT_EQ(AnswerText(Run("advance_time { duration_ns: 2 }")), "0");
  EXPECT_TRUE(Run("brk { pid: 1 }").has_misuse()) << "one above";
}

// --- Who waits for whom

// Process 1 alone, with 512 MiB at $11 of which 256 MiB are there, and a second mapping of 16 MiB at $12.
class NeighboursTest : public ConcurrentCallTest {
 protected:
  NeighboursTest() {
    machine_ = [] {
      MachineSpec spec;
      spec.cpu_count = 4;
      spec.memory = ByteCount(1ULL << 30);
      return *Machine::Create(spec);
    }();
    Run("spawn { comm: 'p' } cpu: 0 store_as: 1");
    Run("mmap { pid_slot: 1 length_bytes: 0x20000000 prot: 3 flags: 0x4022 fd: -1 } store_as: 11");
    // A guard keeps the second mapping from merging with the first.
    Run("mmap { pid_slot: 1 length_bytes: 0x1000 prot: 0 flags: 0x22 fd: -1 }");
    Run("mmap { pid_slot: 1 length_bytes: 0x1000000 prot: 3 flags: 0x22 fd: -1 } store_as: 12");
    Run("touch { pid_slot: 1 address_slot: 11 page_count: 65536 access: ACCESS_KIND_WRITE }");
    Run("touch { pid_slot: 1 address_slot: 12 page_count: 1 access: ACCESS_KIND_WRITE }");
    Run("clone { pid_slot: 1 flags: 0x10f00 } cpu: 1 store_as: 2");
    Run("spawn { comm: 'q' } cpu: 2 store_as: 3");
    Run("mmap { pid_slot: 3 length_bytes: 0x1000000 prot: 3 flags: 0x22 fd: -1 } store_as: 13");
  }
  // How long the second lane takes with calls at the same time on the first, and without.
  struct Delay {
    std::uint64_t alone;
    std::uint64_t beside;
  };
  Delay DelayBeside(const std::string& neighbour, int cpu, const std::vector<std::string>& calls,
                    const std::vector<std::string>& calls_alone) {
    const v1::Answer alone = Run("concurrent { " + Lane(cpu, calls_alone) + "}");
    const v1::Answer beside = Run("concurrent { " + Lane(0, {neighbour}) + Lane(cpu, calls) + "}");
    EXPECT_EQ(AnswerText(beside.concurrent().lanes(0).answers(0)).find("refused"), std::string::npos);
    neighbour_length_ = Duration(beside, 0);
    return {Duration(alone, 0), Duration(beside, 1)};
  }
  static std::string TouchAt(int slot, int first_page, int pages, int process) {
    return absl::StrFormat(
        "touch { pid_slot: %d address_slot: %d address: %d page_count: %d access: ACCESS_KIND_WRITE }", process, slot,
        first_page * 4096, pages);
  }

  std::int64_t Waits(absl::string_view lock_class) const {
    for (const CounterSample& sample : machine_->ReadCounters()) {
      if (sample.info->name == "lock_contentions" && sample.lock_class == lock_class) return sample.value;
    }
    return -1;
  }

  std::uint64_t neighbour_length_ = 0;
};

TEST_F(NeighboursTest, ForkDelaysAnotherProcessByMicrosecondsAndNotByItsLength) {
  const Delay delay = DelayBeside("fork { pid_slot: 1 }", 2, {TouchAt(13, 1000, 1000, 3)}, {TouchAt(13, 0, 1000, 3)});
  EXPECT_GT(neighbour_length_, 500'000U) << "a fork of 65,536 pages takes the better part of a millisecond";
  EXPECT_LT(delay.beside, delay.alone + 5'000);
}

// What keeps a CPU busy for some hundred microseconds, so that its next call comes while the neighbour's is under way.
constexpr char kPrelude[] = "touch { pid_slot: 3 address_slot: 13 page_count: 500 access: ACCESS_KIND_WRITE }";

TEST_F(NeighboursTest, ForkHoldsUpTheFaultsOfItsOwnProcess) {
  const Delay delay =
      DelayBeside("fork { pid_slot: 1 }", 1, {kPrelude, TouchAt(12, 20, 1, 2)}, {TouchAt(12, 10, 1, 2)});
  EXPECT_GT(delay.beside, neighbour_length_ * 9 / 10);
}

TEST_F(NeighboursTest, FaultsInDifferentMappingsDoNotMeet) {
  const Delay delay =
      DelayBeside(TouchAt(11, 65536, 1000, 1), 1, {TouchAt(12, 2000, 1000, 2)}, {TouchAt(12, 1000, 1000, 2)});
  // What they share is the zone's lock, once in a batch of pages, and its line.
  EXPECT_LT(delay.beside, delay.alone + delay.alone / 50);
}

TEST_F(NeighboursTest, MmapElsewhereDoesNotHoldUpFaults) {
  const Delay delay =
      DelayBeside("mmap { pid_slot: 1 address: 0x10000000 length_bytes: 4096 prot: 3 flags: 0x32 fd: -1 }", 1,
                  {TouchAt(12, 2000, 1, 2)}, {TouchAt(12, 1999, 1, 2)});
  EXPECT_LE(delay.beside, delay.alone + 100);
}

TEST_F(NeighboursTest, MprotectAndFaultsInOneMappingMeet) {
  const Delay delay = DelayBeside("mprotect { pid_slot: 1 address_slot: 11 length_bytes: 0x10000000 prot: 1 }", 1,
                                  {kPrelude, TouchAt(11, 70001, 1, 2)}, {TouchAt(11, 70000, 1, 2)});
  EXPECT_GT(neighbour_length_, 500'000U);
  EXPECT_GT(delay.beside, neighbour_length_ * 9 / 10);
}

TEST_F(NeighboursTest, MunmapWaitsForAFaultInTheMappingThatGoes) {
  // Each time some nanoseconds later: it may also come between two faults.
  for (int i = 0; i < 16; ++i) {
    Run("mmap { pid_slot: 1 length_bytes: 0x100000 prot: 3 flags: 0x22 fd: -1 } store_as: 21");
    Run("mmap { pid_slot: 1 length_bytes: 0x1000 prot: 0 flags: 0x22 fd: -1 }");
    std::vector<std::string> calls(static_cast<std::size_t>(i), "brk { pid_slot: 3 }");
    calls.push_back("munmap { pid_slot: 2 address_slot: 21 length_bytes: 0x100000 }");
    Run("concurrent { " + Lane(0, {TouchAt(21, 0, 256, 1)}) + Lane(1, calls) + "}");
  }
  EXPECT_GT(Waits("vm_lock"), 0);
}

TEST_F(NeighboursTest, WhatMapsOverAMappingWaitsForItsFaults) {
  for (const char* call :
       {"mmap { pid_slot: 2 address_slot: 21 length_bytes: 0x100000 prot: 1 flags: 0x32 fd: -1 }",
        "mremap { pid_slot: 2 address_slot: 21 old_length_bytes: 0x100000 new_length_bytes: 0x200000 flags: 1 }"}) {
    SCOPED_TRACE(call);
    const std::int64_t before = Waits("vm_lock");
    for (int i = 0; i < 16; ++i) {
      Run("mmap { pid_slot: 1 length_bytes: 0x100000 prot: 3 flags: 0x22 fd: -1 } store_as: 21");
      Run("mmap { pid_slot: 1 length_bytes: 0x1000 prot: 0 flags: 0x22 fd: -1 }");
      std::vector<std::string> calls(static_cast<std::size_t>(i), "brk { pid_slot: 3 }");
      calls.push_back(call);
      Run("concurrent { " + Lane(0, {TouchAt(21, 0, 256, 1)}) + Lane(1, calls) + "}");
    }
    EXPECT_GT(Waits("vm_lock"), before);
  }
}

TEST_F(NeighboursTest, WhileAWriterWaitsForItsTurnOthersFaultInWhatItWillChange) {
  // CPU 0 changes the large mapping, for which CPU 1 waits until it may change the small one. CPU 2 faults in that.
  Run("clone { pid_slot: 1 flags: 0x10f00 } cpu: 3 store_as: 4");
  const std::string large = "mprotect { pid_slot: 1 address_slot: 11 length_bytes: 0x10000000 prot: 1 }";
  const std::string small = "mprotect { pid_slot: 2 address_slot: 12 length_bytes: 0x1000000 prot: 7 }";
  const std::string faults = TouchAt(12, 100, 20, 4);
  const v1::Answer answer = Run("concurrent { " + Lane(0, {large}) + Lane(1, {small}) + Lane(3, {faults}) + "}");
  EXPECT_GT(Duration(answer, 0), 500'000U);
  EXPECT_GT(Duration(answer, 1), Duration(answer, 0)) << "one writer after the other";
  EXPECT_LT(Duration(answer, 2), 50'000U);
}

TEST_F(NeighboursTest, AFaultThatFindsAWriterWaitsAsAReaderOfTheAddressSpace) {
  const std::int64_t before = Waits("vm_lock");
  const std::int64_t of_mmap_lock = Waits("&mm->mmap_lock");
  DelayBeside("mprotect { pid_slot: 1 address_slot: 11 length_bytes: 0x10000000 prot: 1 }", 1,
              {kPrelude, TouchAt(11, 70001, 1, 2)}, {TouchAt(11, 70000, 1, 2)});
  EXPECT_EQ(Waits("vm_lock"), before);
  EXPECT_EQ(Waits("&mm->mmap_lock"), of_mmap_lock + 1);
}

TEST_F(NeighboursTest, AMappingThatIsMergedAwayIsWaitedFor) {
  const std::int64_t before = Waits("vm_lock");
  for (int i = 0; i < 16; ++i) {
    // Three parts. The lowest takes over the other two when the middle one becomes like it; in the highest, somebody
    // faults.
    Run("mmap { pid_slot: 1 address: 0x10000000 length_bytes: 0x300000 prot: 3 flags: 0x32 fd: -1 }");
    Run("mprotect { pid_slot: 1 address: 0x10100000 length_bytes: 0x100000 prot: 1 }");
    std::vector<std::string> calls(static_cast<std::size_t>(i), "brk { pid_slot: 3 }");
    calls.push_back("mprotect { pid_slot: 2 address: 0x10100000 length_bytes: 0x100000 prot: 3 }");
    Run("concurrent { " +
        Lane(0, {"touch { pid_slot: 1 address: 0x10200000 page_count: 256 access: ACCESS_KIND_WRITE }"}) +
        Lane(1, calls) + "}");
  }
  EXPECT_GT(Waits("vm_lock"), before);
}

TEST_F(NeighboursTest, AFirstFaultWaitsOnceForAWriterThatCameMeanwhile) {
  // The writer comes to its lock while the fault is under way, or before, or after.
  for (int i = 0; i < 24; ++i) {
    Run("mmap { pid_slot: 1 length_bytes: 0x100000 prot: 3 flags: 0x22 fd: -1 } store_as: 21");
    std::vector<std::string> calls(static_cast<std::size_t>(i), "prlimit64 { pid_slot: 2 resource: 3 }");
    calls.push_back(TouchAt(21, 0, 1, 2));
    const int prot = i % 2 == 0 ? 1 : 3;
    const v1::Answer answer = Run(
        "concurrent { " +
        Lane(0,
             {absl::StrFormat("mprotect { pid_slot: 1 address_slot: 11 length_bytes: 0x10000000 prot: %d }", prot)}) +
        Lane(1, calls) + "}");
    EXPECT_LT(Duration(answer, 1), Duration(answer, 0) + 50'000) << i;
    Run("munmap { pid_slot: 1 address_slot: 21 length_bytes: 0x100000 }");
  }
}

TEST_F(NeighboursTest, AForbiddenStoreIsAnsweredWithoutWaitingForAWriterElsewhere) {
  Run("mmap { pid_slot: 1 length_bytes: 0x1000 prot: 1 flags: 0x22 fd: -1 } store_as: 21");
  const Delay delay = DelayBeside("mprotect { pid_slot: 1 address_slot: 11 length_bytes: 0x10000000 prot: 1 }", 1,
                                  {TouchAt(21, 0, 1, 2)}, {TouchAt(21, 0, 1, 2)});
  EXPECT_LT(delay.beside, 10'000U);
}

TEST_F(NeighboursTest, GivingUpPagesWaitsForAWriterOfTheMappingAsAReaderOfTheAddressSpace) {
  const std::int64_t before = Waits("vm_lock");
  const std::string dontneed = "madvise { pid_slot: 2 address_slot: 11 length_bytes: 4096 advice: 4 }";
  const Delay delay = DelayBeside("mprotect { pid_slot: 1 address_slot: 11 length_bytes: 0x10000000 prot: 1 }", 1,
                                  {kPrelude, dontneed}, {dontneed});
  EXPECT_GT(delay.beside, neighbour_length_ * 9 / 10);
  EXPECT_EQ(Waits("vm_lock"), before);
}

TEST_F(NeighboursTest, PopulatingMuchBesideALateWriterTakesNoLonger) {
  // More holds than a nest has; the writer is a stack that grows, when all else is done.
  Run("mmap { pid_slot: 1 address: 0x10000000 length_bytes: 0x400000 prot: 3 flags: 0x132 fd: -1 }");
  Run("mmap { pid_slot: 1 address: 0x20000000 length_bytes: 0x4000000 prot: 3 flags: 0x32 fd: -1 }");
  const std::string grow = "touch { pid_slot: 1 address: 0xffff000 page_count: 1 access: ACCESS_KIND_WRITE }";
  const std::string faults = "touch { pid_slot: 1 address: 0x10000000 page_count: 1024 access: ACCESS_KIND_WRITE }";
  const std::string populate = "madvise { pid_slot: 2 address: 0x20000000 length_bytes: 0x4000000 advice: 23 }";
  const v1::Answer alone = Run("concurrent { " + Lane(1, {populate}) + "}");
  Run("munmap { pid_slot: 1 address: 0x20000000 length_bytes: 0x4000000 }");
  Run("mmap { pid_slot: 1 address: 0x20000000 length_bytes: 0x4000000 prot: 3 flags: 0x32 fd: -1 }");
  const v1::Answer beside = Run("concurrent { " + Lane(0, {faults, grow}) + Lane(1, {populate}) + "}");
  EXPECT_LT(Duration(beside, 1), Duration(alone, 0) + Duration(beside, 0) + Duration(alone, 0) / 10);
}

// Threads of one process on so many CPUs, each with a call that changes 63 pages; the pages lie in one page table.
TEST_F(ConcurrentCallTest, WritersOfOneAddressSpaceTakeTheirTurnsWhateverOtherLocksTheyTake) {
  MachineSpec spec;
  spec.cpu_count = 8;
  spec.memory = ByteCount(256ULL << 20);
  spec.costs.lock_transfer = Nanoseconds(0);
  spec.costs.semaphore_sleep = Nanoseconds(0);
  // Whom a flush interrupts depends on who came before.
  spec.costs.tlb_shootdown = Nanoseconds(0);
  spec.costs.tlb_shootdown_cpu = Nanoseconds(0);
  machine_ = *Machine::Create(spec);
  Run("spawn { comm: 'p' } cpu: 0 store_as: 1");
  // Eight mappings, each 63 pages with a page between.
  Run("mmap { pid_slot: 1 address: 0x10000000 length_bytes: 0x200000 prot: 3 flags: 0x8032 fd: -1 } store_as: 11");
  std::string lanes;
  for (int cpu = 0; cpu < 8; ++cpu) {
    Run(absl::StrFormat("munmap { pid_slot: 1 address: %d length_bytes: 4096 }", 0x10000000 + cpu * 0x40000 + 0x3f000));
    if (cpu > 0) Run(absl::StrFormat("clone { pid_slot: 1 flags: 0x10f00 } cpu: %d store_as: %d", cpu, cpu + 1));
    absl::StrAppend(&lanes,
                    Lane(cpu, {absl::StrFormat("mprotect { pid_slot: %d address: %d length_bytes: 0x3f000 prot: 1 }",
                                               cpu + 1, 0x10000000 + cpu * 0x40000)}));
    // Its task runs on the CPU from now on.
    Run(absl::StrFormat("brk { pid_slot: %d } cpu: %d", cpu + 1, cpu));
  }
  const v1::Answer answer = Run("concurrent { " + lanes + "}");
  const std::uint64_t entry = spec.costs.syscall.value();
  const std::uint64_t held = Duration(answer, 0) - entry;
  EXPECT_GT(held, 1000U);
  for (int lane = 0; lane < 8; ++lane) EXPECT_EQ(Duration(answer, lane), entry + (lane + 1) * held) << lane;
}

TEST_F(NeighboursTest, WhoUnmapsWaitsForTheThreadsOfItsProcessAndForNobodyElse) {
  // Task 2 is a thread of task 1, task 3 a process of its own.
  Run("mmap { pid_slot: 1 address: 0x10000000 length_bytes: 0x8000 prot: 3 flags: 0x32 fd: -1 }");
  const std::string touch = "touch { pid_slot: 1 address: 0x10000000 page_count: 8 access: ACCESS_KIND_WRITE }";
  const std::string unmap = "madvise { pid_slot: 1 address: 0x10000000 length_bytes: 0x8000 advice: 4 }";
  const auto duration = [&](const std::string& other_lanes) {
    Run(touch);
    return Duration(Run("concurrent { " + Lane(0, {unmap}) + other_lanes + "}"), 0);
  };
  const std::string thread = Lane(1, {"brk { pid_slot: 2 }"});
  const std::string other = Lane(2, {"brk { pid_slot: 3 }"});
  duration(thread + other);
  Run("advance_time { duration_ns: 1 }");
  const std::uint64_t alone = duration("");
  EXPECT_EQ(duration(other), alone);
  duration(thread);
  EXPECT_EQ(duration(thread + other), alone + 1000 + 200) << "it works on CPU 1 since its last call";
}

TEST_F(NeighboursTest, WhoOnlyFreesPagesLetsOthersReadTheAddressSpace) {
  const std::uint64_t heap = Run("brk { pid_slot: 1 }").value();
  Run(absl::StrFormat("brk { pid_slot: 1 address: %d }", heap + (32U << 20)));
  Run(absl::StrFormat("touch { pid_slot: 1 address: %d page_count: 8192 access: ACCESS_KIND_WRITE }", heap));
  for (const std::string& call :
       {absl::StrFormat("brk { pid_slot: 1 address: %d }", heap),
        std::string("mremap { pid_slot: 1 address_slot: 11 old_length_bytes: 0x20000000 new_length_bytes: 0x8000000 }"),
        std::string("munmap { pid_slot: 1 address_slot: 11 length_bytes: 0x8000000 }")}) {
    SCOPED_TRACE(call);
    // Nothing is mapped there, which takes a look at the whole address space to find out.
    const v1::Answer answer =
        Run("concurrent { " + Lane(0, {call}) + Lane(1, {"touch { pid_slot: 2 address: 4096 page_count: 1 }"}) + "}");
    EXPECT_GT(Duration(answer, 0), 100'000U);
    EXPECT_LT(Duration(answer, 1), 20'000U);
  }
}

TEST_F(ConcurrentCallTest, TheSameLanesGiveTheSameDigests) {
  SpawnTwo();
  const std::unique_ptr<Machine> first = std::move(machine_);
  machine_ = Boot(4);
  SpawnTwo();
  v1::Answer answers[2];
  const v1::Call call = CallOf("concurrent { " + Lane(0, {TouchCall(1, 300)}) + Lane(2, {TouchCall(2, 300)}) + "}");
  ExecuteCall(*first, call, answers[0]);
  ExecuteCall(*machine_, call, answers[1]);
  EXPECT_EQ(first->StateDigest(), machine_->StateDigest());
  EXPECT_EQ(first->AnswerDigest(), machine_->AnswerDigest());
}

}  // namespace
}  // namespace memsim
