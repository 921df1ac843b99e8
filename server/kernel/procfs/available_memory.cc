#include "server/kernel/procfs/available_memory.h"

#include <algorithm>
#include <cstdint>

namespace memsim {
namespace {

// vm.dirty_ratio and vm.dirty_background_ratio.
constexpr std::uint64_t kDirtyRatio = 20;
constexpr std::uint64_t kDirtyBackgroundRatio = 10;

PageCount Subtract(PageCount from, PageCount what) { return from - std::min(from, what); }

}  // namespace

MemoryInUse MemoryInUse::Of(const ProcView& view) {
  MemoryInUse memory;
  memory.free = view.pages.free_pages();
  memory.total_reserve = view.pages.total_reserve_pages();
  for (const ZoneInfo& zone : view.pages.zones()) memory.low_watermarks += zone.watermarks.low;
  const auto get = [&view](Counter counter) {
    return PageCount(static_cast<std::uint64_t>(view.counters.Get(counter)));
  };
  memory.file_lists = get(Counter::kNrInactiveFile);
  memory.reclaimable_kernel = get(Counter::kNrSlabReclaimable);
  return memory;
}

PageCount AvailableMemory(const MemoryInUse& memory) {
  // Not all of the page cache can go, or the machine would thrash: half of it stays, or the low watermarks' worth.
  const PageCount file = memory.file_lists - std::min(memory.file_lists / 2, memory.low_watermarks);
  const PageCount kernel = memory.reclaimable_kernel - std::min(memory.reclaimable_kernel / 2, memory.low_watermarks);
  // In Linux the sum is signed and only its end result cut at 0.
  return Subtract(memory.free + file + kernel, memory.total_reserve);
}

DirtyThresholds ComputeDirtyThresholds(const MemoryInUse& memory) {
  // global_dirtyable_memory; the 1 keeps it from being 0.
  const PageCount dirtyable = Subtract(memory.free, memory.total_reserve) + memory.file_lists + PageCount(1);
  // Ratios in fractions of a page size, as Linux has them.
  const auto share = [dirtyable](std::uint64_t percent) {
    return PageCount(percent * kPageSize.value() / 100 * dirtyable.value() / kPageSize.value());
  };
  DirtyThresholds limits;
  limits.threshold = std::min(share(kDirtyRatio), PageCount(UINT32_MAX));
  limits.background = share(kDirtyBackgroundRatio);
  if (limits.background >= limits.threshold) limits.background = limits.threshold / 2;
  return limits;
}

}  // namespace memsim
