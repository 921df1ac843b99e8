#include "server/kernel/procfs/counter_samples.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/cpu/lock_scope.h"
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
      if (empty && (info.name == "nr_free_pages" || info.name == "pcp_pages")) continue;
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
  const std::size_t of_cpus_end = i;
  for (const CounterInfo& info : kLockCounterInfo) {
    for (const LockClassInfo& lock_class : kLockClassInfo) {
      EXPECT_EQ(samples[i].info, &info);
      EXPECT_EQ(samples[i].zone, "");
      EXPECT_EQ(samples[i].order, -1);
      EXPECT_EQ(samples[i].lock_class, lock_class.name);
      ++i;
    }
  }
  EXPECT_EQ(i, samples.size());
  for (std::size_t s = 0; s < samples.size(); ++s) {
    const bool of_cpu = s < of_cpus_end && s >= of_cpus_end - kCpuCounterInfo.size() * 2;
    EXPECT_EQ(samples[s].cpu >= 0, of_cpu) << s;
    EXPECT_EQ(samples[s].lock_class.empty(), s < of_cpus_end) << s;
  }
}

TEST(CounterSamplesTest, AZoneWithoutMemoryHasNoPagesAndNoBlocks) {
  const auto state = Boot(64ULL << 20);
  for (const CounterSample& sample : ReadCounters(state->View())) {
    if (sample.zone.empty() || sample.zone == "DMA" || sample.zone == "DMA32") continue;
    EXPECT_EQ(sample.order, -1) << sample.zone;
    EXPECT_NE(sample.info->name, "nr_free_pages") << sample.zone;
    EXPECT_NE(sample.info->name, "pcp_pages") << sample.zone;
    // The mark of the zone for what can be moved has a least value.
    const bool movable_mark = sample.zone == "Movable" && sample.info->unit == "pages";
    EXPECT_TRUE(sample.value == 0 || (movable_mark && sample.value == 32)) << sample.zone << " " << sample.info->name;
  }
}

TEST(CounterSamplesTest, ACpusTimeIsBusyOrIdle) {
  const auto state = Boot(64ULL << 20);
  state->cpus.SwitchTo(CpuId(1));
  state->cpus.Charge(Nanoseconds(700));
  state->cpus.Idle(Nanoseconds(300));
  std::map<std::pair<std::string, int>, std::int64_t> values;
  for (const CounterSample& sample : ReadCounters(state->View())) {
    if (sample.cpu >= 0) values[{std::string(sample.info->name), sample.cpu}] = sample.value;
  }
  const auto now = static_cast<std::int64_t>(state->cpus.now().value());
  EXPECT_EQ((values[{"cpu_busy", 1}]), 700);
  for (const int cpu : {0, 1}) EXPECT_EQ((values[{"cpu_busy", cpu}] + values[{"cpu_idle", cpu}]), now) << cpu;
}

TEST(CounterSamplesTest, NoTimeIsTooLongForASample) {
  const auto state = Boot(64ULL << 20);
  state->cpus.Idle(Nanoseconds((1ULL << 63) + 1000));
  SimulatedLock lock(LockClass::kMmapLock);
  for (const LockMode mode : {LockMode::kExclusive, LockMode::kShared}) {
    const LockScope scope(state->locks, lock, mode);
    state->cpus.Charge(Nanoseconds(1ULL << 63));
  }
  int at_the_largest = 0;
  for (const CounterSample& sample : ReadCounters(state->View())) {
    EXPECT_GE(sample.value, 0) << sample.info->name;
    at_the_largest += sample.value == INT64_MAX ? 1 : 0;
  }
  EXPECT_GE(at_the_largest, 2) << "a CPU that was idle, and the locks' class";
}

TEST(CounterSamplesTest, LocksShowReadersAndWritersOfTheirClassTogether) {
  const auto state = Boot(64ULL << 20);
  SimulatedLock first(LockClass::kMmapLock);
  SimulatedLock second(LockClass::kMmapLock);
  std::map<std::pair<std::string, std::string>, std::int64_t> before, after;
  const auto read = [&state](auto& values) {
    for (const CounterSample& sample : ReadCounters(state->View())) {
      if (!sample.lock_class.empty()) {
        values[{std::string(sample.info->name), std::string(sample.lock_class)}] = sample.value;
      }
    }
  };
  const auto hold = [&state](SimulatedLock& lock, LockMode mode, std::uint64_t time) {
    const LockScope scope(state->locks, lock, mode);
    state->cpus.Charge(Nanoseconds(time));
  };
  read(before);
  hold(first, LockMode::kExclusive, 100);
  // One that is counted by itself is of its class too.
  state->locks.Register(second, LockOwner{});
  hold(second, LockMode::kShared, 20);
  state->cpus.SwitchTo(CpuId(1));
  hold(second, LockMode::kShared, 3);
  read(after);
  const std::string name = "&mm->mmap_lock";
  const auto grown = [&](const char* counter) { return after[{counter, name}] - before[{counter, name}]; };
  EXPECT_EQ(grown("lock_acquisitions"), 3);
  EXPECT_EQ(grown("lock_bounces"), 1);
  EXPECT_EQ(grown("lock_hold"), static_cast<std::int64_t>(123 + state->cpus.costs().lock_transfer.value()));
  EXPECT_EQ(grown("lock_contentions"), 0);
  EXPECT_EQ((after[{"lock_hold", "vm_lock"}]), (before[{"lock_hold", "vm_lock"}]));
  state->locks.Retire(second);
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
  // "high" and "high:" are different rows: that of a pageset has a colon.
  for (const absl::string_view name : {"spanned", "present", "managed", "nr_free_pages", "min", "low", "high"}) {
    std::int64_t sum = 0;
    for (const CounterSample& sample : samples) {
      if (sample.info->name == name) sum += sample.value;
    }
    EXPECT_EQ(static_cast<std::uint64_t>(sum), SumOfRows(zoneinfo, name)) << name;
  }
  for (const absl::string_view zone : {"DMA", "DMA32", "Normal", "Movable", "Device"}) {
    std::vector<std::int64_t> pages;
    for (const CounterSample& sample : samples) {
      if (sample.zone == zone && absl::StartsWith(sample.info->name, "protection_")) pages.push_back(sample.value);
    }
    EXPECT_THAT(zoneinfo, testing::HasSubstr(absl::StrCat("protection: (", absl::StrJoin(pages, ", "), ")")));
    EXPECT_EQ(pages.size(), 5U) << zone;
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
  // Counters of a machine, a CPU and a class of locks have metrics of one form, told apart by their names alone.
  for (const CounterInfo& info : kCpuCounterInfo) check(0, info);
  for (const CounterInfo& info : kLockCounterInfo) check(0, info);
}

}  // namespace
}  // namespace memsim
