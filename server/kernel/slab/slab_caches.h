// The machine's slab caches: those that the kernel makes at boot, and those that Calls create; their names, which of
// them are one because they are alike, and their objects.
//
// A cache costs nothing before it is first used: boot caches stand in one table (boot_caches.h), and the engine is told
// of a cache when its first object is asked for.
//
// Thread-compatible. Invariants (CheckInvariants verifies them):
//  1. No two caches or aliases have one name.
//  2. Each cache has an object of kmem_cache and one of kmem_cache_node, as in Linux: boot caches from Boot on.
//  3. Those of the engine.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_SLAB_CACHES_H_
#define MEMSIM_SERVER_KERNEL_SLAB_SLAB_CACHES_H_

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/base/id_table.h"
#include "server/base/units.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/slab/boot_caches.h"
#include "server/kernel/slab/cache_definition.h"
#include "server/kernel/slab/slab_engine.h"
#include "server/kernel/slab/slab_refusal.h"

namespace memsim {

class SlabCaches {
 public:
  // Far more than any kernel has; what a caller creates costs the host some hundred bytes each.
  static constexpr std::size_t kMaxCreated = 4096;
  // Names of created caches and aliases: NAME_MAX, as they name directories of /sys.
  static constexpr std::size_t kMaxNameLength = 255;

  // All outlive the caches, which move kNrSlabReclaimable and kNrSlabUnreclaimable.
  SlabCaches(PageAllocator& pages, Counters& counters, Locks& locks);
  ~SlabCaches();

  // kmem_cache_init: gives the boot caches, which are objects themselves, their own. False: no memory.
  bool Boot();

  // --- For the kernel itself. The object's address in the direct map; kNoObject: no memory.
  VirtualAddress Alloc(KernelCache cache, GfpMask gfp) {
    MakeUsable(IdOf(cache));
    const VirtualAddress object = engine_->Alloc(IdOf(cache), gfp, ObjectOwner::kKernel);
    if ((gfp & kGfpZero) != 0) ChargeZeroing(IdOf(cache), object);
    if (IsToldOf(Tracepoint::kKmemCacheAlloc)) [[unlikely]]
      TellOfAlloc(IdOf(cache), object, gfp, ObjectOwner::kKernel);
    return object;
  }
  // REQUIRES: Alloc gave the object, from this cache.
  void Free(KernelCache cache, VirtualAddress object) {
    if (IsToldOf(Tracepoint::kKmemCacheFree)) [[unlikely]]
      TellOfFree(IdOf(cache), object, ObjectOwner::kKernel);
    engine_->Free(IdOf(cache), object);
  }

  // --- For Calls.
  // kmem_cache_create. A cache that is like another one is that one, under another name. EINVAL: name is empty, too
  // long or no word that may stand in slabinfo and name a directory; size 0 or above 4 MiB; alignment no power of two,
  // or above 4 MiB; flags that do not exist. EEXIST: the name is taken, of which Linux only warns. ENOSYS: debugging
  // flags. ENOMEM.
  ErrnoOr<CacheId> Create(const CacheDefinition& definition);
  // kmem_cache_destroy: one name less, and with the last the cache. Without a name, the name that was added last.
  // EBUSY: there are objects, or the cache is the kernel's. REQUIRES: Contains(cache), and the name is one of its
  // names.
  Errno Destroy(CacheId cache, absl::string_view name);
  // The cache of a name or an alias.
  std::optional<CacheId> Find(absl::string_view name) const;
  bool Contains(CacheId cache) const;

  // kNoObject: no memory. In this and the following, REQUIRES: Contains(cache).
  VirtualAddress AllocForCaller(CacheId cache, GfpMask gfp);
  // All of the objects or none.
  bool AllocBulkForCaller(CacheId cache, GfpMask gfp, absl::Span<VirtualAddress> objects);
  // Gives back what AllocForCaller gave. nullopt: freed; else nothing has changed.
  std::optional<SlabRefusal> FreeCallers(CacheId cache, VirtualAddress object);
  // All, or none of them if one is refused. May change the order of the objects in the span unless it refuses.
  std::optional<SlabRefusal> FreeBulkCallers(CacheId cache, absl::Span<VirtualAddress> objects);
  // For kmalloc, which tells of its memory itself: the same without an event. REQUIRES of FreeQuietly: a caller has the
  // object, from this cache.
  VirtualAddress AllocQuietly(CacheId cache, GfpMask gfp, ObjectOwner owner);
  void FreeQuietly(CacheId cache, VirtualAddress object) { engine_->Free(cache, object); }
  void Shrink(CacheId cache);

