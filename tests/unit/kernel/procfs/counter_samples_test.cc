#include "server/kernel/procfs/counter_samples.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>

#include "gtest/gtest.h"

#include "server/kernel/machine_state.h"
#include "server/kernel/procfs/procfs.h"
#include "tests/unit/kernel/procfs/proc_text.h"

namespace memsim {
namespace {

std::unique_ptr<MachineState> Boot(std::uint64_t memory) {
  MachineSpec spec;
  spec.memory = ByteCount(memory);
  auto state = std::make_unique<MachineState>(spec);
  EXPECT_TRUE(state->Boot().ok());
  return state;
}

std::int64_t Sum(const std::vector<CounterSample>& samples, const CounterInfo& info) {
  std::int64_t sum = 0;
  for (const CounterSample& sample : samples) {
    if (sample.info == &info) sum += sample.value;
  }
  return sum;
}

const CounterInfo& Info(Counter counter) { return kCounterInfo[static_cast<std::size_t>(counter)]; }
const CounterInfo& Info(ZoneCounter counter) { return kZoneCounterInfo[static_cast<std::size_t>(counter)]; }

TEST(CounterSamplesTest, StandInTheOrderOfTheRegistry) {
  const auto state = Boot(5ULL << 30);
  const std::vector<CounterSample> samples = ReadCounters(state->View());
  std::size_t i = 0;
  for (const CounterInfo& info : kCounterInfo) {
    EXPECT_EQ(samples[i].info, &info);
    EXPECT_EQ(samples[i].zone, "");
    EXPECT_EQ(samples[i].order, -1);
    ++i;
  }
  for (const CounterInfo& info : kSlabPathInfo) {
    EXPECT_EQ(samples[i].info, &info);
    EXPECT_EQ(samples[i].zone, "");
    ++i;
  }
  for (const CounterInfo& info : kZoneCounterInfo) {
    for (const absl::string_view zone : {"DMA", "DMA32", "Normal", "Movable", "Device"}) {
      const bool empty = zone == "Movable" || zone == "Device";
      if (empty && info.kind == CounterKind::kGauge) continue;
      EXPECT_EQ(samples[i].info, &info);
      EXPECT_EQ(samples[i].zone, zone);
      EXPECT_EQ(samples[i].order, -1);
      ++i;
    }
  }
  for (const absl::string_view zone : {"DMA", "DMA32", "Normal"}) {
    for (int order = 0; order <= 10; ++order) {
      EXPECT_EQ(samples[i].info, &kOrderCounterInfo[0]);
      EXPECT_EQ(samples[i].zone, zone);
      EXPECT_EQ(samples[i].order, order);
      ++i;
    }
  }
  for (const CounterInfo& info : kCpuCounterInfo) {
    for (int cpu = 0; cpu < 2; ++cpu) {
      EXPECT_EQ(samples[i].info, &info);
      EXPECT_EQ(samples[i].zone, "");
      EXPECT_EQ(samples[i].order, -1);
      EXPECT_EQ(samples[i].cpu, cpu);
      ++i;
    }
  }
  EXPECT_EQ(i, samples.size());
  for (std::size_t s = 0; s + kCpuCounterInfo.size() * 2 < samples.size(); ++s) EXPECT_EQ(samples[s].cpu, -1);
}

TEST(CounterSamplesTest, ZonesWithoutMemoryHaveEventsAlone) {
  const auto state = Boot(64ULL << 20);
  for (const CounterSample& sample : ReadCounters(state->View())) {
    const bool populated = sample.zone == "DMA" || sample.zone == "DMA32";
    EXPECT_TRUE(sample.zone.empty() || populated || sample.info->kind == CounterKind::kCumulative) << sample.zone;
  }
}

TEST(CounterSamplesTest, TheZonesAddUpToTheMachine) {
  const auto state = Boot(5ULL << 30);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(state->pages.AllocPages(i % 3 == 0 ? kGfpDma : kGfpKernel, Order(1), PageOwner::kCaller).has_value());
  }
  const std::vector<CounterSample> samples = ReadCounters(state->View());
  const auto pages = [](PageCount count) { return static_cast<std::int64_t>(count.value()); };
  EXPECT_EQ(Sum(samples, Info(ZoneCounter::kFree)), pages(state->pages.free_pages()));
  EXPECT_EQ(Sum(samples, Info(ZoneCounter::kManaged)), pages(state->pages.managed_pages()));
  EXPECT_EQ(Sum(samples, Info(ZoneCounter::kAllocated)), state->counters.Get(Counter::kPgAlloc));
  EXPECT_EQ(Sum(samples, Info(ZoneCounter::kStalls)), state->counters.Get(Counter::kAllocStall));
  EXPECT_EQ(Sum(samples, Info(Counter::kPgAlloc)), state->counters.Get(Counter::kPgAlloc));
  std::int64_t in_blocks = 0;
  for (const CounterSample& sample : samples) {
    if (sample.info == &kOrderCounterInfo[0]) in_blocks += sample.value << sample.order;
  }
  EXPECT_EQ(in_blocks, pages(state->pages.free_pages()));
}

TEST(CounterSamplesTest, AStallIsCountedEvenForAZoneWithoutMemory) {
  const auto state = Boot(64ULL << 20);
  while (state->pages.AllocPages(kGfpKernel, Order(0), PageOwner::kCaller).has_value()) {
  }
  const std::vector<CounterSample> samples = ReadCounters(state->View());
  EXPECT_GE(Sum(samples, Info(ZoneCounter::kStalls)), 1);
  EXPECT_EQ(Sum(samples, Info(ZoneCounter::kStalls)), state->counters.Get(Counter::kAllocStall));
}

TEST(CounterSamplesTest, ZonesShowWhatZoneinfoShows) {
  const auto state = Boot(5ULL << 30);
  const std::vector<CounterSample> samples = ReadCounters(state->View());
  const std::string zoneinfo = *ReadProc(state->View(), "zoneinfo");
  for (const absl::string_view name : {"spanned", "present", "managed", "nr_free_pages"}) {
    std::int64_t sum = 0;
    for (const CounterSample& sample : samples) {
      if (sample.info->name == name) sum += sample.value;
    }
    EXPECT_EQ(static_cast<std::uint64_t>(sum), SumOfRows(zoneinfo, name)) << name;
  }
  // zoneinfo has a line for the empty Movable zone too, where every watermark is 32.
  for (const absl::string_view name : {"min", "low", "high"}) {
    std::int64_t sum = 32;
    for (const CounterSample& sample : samples) {
      if (sample.info->name == name) sum += sample.value;
    }
    // "high" and "high:" are different rows: that of a pageset has a colon.
    EXPECT_EQ(static_cast<std::uint64_t>(sum), SumOfRows(zoneinfo, name)) << name;
  }
}

TEST(CounterSamplesTest, EveryCounterIsDeclaredOnceWithUnitAndHelp) {
  std::set<std::tuple<int, std::string>> names;
  const auto check = [&names](int scope, const CounterInfo& info) {
    EXPECT_TRUE(names.emplace(scope, std::string(info.name)).second) << info.name;
    EXPECT_FALSE(info.unit.empty()) << info.name;
    EXPECT_FALSE(info.help.empty()) << info.name;
    EXPECT_NE(info.help.back(), '.') << info.name;
  };
  for (const CounterInfo& info : kCounterInfo) check(0, info);
  for (const CounterInfo& info : kZoneCounterInfo) check(1, info);
  for (const CounterInfo& info : kOrderCounterInfo) check(2, info);
  // A machine's and a CPU's counters have metrics of one form, told apart by their names alone.
  for (const CounterInfo& info : kCpuCounterInfo) check(0, info);
}

}  // namespace
}  // namespace memsim
