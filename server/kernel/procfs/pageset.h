// The sizes of the per-CPU page lists of a zone, as /proc/zoneinfo shows them: pure functions of the zone's size.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_PAGESET_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_PAGESET_H_

#include <cstdint>

#include "server/base/units.h"

namespace memsim {

struct PagesetSizes {
  PageCount batch;
  PageCount high_min;
  PageCount high_max;

  friend bool operator==(const PagesetSizes&, const PagesetSizes&) = default;
};

// zone_batchsize and zone_highsize of mm/page_alloc.c, without the sysctl percpu_pagelist_high_fraction.
// REQUIRES: cpus > 0.
PagesetSizes ComputePagesetSizes(PageCount managed, PageCount low_watermark, std::uint32_t cpus);

// calculate_normal_threshold of mm/vmstat.c: how far a CPU's own count of a zone may run from the shared one.
std::uint64_t VmStatThreshold(PageCount managed, std::uint32_t cpus);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_PAGESET_H_