  // --- Looks.
  // By number, also of boot caches that were never used.
  const CacheDefinition& definition(CacheId cache) const;
  // Objects that somebody has.
  std::uint64_t held_objects(CacheId cache) const;
  // Both are all zero for a cache that was never used; Look looks at the whole partial list.
  CacheCounts Count(CacheId cache) const;
  CacheUse Look(CacheId cache) const;
  SlabLayout LayoutOf(CacheId cache) const;
  // The largest size that anybody asked for, under a name that may be gone by now (s->object_size).
  ByteCount ObjectSize(CacheId cache) const;
  ObjectLook FindObject(VirtualAddress address) const { return engine_->Find(address); }
  // Calls visit(CacheId), the newest cache first, as slabinfo shows them.
  template <typename Visitor>
  void ForEachCache(Visitor visit) const {
    for (auto id = created_order_.rbegin(); id != created_order_.rend(); ++id) visit(*id);
    for (std::size_t i = kKernelCacheCount; i > 0; --i) visit(IdOf(static_cast<KernelCache>(i - 1)));
  }
  // Calls visit(absl::string_view name, CacheId) for the further names.
  template <typename Visitor>
  void ForEachAlias(Visitor visit) const {
    for (const BootCacheAlias& alias : kBootCacheAliases) visit(alias.name, IdOf(alias.cache));
    for (const Alias& alias : aliases_) visit(absl::string_view(alias.name), alias.cache);
  }
  // How many further names it has.
  std::uint32_t AliasCount(CacheId cache) const;
  SlabPathCounts TotalPaths() const { return engine_->TotalPaths(); }
  std::uint32_t cpu_count() const { return locks_.cpus().count(); }

  void DigestTo(Digest& digest) const;
  ByteCount HostMemory() const;
  void CheckInvariants() const;

 private:
  struct Created {
    // Holds the definition's name and constructor.
    std::string name;
    CacheDefinition definition;
    // What the kernel keeps of the cache.
    VirtualAddress cache_object;
    VirtualAddress node_object;
    // Its own name was destroyed; others keep it alive.
    bool renounced = false;
  };
  struct Alias {
    std::string name;
    CacheId cache;
  };

  // __GFP_ZERO clears all of an object, whatever was asked for (slab_post_alloc_hook).
  void ChargeZeroing(CacheId cache, VirtualAddress object);
  bool IsToldOf(Tracepoint point) const { return locks_.cpus().trace().enabled(point); }
  void TellOfAlloc(CacheId cache, VirtualAddress object, GfpMask gfp, ObjectOwner owner);
  void TellOfFree(CacheId cache, VirtualAddress object, ObjectOwner owner);

  // Tells the engine of a boot cache that is used for the first time.
  void MakeUsable(CacheId id) {
    if (IsBootCache(id) && !usable_[id.value() - 1]) AddToEngine(id);
  }
  void AddToEngine(CacheId id);
  bool IsUsable(CacheId id) const { return !IsBootCache(id) || usable_[id.value() - 1]; }
  const Created& created(CacheId id) const;
  Errno CheckDefinition(const CacheDefinition& definition) const;
  // The oldest cache that a new one may become a name of.
  std::optional<CacheId> FindMergeable(const CacheDefinition& definition) const;
  ErrnoOr<CacheId> AddCache(const CacheDefinition& definition);
  void RemoveCache(CacheId id);
  std::optional<SlabRefusal> WhyNotFree(CacheId cache, VirtualAddress object) const;

  Locks& locks_;
  std::unique_ptr<SlabEngine> engine_;
  // The boot caches that the engine knows.
  std::bitset<kKernelCacheCount> usable_;
  // Created caches, by their number less that of the last boot cache.
  IdTable<CacheId, std::unique_ptr<Created>> created_;
  // Oldest first.
  std::vector<CacheId> created_order_;
  std::vector<Alias> aliases_;
  // The caches that serve larger objects than they were created for, since a name asked for them.
  absl::btree_map<CacheId, ByteCount> widened_;
  // Of created caches and aliases.
  std::uint64_t name_bytes_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_SLAB_CACHES_H_
