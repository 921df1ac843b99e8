// How much memory could be had without swapping, and how much of it may be dirty: estimates that Linux shows and works
// with.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_AVAILABLE_MEMORY_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_AVAILABLE_MEMORY_H_

#include "server/base/units.h"
#include "server/kernel/procfs/proc_view.h"

namespace memsim {

// What the formulas know of a machine.
struct MemoryInUse {
  PageCount free;
  // totalreserve_pages.
  PageCount total_reserve;
  // Sum of the zones' low watermarks.
  PageCount low_watermarks;
  // Pages of files on the active and the inactive list.
  PageCount file_lists;
  // Reclaimable slab pages and what else the kernel would give back.
  PageCount reclaimable_kernel;

  static MemoryInUse Of(const ProcView& view);
};

// MemAvailable (si_mem_available of mm/show_mem.c).
PageCount AvailableMemory(const MemoryInUse& memory);

// nr_dirty_threshold and nr_dirty_background_threshold (domain_dirty_limits of mm/page-writeback.c), for Linux's
// default ratios of 20 and 10 percent.
struct DirtyThresholds {
  PageCount threshold;
  PageCount background;
};
DirtyThresholds ComputeDirtyThresholds(const MemoryInUse& memory);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_AVAILABLE_MEMORY_H_
