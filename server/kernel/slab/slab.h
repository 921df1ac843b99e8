// One slab: a block of pages cut into objects of one cache.
//
// What Linux keeps inside free objects, the links of the free list, lies beside them here: 16 bits an object. The link
// of an object that is not free says who has it, so that a second free, or that of something else, is found.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_SLAB_H_
#define MEMSIM_SERVER_KERNEL_SLAB_SLAB_H_

#include <cstdint>
#include <memory>

#include "server/base/units.h"
#include "server/kernel/slab/cache_definition.h"

namespace memsim {

// 0: none.
using SlabId = Unit<struct SlabIdTag, std::uint32_t>;

// No object, where a function of the hot path answers one (NULL).
inline constexpr VirtualAddress kNoObject{0};

// Who has an object. Calls may not free what the kernel itself uses.
enum class ObjectOwner : std::uint8_t { kKernel, kCaller };

// The number of an object in its slab, or what its link says instead of the next free one's number.
using ObjectIndex = std::uint16_t;
inline constexpr ObjectIndex kEndOfList = UINT16_MAX;
inline constexpr ObjectIndex kKernelHolds = UINT16_MAX - 1;
inline constexpr ObjectIndex kCallerHolds = UINT16_MAX - 2;
// Free, but in an array of a CPU: to the slab it is allocated.
inline constexpr ObjectIndex kInSheaf = UINT16_MAX - 3;

constexpr ObjectIndex HeldBy(ObjectOwner owner) { return owner == ObjectOwner::kKernel ? kKernelHolds : kCallerHolds; }
constexpr bool IsHeld(ObjectIndex link) { return link == kKernelHolds || link == kCallerHolds; }

// Which list a slab is on.
enum class SlabPlace : std::uint8_t {
  // None: all of its objects are allocated.
  kFull,
  // It is a CPU's own ("frozen"): only that CPU allocates from it.
  kCpuSlab,
  kCpuPartial,
  kNodePartial,
};

struct Slab {
  PageFrameNumber first_frame;
  // By object.
  std::unique_ptr<ObjectIndex[]> links;
  CacheId cache;
  // Of the list that it is on. The per-CPU partial list has next alone.
  SlabId next;
  SlabId previous;
  std::uint16_t objects = 0;
  // Allocated objects. All objects of a CPU's slab count as such that were not freed by another CPU.
  std::uint16_t inuse = 0;
  // The free list. That of a CPU's slab is what other CPUs freed; its own part the CPU has itself.
  ObjectIndex freelist = kEndOfList;
  Order order;
  SlabPlace place = SlabPlace::kFull;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_SLAB_H_
