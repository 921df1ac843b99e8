// What a slab cache is asked to be: the arguments of kmem_cache_create.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_CACHE_DEFINITION_H_
#define MEMSIM_SERVER_KERNEL_SLAB_CACHE_DEFINITION_H_

#include <cstdint>

#include "absl/strings/string_view.h"

#include "server/base/units.h"
#include "server/kernel/slab/slab_flags.h"

namespace memsim {

// The number of a cache. 0: none.
using CacheId = Unit<struct CacheIdTag, std::uint32_t>;

// Where the pointer to the next free object lies while an object is free.
enum class FreePointer : std::uint8_t {
  // In its middle, or behind it where what a constructor or an RCU reader expects there must stay.
  kByRule,
  // Inside it, where the cache says that nobody looks (use_freeptr_offset).
  kInside,
};

// What sysfs shows of a constructor that nobody named.
inline constexpr absl::string_view kUnnamedConstructor = "constructor+0x0/0x10";

struct CacheDefinition {
  absl::string_view name;
  ByteCount object_size;
  // 0: as the flags say.
  ByteCount align;
  SlabFlags flags = 0;
  // How much of an object may be copied to user space (usersize).
  ByteCount user_size;
  // Objects in each per-CPU array before the slabs. 0: no such arrays.
  std::uint32_t sheaf_capacity = 0;
  // As sysfs shows it. Empty: none.
  absl::string_view constructor;
  FreePointer free_pointer = FreePointer::kByRule;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_CACHE_DEFINITION_H_
