#include "server/kernel/procfs/counter_samples.h"

#include <cstddef>
#include <cstdint>

#include "server/base/check.h"

namespace memsim {
namespace {

constexpr int kNoOrder = -1;

constexpr auto kFirstProtection = static_cast<std::size_t>(ZoneCounter::kProtectionFromDma);
static_assert(static_cast<std::size_t>(ZoneCounter::kProtectionFromDevice) - kFirstProtection + 1 == kZoneTypeCount);

// Samples are signed. What is beyond them, as times of many CPUs together may be, stays at the largest.
std::int64_t AsSample(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(value, INT64_MAX));
}

std::uint64_t Read(const ZoneInfo& zone, ZoneCounter counter) {
  switch (counter) {
    case ZoneCounter::kFree:
      return zone.free.value();
    case ZoneCounter::kOnPcpLists:
      return zone.on_pcp_lists.value();
    case ZoneCounter::kMin:
      return zone.watermarks.min.value();
    case ZoneCounter::kLow:
      return zone.watermarks.low.value();
    case ZoneCounter::kHigh:
      return zone.watermarks.high.value();
    case ZoneCounter::kSpanned:
      return zone.spanned.value();
    case ZoneCounter::kPresent:
      return zone.present.value();
    case ZoneCounter::kManaged:
      return zone.managed.value();
    case ZoneCounter::kProtectionFromDma:
    case ZoneCounter::kProtectionFromDma32:
    case ZoneCounter::kProtectionFromNormal:
    case ZoneCounter::kProtectionFromMovable:
    case ZoneCounter::kProtectionFromDevice:
      return zone.protection[static_cast<std::size_t>(counter) - kFirstProtection].value();
    case ZoneCounter::kAllocated:
      return zone.allocated_ever.value();
    case ZoneCounter::kStalls:
      return zone.stalls;
    case ZoneCounter::kCount:
      break;
  }
  MEMSIM_CHECK(false, static_cast<std::uint64_t>(counter));
  return 0;
}

// Whether zoneinfo shows it of a zone without memory too.
bool IsOfEveryZone(ZoneCounter counter) { return counter != ZoneCounter::kFree && counter != ZoneCounter::kOnPcpLists; }

struct CpuReading {
  CpuCounts cpu;
  PcpCounts lists;
  Nanoseconds now;
};

std::uint64_t Read(const CpuReading& reading, CpuCounter counter) {
  switch (counter) {
    case CpuCounter::kBusy:
      return reading.cpu.busy.value();
    case CpuCounter::kIdle:
      return (reading.now - reading.cpu.busy).value();
    case CpuCounter::kContextSwitches:
      return reading.cpu.context_switches;
    case CpuCounter::kPcpHits:
      return reading.lists.hits;
    case CpuCounter::kPcpRefills:
      return reading.lists.refills;
    case CpuCounter::kPcpRefilled:
      return reading.lists.refilled.value();
    case CpuCounter::kPcpFlushes:
      return reading.lists.flushes;
    case CpuCounter::kPcpFlushed:
      return reading.lists.flushed.value();
    case CpuCounter::kCount:
      break;
  }
  MEMSIM_CHECK(false, static_cast<std::uint64_t>(counter));
  return 0;
}

std::uint64_t TotalOf(TimeCounts exclusive, const TimeCounts& shared) { return (exclusive += shared).total.value(); }

std::uint64_t Read(const LockModeCounts& counts, LockCounter counter) {
  const auto& [exclusive, shared] = counts;
  switch (counter) {
    case LockCounter::kAcquisitions:
      return exclusive.holds.count + shared.holds.count;
    case LockCounter::kHeld:
      return TotalOf(exclusive.holds, shared.holds);
    case LockCounter::kContentions:
      return exclusive.waits.count + shared.waits.count;
    case LockCounter::kWaited:
      return TotalOf(exclusive.waits, shared.waits);
    case LockCounter::kBounces:
      return exclusive.bounces + shared.bounces;
    case LockCounter::kCount:
      break;
  }
  MEMSIM_CHECK(false, static_cast<std::uint64_t>(counter));
  return 0;
}

void AddZoneSamples(const std::vector<ZoneInfo>& zones, std::vector<CounterSample>& samples) {
  for (std::size_t i = 0; i < kZoneCounterInfo.size(); ++i) {
    const auto counter = static_cast<ZoneCounter>(i);
    for (const ZoneInfo& zone : zones) {
      if (!zone.populated && !IsOfEveryZone(counter)) continue;
      samples.push_back({&kZoneCounterInfo[i], zone.name, kNoOrder, AsSample(Read(zone, counter))});
    }
  }
  const CounterInfo& free_blocks = kOrderCounterInfo[static_cast<std::size_t>(OrderCounter::kFreeBlocks)];
  for (const ZoneInfo& zone : zones) {
    if (!zone.populated) continue;
    for (int order = 0; order < kOrderCount; ++order) {
      const std::uint64_t blocks = zone.free_blocks[static_cast<std::size_t>(order)];
      samples.push_back({&free_blocks, zone.name, order, AsSample(blocks)});
    }
  }
}

void AddCpuSamples(const ProcView& view, std::vector<CounterSample>& samples) {
  std::vector<CpuReading> readings;
  for (std::uint32_t i = 0; i < view.cpus.count(); ++i) {
    const CpuId cpu(static_cast<std::uint16_t>(i));
    readings.push_back({view.cpus.counts(cpu), view.pages.pcp_counts(cpu), view.cpus.now()});
  }
  for (std::size_t i = 0; i < kCpuCounterInfo.size(); ++i) {
    for (std::size_t cpu = 0; cpu < readings.size(); ++cpu) {
      const auto value = AsSample(Read(readings[cpu], static_cast<CpuCounter>(i)));
      samples.push_back({&kCpuCounterInfo[i], "", kNoOrder, value, static_cast<int>(cpu)});
    }
  }
}

void AddLockSamples(const Locks& locks, std::vector<CounterSample>& samples) {
  constexpr int kNoCpu = -1;
  const LockClassCounts counts = locks.ClassCounts();
  for (std::size_t i = 0; i < kLockCounterInfo.size(); ++i) {
    for (std::size_t c = 0; c < counts.size(); ++c) {
      const auto value = AsSample(Read(counts[c], static_cast<LockCounter>(i)));
      samples.push_back({&kLockCounterInfo[i], "", kNoOrder, value, kNoCpu, kLockClassInfo[c].name});
    }
  }
}

}  // namespace

std::vector<CounterSample> ReadCounters(const ProcView& view) {
  const std::vector<ZoneInfo> zones = view.pages.zones();
  std::vector<CounterSample> samples;
  samples.reserve(kCounterInfo.size() + kSlabPathCount + zones.size() * (kZoneCounterInfo.size() + kOrderCount) +
                  view.cpus.count() * kCpuCounterInfo.size() + kLockClassInfo.size() * kLockCounterInfo.size());
  for (std::size_t i = 0; i < kCounterInfo.size(); ++i) {
    samples.push_back({&kCounterInfo[i], "", kNoOrder, view.counters.Get(static_cast<Counter>(i))});
  }
  const SlabPathCounts paths = view.slabs.TotalPaths();
  for (std::size_t i = 0; i < kSlabPathCount; ++i) {
    samples.push_back({&kSlabPathInfo[i], "", kNoOrder, AsSample(paths[i])});
  }
  AddZoneSamples(zones, samples);
  AddCpuSamples(view, samples);
  AddLockSamples(view.locks, samples);
  return samples;
}

}  // namespace memsim
