// The kernel's own mapping of all memory, and what pages it is made of.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_DIRECT_MAP_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_DIRECT_MAP_H_

#include <cstdint>
#include <vector>

#include "server/kernel/physical/page_allocator.h"

namespace memsim {

struct DirectMapPages {
  std::uint64_t pages_4k = 0;
  std::uint64_t pages_2m = 0;
  std::uint64_t pages_1g = 0;

  friend bool operator==(const DirectMapPages&, const DirectMapPages&) = default;
};

// The direct map as init_mem_mapping of arch/x86/mm/init.c makes it at boot, before anything is split: each range of
// memory in the largest pages that fit its alignment, but the first 2 MiB, with their hole for devices, in small ones.
// The zones below 4 GiB are one range that begins at frame 0, the zones above another.
DirectMapPages DirectMapOf(const std::vector<ZoneInfo>& zones);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_DIRECT_MAP_H_
