// All of a machine's slab caches, with nothing above them.

#ifndef MEMSIM_TESTS_UNIT_KERNEL_SLAB_CACHES_WORLD_H_
#define MEMSIM_TESTS_UNIT_KERNEL_SLAB_CACHES_WORLD_H_

#include <cstdint>
#include <optional>

#include "server/kernel/cpu/cpus.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/slab/kmalloc.h"
#include "server/kernel/slab/slab_caches.h"

namespace memsim {

struct CachesWorld {
  explicit CachesWorld(std::uint32_t cpu_count = 2, std::uint64_t bytes = 64ULL << 20)
      : cpus(cpu_count, kDefaultCosts),
        locks(cpus),
        pages(LayOutMemory(ByteCount(bytes), std::nullopt), {}, counters, locks),
        caches(pages, counters, locks),
        kmalloc(caches, pages, counters, cpus) {}

  void Check() const {
    caches.CheckInvariants();
    pages.CheckInvariants();
  }

  Counters counters;
  Cpus cpus;
  Locks locks;
  PageAllocator pages;
  SlabCaches caches;
  Kmalloc kmalloc;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_UNIT_KERNEL_SLAB_CACHES_WORLD_H_
