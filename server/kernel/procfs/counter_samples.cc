#include "server/kernel/procfs/counter_samples.h"

#include <cstddef>
#include <cstdint>

#include "server/base/check.h"

namespace memsim {
namespace {

constexpr int kNoOrder = -1;

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

std::uint64_t Read(const PcpCounts& counts, CpuCounter counter) {
  switch (counter) {
    case CpuCounter::kPcpHits:
      return counts.hits;
    case CpuCounter::kPcpRefills:
      return counts.refills;
    case CpuCounter::kPcpRefilled:
      return counts.refilled.value();
    case CpuCounter::kPcpFlushes:
      return counts.flushes;
    case CpuCounter::kPcpFlushed:
      return counts.flushed.value();
    case CpuCounter::kCount:
      break;
  }
  MEMSIM_CHECK(false, static_cast<std::uint64_t>(counter));
  return 0;
}

void AddCpuSamples(const ProcView& view, std::vector<CounterSample>& samples) {
  std::vector<PcpCounts> counts;
  for (std::uint32_t cpu = 0; cpu < view.cpus.count(); ++cpu) {
    counts.push_back(view.pages.pcp_counts(CpuId(static_cast<std::uint16_t>(cpu))));
  }
  for (std::size_t i = 0; i < kCpuCounterInfo.size(); ++i) {
    for (std::size_t cpu = 0; cpu < counts.size(); ++cpu) {
      const auto value = static_cast<std::int64_t>(Read(counts[cpu], static_cast<CpuCounter>(i)));
      samples.push_back({&kCpuCounterInfo[i], "", kNoOrder, value, static_cast<int>(cpu)});
    }
  }
}

}  // namespace

std::vector<CounterSample> ReadCounters(const ProcView& view) {
  const std::vector<ZoneInfo> zones = view.pages.zones();
  std::vector<CounterSample> samples;
  samples.reserve(kCounterInfo.size() + kSlabPathCount + zones.size() * (kZoneCounterInfo.size() + kOrderCount) +
                  view.cpus.count() * kCpuCounterInfo.size());
  for (std::size_t i = 0; i < kCounterInfo.size(); ++i) {
    samples.push_back({&kCounterInfo[i], "", kNoOrder, view.counters.Get(static_cast<Counter>(i))});
  }
  const SlabPathCounts paths = view.slabs.TotalPaths();
  for (std::size_t i = 0; i < kSlabPathCount; ++i) {
    samples.push_back({&kSlabPathInfo[i], "", kNoOrder, static_cast<std::int64_t>(paths[i])});
  }
  for (std::size_t i = 0; i < kZoneCounterInfo.size(); ++i) {
    const CounterInfo& info = kZoneCounterInfo[i];
    for (const ZoneInfo& zone : zones) {
      if (!zone.populated && info.kind == CounterKind::kGauge) continue;
      const std::uint64_t value = Read(zone, static_cast<ZoneCounter>(i));
      samples.push_back({&info, zone.name, kNoOrder, static_cast<std::int64_t>(value)});
    }
  }
  const CounterInfo& free_blocks = kOrderCounterInfo[static_cast<std::size_t>(OrderCounter::kFreeBlocks)];
  for (const ZoneInfo& zone : zones) {
    if (!zone.populated) continue;
    for (int order = 0; order < kOrderCount; ++order) {
      const std::uint64_t blocks = zone.free_blocks[static_cast<std::size_t>(order)];
      samples.push_back({&free_blocks, zone.name, order, static_cast<std::int64_t>(blocks)});
    }
  }
  AddCpuSamples(view, samples);
  return samples;
}

}  // namespace memsim
