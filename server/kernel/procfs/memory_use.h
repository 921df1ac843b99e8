// An address space in the numbers that /proc/PID/status and statm show.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_MEMORY_USE_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_MEMORY_USE_H_

#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// The program's code: from the page of its first byte to that of its last (mm->start_code, end_code).
PageCount CodePages(const AddressSpace& space);

inline PageCount Rss(const AddressSpace& space, RssKind kind) {
  return space.statistics().rss[static_cast<std::size_t>(kind)];
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_MEMORY_USE_H_
