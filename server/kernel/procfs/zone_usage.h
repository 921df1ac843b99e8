// What the pages of a zone are used for, as far as Linux counts that for each zone.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_ZONE_USAGE_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_ZONE_USAGE_H_

#include "server/base/units.h"
#include "server/kernel/physical/watermarks.h"
#include "server/kernel/procfs/proc_view.h"

namespace memsim {

struct ZoneUsage {
  PageCount inactive_anon;
  PageCount inactive_file;
  // Dirty pages of files.
  PageCount write_pending;

  friend bool operator==(const ZoneUsage&, const ZoneUsage&) = default;
};

// Of all zones together, from the counters.
ZoneUsage UsageOfAllZones(const Counters& counters);

// Zone by zone, from a walk over all allocated blocks. It relies on every page being on an inactive list: nothing
// activates pages yet. The zones add up to UsageOfAllZones.
PerZone<ZoneUsage> UsageByZone(const PageAllocator& pages, const FileSystem& files);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_ZONE_USAGE_H_
