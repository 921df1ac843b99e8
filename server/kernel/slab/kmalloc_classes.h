// Which cache serves a kmalloc: its size class and its family (kmalloc_slab and kmalloc_type of include/linux/slab.h).
// Pure decisions.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_KMALLOC_CLASSES_H_
#define MEMSIM_SERVER_KERNEL_SLAB_KMALLOC_CLASSES_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/slab/boot_caches.h"

namespace memsim {

// KMALLOC_MAX_CACHE_SIZE: what is larger comes from the page allocator.
inline constexpr ByteCount kMaxKmallocClass{8192};

enum class KmallocFamily : std::uint8_t { kNormal, kReclaimable, kDma, kAccounted };

// DMA goes before reclaimable, that before accounted.
KmallocFamily FamilyForGfp(GfpMask gfp);

// The class of a size, by its place among the 13: 8, 16, 32, 64, 96, 128, 192, 256, … 8192. REQUIRES: 0 < size <=
// kMaxKmallocClass.
std::uint32_t KmallocClass(ByteCount size);

// The objects' size of a class.
ByteCount KmallocClassSize(std::uint32_t size_class);
inline constexpr std::uint32_t kKmallocClassCount = 13;

// REQUIRES: as KmallocClass.
KernelCache KmallocCache(ByteCount size, GfpMask gfp);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_KMALLOC_CLASSES_H_
