// When a new cache becomes another name of one that is there: Linux merges caches whose objects fit into each other's
// place (slab_unmergeable and find_mergeable of mm/slab_common.c). Pure decisions.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_CACHE_MERGING_H_
#define MEMSIM_SERVER_KERNEL_SLAB_CACHE_MERGING_H_

#include <string>

#include "server/kernel/slab/cache_definition.h"

namespace memsim {

// Whether a cache may have other names. One that has something of its own may not: a constructor, a part that may be
// copied to user space, arrays for each CPU, a wish to be alone.
bool IsMergeable(const CacheDefinition& definition);

// Whether a new cache may become a name of an old one. Linux asks the oldest cache first. REQUIRES: sizes as
// LayOutObject asks for.
bool CanMergeInto(const CacheDefinition& added, const CacheDefinition& old);

// The name of a mergeable cache's directory in /sys/kernel/slab, which tells what its aliases have in common:
// ":A-0000192" (create_unique_id).
std::string UniqueId(const CacheDefinition& definition);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_CACHE_MERGING_H_
