// What /proc/zoneinfo shows of a zone's per-CPU counts beside its page lists.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_PAGESET_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_PAGESET_H_

#include <cstdint>

#include "server/base/units.h"

namespace memsim {

// calculate_normal_threshold of mm/vmstat.c: how far a CPU's own count of a zone may run from the shared one.
std::uint64_t VmStatThreshold(PageCount managed, std::uint32_t cpus);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_PAGESET_H_
