// kmalloc: memory of any size up to 4 MiB, from the caches of its size class, or from the page allocator where no class
// is large enough (mm/slub.c, mm/slab_common.c).
//
// Thread-compatible.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_KMALLOC_H_
#define MEMSIM_SERVER_KERNEL_SLAB_KMALLOC_H_

#include <optional>

#include "server/base/units.h"
#include "server/kernel/cpu/cpus.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/slab/slab.h"
#include "server/kernel/slab/slab_caches.h"

namespace memsim {

// What kmalloc(0) gives: no memory, but not NULL either (ZERO_SIZE_PTR).
inline constexpr VirtualAddress kZeroSizePointer{16};

class Kmalloc {
 public:
  // All outlive it.
  Kmalloc(SlabCaches& caches, PageAllocator& pages, Counters& counters, Cpus& cpus)
      : caches_(caches), pages_(pages), counters_(counters), cpus_(cpus) {}

  // kNoObject (NULL): no memory, or size above 4 MiB. __GFP_ZERO in gfp: kzalloc.
  VirtualAddress Alloc(ByteCount size, GfpMask gfp, ObjectOwner owner);

  // What krealloc answers: the memory, which may lie elsewhere, or NULL, with the old memory as it was; or why the old
  // memory is none that a caller has.
  struct Reallocated {
    VirtualAddress address;
    std::optional<SlabRefusal> refusal;
  };
  Reallocated ReallocCallers(VirtualAddress address, ByteCount size, GfpMask gfp);

  // NULL and ZERO_SIZE_PTR are taken and nothing happens. nullopt: freed; else nothing has changed.
  std::optional<SlabRefusal> FreeCallers(VirtualAddress address);

 private:
  // Memory that Alloc gave a caller, or why it is none.
  struct Found {
    // 0: a large one.
    CacheId cache;
    // How much there is.
    ByteCount size;
    std::optional<SlabRefusal> refusal;
  };

  Found FindCallers(VirtualAddress address) const;
  VirtualAddress AllocOfClass(ByteCount size, GfpMask gfp, ObjectOwner owner);
  VirtualAddress AllocLarge(ByteCount size, GfpMask gfp, ObjectOwner owner);
  void FreeFound(const Found& found, VirtualAddress address);

  SlabCaches& caches_;
  PageAllocator& pages_;
  Counters& counters_;
  Cpus& cpus_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_KMALLOC_H_
