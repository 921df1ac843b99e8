// How a cache's objects lie in its slabs, and how many slabs it keeps for later. Pure arithmetic, after
// mm/slab_common.c (calculate_alignment) and mm/slub.c (calculate_sizes, calculate_order, set_cpu_partial) without
// debugging.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_SLAB_LAYOUT_H_
#define MEMSIM_SERVER_KERNEL_SLAB_SLAB_LAYOUT_H_

#include <cstdint>
#include <optional>

#include "server/base/units.h"
#include "server/kernel/slab/cache_definition.h"

namespace memsim {

// slub_max_order: beyond it a slab only goes where one object needs it.
inline constexpr Order kSlubMaxOrder{3};
// MAX_OBJS_PER_PAGE: what 15 bits count.
inline constexpr std::uint32_t kMaxObjectsPerSlab = 32767;
// KMALLOC_MAX_SIZE: the largest block of pages.
inline constexpr ByteCount kMaxObjectSize{4ULL << 20};
// sizeof(void*).
inline constexpr ByteCount kWord{8};

// What one object takes.
struct ObjectLayout {
  ByteCount align;
  // From one object to the next.
  ByteCount size;
  ByteCount free_pointer_offset;

  friend bool operator==(const ObjectLayout&, const ObjectLayout&) = default;
};

struct SlabLayout {
  ObjectLayout object;
  // The slab's pages, and the objects in them.
  Order order;
  std::uint32_t objects = 0;
  // The same where no block of that order can be had.
  Order min_order;
  std::uint32_t min_objects = 0;
  // How many slabs the node keeps although they are empty.
  std::uint32_t min_partial = 0;
  // How many free objects a CPU keeps on its partial list, and the slabs that this comes to.
  std::uint32_t cpu_partial = 0;
  std::uint32_t cpu_partial_slabs = 0;

  friend bool operator==(const SlabLayout&, const SlabLayout&) = default;
};

constexpr ByteCount AlignUp(ByteCount size, ByteCount align) {
  return ByteCount((size.value() + align.value() - 1) / align.value() * align.value());
}

// get_order: the smallest block of pages that holds so many bytes. REQUIRES: size > 0.
Order OrderForSize(ByteCount size);

// The alignment for objects of a size, from what was asked for and SLAB_HWCACHE_ALIGN.
ByteCount ObjectAlign(SlabFlags flags, ByteCount align, ByteCount object_size);

// REQUIRES: object_size > 0; align is 0 or a power of two.
ObjectLayout LayOutObject(const CacheDefinition& definition);

// nullopt: no block of pages holds an object. REQUIRES: as LayOutObject; cpus > 0.
std::optional<SlabLayout> LayOutSlab(const CacheDefinition& definition, std::uint32_t cpus);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_SLAB_LAYOUT_H_
