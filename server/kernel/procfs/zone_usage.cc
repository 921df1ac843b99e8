#include "server/kernel/procfs/zone_usage.h"

#include <cstdint>

namespace memsim {

ZoneUsage UsageOfAllZones(const Counters& counters) {
  const auto get = [&counters](Counter counter) {
    return PageCount(static_cast<std::uint64_t>(counters.Get(counter)));
  };
  ZoneUsage usage;
  usage.inactive_anon = get(Counter::kNrInactiveAnon);
  usage.inactive_file = get(Counter::kNrInactiveFile);
  usage.write_pending = get(Counter::kNrDirty);
  return usage;
}

PerZone<ZoneUsage> UsageByZone(const PageAllocator& pages, const FileSystem& files) {
  PerZone<ZoneUsage> zones;
  pages.ForEachAllocatedBlock([&](PageFrameNumber pfn, const PageFrame& page) {
    ZoneUsage& usage = zones[static_cast<std::size_t>(ZoneOfFrame(pfn))];
    if (page.owner == PageOwner::kAnonymous) {
      usage.inactive_anon += PageCount(1);
    } else if (page.owner == PageOwner::kPageCache && page.mapping != 0) {
      if (IsShmemKind(files.inode(InodeId(page.mapping)).kind)) {
        usage.inactive_anon += PageCount(1);
        return;
      }
      usage.inactive_file += PageCount(1);
      if ((page.flags & kFrameDirty) != 0) usage.write_pending += PageCount(1);
    }
  });
  return zones;
}

}  // namespace memsim
