// Tables, wrapped text, counters and memory in words.

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cli/counter_text.h"
#include "client/cli/machine_spec_flags.h"
#include "client/cli/memory_summary.h"
#include "client/cli/text_table.h"
#include "client/cli/usage_error.h"

namespace memsim::cli {
namespace {

using ::testing::HasSubstr;

TEST(TextTableTest, ColumnsAlignAndLinesEndWithoutBlanks) {
  TextTable table({Alignment::kLeft, Alignment::kRight, Alignment::kLeft});
  table.AddRow({"NAME", "CPUS", "NOTE"});
  table.AddRow({"a-long-name", "4", ""});
  table.AddRow({"b"});
  EXPECT_EQ(table.ToString(),
            "NAME         CPUS  NOTE\n"
            "a-long-name     4\n"
            "b\n");
}

TEST(TextTableTest, WidthCountsCharactersAndNotBytes) {
  EXPECT_EQ(DisplayWidth("PROT_…"), 6U);
  TextTable table({Alignment::kLeft, Alignment::kLeft});
  table.AddRow({"…", "x"});
  table.AddRow({"ab", "y"});
  EXPECT_EQ(table.ToString(), "…   x\nab  y\n");
}

TEST(WrapTest, LinesStayWithinTheWidthWhereWordsAllowIt) {
  EXPECT_EQ(Wrap("one two three", 2, 9), "one two\n  three");
  EXPECT_EQ(Wrap("a-word-that-is-too-long x", 0, 5), "a-word-that-is-too-long\nx");
  EXPECT_EQ(Wrap("", 4, 10), "");
}

TEST(CounterTextTest, LabelsNameZoneOrderAndCpu) {
  v1::Counter counter;
  counter.set_name("free_blocks");
  EXPECT_EQ(CounterLabel(counter), "free_blocks");
  counter.set_zone("Normal");
  counter.set_order(0);
  EXPECT_EQ(CounterLabel(counter), "free_blocks zone=Normal order=0");
  v1::Counter of_cpu;
  of_cpu.set_name("pcp_hits");
  of_cpu.set_cpu(0);
  EXPECT_EQ(CounterLabel(of_cpu), "pcp_hits cpu=0");
  v1::Counter of_locks;
  of_locks.set_name("lock_wait");
  of_locks.set_lock_class("&zone->lock");
  EXPECT_EQ(CounterLabel(of_locks), "lock_wait class=&zone->lock");
}

TEST(CounterTextTest, UnknownNamesAreAnsweredWithTheNearest) {
  v1::GetCountersResponse state;
  state.add_counters()->set_name("pgfault");
  EXPECT_TRUE(CheckCounterNames({"pgfault"}, state).ok());
  const absl::Status status = CheckCounterNames({"pgfualt"}, state);
  EXPECT_TRUE(IsUsageError(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("did you mean pgfault?"));
}

TEST(MemorySummaryTest, FollowsTheFormulasOfFree) {
  const MemorySummary memory = SummarizeMeminfo(
      "MemTotal:       1000 kB\nMemFree:         400 kB\nMemAvailable:    700 kB\nBuffers:          10 kB\n"
      "Cached:          200 kB\nShmem:            5 kB\nSReclaimable:     30 kB\nSwapTotal:       50 kB\nSwapFree:     "
      "   20 kB\n");
  EXPECT_EQ(memory.total, 1000U);
  EXPECT_EQ(memory.used, 300U);
  EXPECT_EQ(memory.free, 400U);
  EXPECT_EQ(memory.shared, 5U);
  EXPECT_EQ(memory.buffers_and_cache, 240U);
  EXPECT_EQ(memory.available, 700U);
  EXPECT_EQ(memory.swap_total, 50U);
  EXPECT_EQ(memory.swap_free, 20U);
}

TEST(MemorySummaryTest, TakesGarbageForNothing) {
  const MemorySummary memory = SummarizeMeminfo("MemTotal: x\n\nMemFree\nMemAvailable: 5 kB\nSwapFree: 9 kB");
  EXPECT_EQ(memory.total, 0U);
  EXPECT_EQ(memory.used, 0U);
  EXPECT_EQ(memory.swap_free, 0U);
}

absl::StatusOr<v1::MachineSpec> Spec(const std::vector<std::string>& words) {
  CommandSpec command{"machine create", "", "", "", {}, MachineSpecFlags(), {}};
  const auto arguments = ParseArguments(command, {}, words);
  if (!arguments.ok()) return arguments.status();
  return MachineSpecFromArguments(*arguments);
}

TEST(MachineSpecFlagsTest, FlagsFillTheSpecAndNothingElse) {
  EXPECT_EQ(Spec({})->ShortDebugString(), "");
  const auto spec = Spec({"--memory", "24GiB", "--cpus", "4", "--seed", "7", "--aslr", "off", "--reserved", "64MiB",
                          "--sysctl", "overcommit_memory=2", "--sysctl", "vm.max_map_count=0x10"});
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->ShortDebugString(),
            "cpu_count: 4 memory_bytes: 25769803776 reserved_bytes: 67108864 seed: 7 "
            "address_randomization: ADDRESS_RANDOMIZATION_OFF sysctls { overcommit_memory: 2 max_map_count: 16 }");
}

TEST(MachineSpecFlagsTest, EveryFlagSaysWhatLeavingItOutMeans) {
  for (const FlagSpec& flag : MachineSpecFlags()) {
    if (flag.name != "sysctl") {
      EXPECT_THAT(flag.help, HasSubstr("Left out: "));
    }
  }
}

TEST(MachineSpecFlagsTest, MistakesNameTheFlagThatWasTyped) {
  const auto error = [](const std::vector<std::string>& words) { return std::string(Spec(words).status().message()); };
  EXPECT_THAT(error({"--memory", "24GB"}), HasSubstr("--memory: "));
  EXPECT_THAT(error({"--cpus", "many"}), HasSubstr("--cpus: "));
  EXPECT_THAT(error({"--aslr", "offf"}), HasSubstr("--aslr: \"offf\" is none of on, off; did you mean off?"));
  EXPECT_THAT(error({"--sysctl", "overcommit_memroy=2"}), HasSubstr("did you mean overcommit_memory?"));
  EXPECT_THAT(error({"--sysctl", "overcommit_memory"}), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(error({"--sysctl", "overcommit_memory=x"}), HasSubstr("overcommit_memory=x"));
  EXPECT_THAT(error({"--cost", "fault=1us", "--cost", "fault=1us"}), HasSubstr("--cost names fault twice"));
  EXPECT_THAT(error({"--cost", "fault=0.1ns"}), HasSubstr("no whole number of nanoseconds"));
}

}  // namespace
}  // namespace memsim::cli
