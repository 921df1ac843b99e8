// What a slab allocator does for the caches of a machine: SLUB today; SLAB and SLOB are others.
//
// An engine knows caches by number and layout alone. Names, merging and kmalloc are slab_caches.h's. It is told of a
// cache when the cache is first used.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_SLAB_ENGINE_H_
#define MEMSIM_SERVER_KERNEL_SLAB_SLAB_ENGINE_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/slab/cache_definition.h"
#include "server/kernel/slab/slab.h"
#include "server/kernel/slab/slab_layout.h"

namespace memsim {

using SlabPathCounts = std::array<std::uint64_t, kSlabPathCount>;

// What an engine needs of a cache.
struct EngineCache {
  SlabLayout layout;
  // What every allocation of pages for it has set.
  GfpMask gfp = 0;
  // 0: no sheaves. Else the cache that they are allocated from.
  std::uint32_t sheaf_capacity = 0;
  CacheId sheaf_cache;
};

// What lies at an address.
enum class ObjectState : std::uint8_t {
  // Nothing of a cache's.
  kNoSlab,
  kNotObjectStart,
  kFree,
  kHeldByKernel,
  kHeldByCaller,
};
struct ObjectLook {
  ObjectState state = ObjectState::kNoSlab;
  CacheId cache;
};

// What slabinfo shows of a cache.
struct CacheCounts {
  std::uint64_t slabs = 0;
  std::uint64_t total_objects = 0;
  // Free objects of the node's partial list. Not all slabs of a long list are looked at, as in Linux.
  std::uint64_t partial_free = 0;
};

// What else can be seen of it.
struct CacheUse : CacheCounts {
  struct Cpu {
    bool has_slab = false;
    std::uint32_t partial_slabs = 0;
    SlabPathCounts paths = {};
  };

  // Objects that somebody has.
  std::uint64_t held_objects = 0;
  // The node's partial list: its slabs, their allocated and their free objects.
  std::uint64_t partial_slabs = 0;
  std::uint64_t partial_inuse = 0;
  std::uint64_t partial_all_free = 0;
  // By CPU, up to the last one that used the cache.
  std::vector<Cpu> cpus;
};

class SlabEngine {
 public:
  virtual ~SlabEngine() = default;

  // REQUIRES: the engine does not know the cache.
  virtual void AddCache(CacheId cache, const EngineCache& definition) = 0;
  // Gives back all pages of a cache. REQUIRES: nobody has an object of it.
  virtual void RemoveCache(CacheId cache) = 0;

  // kNoObject: no memory. In this and the following, REQUIRES: the engine knows the cache.
  virtual VirtualAddress Alloc(CacheId cache, GfpMask gfp, ObjectOwner owner) = 0;
  // REQUIRES: somebody has the object, and it is of this cache.
  virtual void Free(CacheId cache, VirtualAddress object) = 0;
  // All of the objects, or none. Whether there are.
  virtual bool AllocBulk(CacheId cache, GfpMask gfp, ObjectOwner owner, absl::Span<VirtualAddress> objects) = 0;
  // May change the order of the objects in the span. REQUIRES: as Free; no object is there twice.
  virtual void FreeBulk(CacheId cache, absl::Span<VirtualAddress> objects) = 0;
  // Gives back what pages it can.
  virtual void Shrink(CacheId cache) = 0;

  // What lies at any address whatever.
  virtual ObjectLook Find(VirtualAddress address) const = 0;
  virtual CacheCounts Count(CacheId cache) const = 0;
  // Looks at every slab of the partial list.
  virtual CacheUse Look(CacheId cache) const = 0;
  virtual std::uint64_t held_objects(CacheId cache) const = 0;
  // How often each path was taken, by all caches that there are and were.
  virtual SlabPathCounts TotalPaths() const = 0;

  virtual void DigestTo(Digest& digest) const = 0;
  // Cheap enough to ask after every turn.
  virtual ByteCount HostMemory() const = 0;
  virtual void CheckInvariants() const = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_SLAB_ENGINE_H_
