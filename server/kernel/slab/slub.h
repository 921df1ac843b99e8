// SLUB as of Linux 6.18 (mm/slub.c), with its paths counted under the kernel's names.
//
//   CPU:   freelist -> objects of its slab        partial -> slab -> slab …     (both without list_lock)
//   node:  partial: slab <-> slab <-> …           head first; those drained go to the tail
//   full slabs are on no list, and come back to the partial list of the CPU that frees into them first
//
// Caches that ask for it have sheaves in front: arrays of objects, a main and a spare one for each CPU, and a barn of
// full and empty ones for the node. kfree_rcu's sheaves and prefilled ones are not simulated: nothing here waits for
// RCU.
//
// One CPU runs at a time, so no compare-and-exchange ever fails, and no slab is on another node; these counts stay 0.
//
// Thread-compatible. Invariants (CheckInvariants verifies them):
//  1. Each object of a slab is on one free list, in one sheaf, or held.
//  2. A slab is on the list that its place names, once; only slabs with free objects are on partial lists.
//  3. inuse is what slab.h says. The slabs' frames name them, and are all frames of owner kSlab.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_SLUB_H_
#define MEMSIM_SERVER_KERNEL_SLAB_SLUB_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/base/id_table.h"
#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/direct_map.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/slab/slab.h"
#include "server/kernel/slab/slab_engine.h"

namespace memsim {

class Slub final : public SlabEngine {
 public:
  // MAX_FULL_SHEAVES: what a barn keeps.
  static constexpr std::size_t kMaxFullSheaves = 10;
  // MAX_PARTIAL_TO_SCAN: slabinfo looks at so many slabs of a partial list and takes them for the rest.
  static constexpr std::uint64_t kMaxPartialToScan = 10000;
  // SHRINK_PROMOTE_MAX: slabs with at most so many free objects are sorted by kmem_cache_shrink.
  static constexpr std::uint32_t kShrinkPromoteMax = 32;

  // All outlive the engine, which moves kNrSlabReclaimable and kNrSlabUnreclaimable.
  Slub(PageAllocator& pages, Counters& counters, Locks& locks) : pages_(pages), counters_(counters), locks_(locks) {}
  ~Slub() override;

  void AddCache(CacheId cache, const EngineCache& definition) override;
  void RemoveCache(CacheId cache) override;
  VirtualAddress Alloc(CacheId cache, GfpMask gfp, ObjectOwner owner) override;
  void Free(CacheId cache, VirtualAddress object) override;
  bool AllocBulk(CacheId cache, GfpMask gfp, ObjectOwner owner, absl::Span<VirtualAddress> objects) override;
  void FreeBulk(CacheId cache, absl::Span<VirtualAddress> objects) override;
  void Shrink(CacheId cache) override;
  ObjectLook Find(VirtualAddress address) const override;
  CacheCounts Count(CacheId cache) const override;
  CacheUse Look(CacheId cache) const override;
  std::uint64_t held_objects(CacheId cache) const override { return CacheOf(cache).held; }
  SlabPathCounts TotalPaths() const override;
  void DigestTo(Digest& digest) const override;
  ByteCount HostMemory() const override;
  void CheckInvariants() const override;

 private:
  // An array of objects, which itself is an object of a kmalloc cache.
  struct Sheaf {
    VirtualAddress storage;
    std::vector<VirtualAddress> objects;
  };
  using SheafPointer = std::unique_ptr<Sheaf>;

  // The part of a cache that has sheaves, for each CPU.
  struct CpuSheaves {
    SheafPointer main;
    // Full or empty; or none.
    SheafPointer spare;
    std::array<std::uint64_t, kSlabPathCount - kFirstSheafPath> paths = {};
  };
  // The same for the node. Both are stacks.
  struct Barn {
    SimulatedLock lock{LockClass::kSlabBarnLock};
    std::vector<SheafPointer> full;
    std::vector<SheafPointer> empty;
  };

  struct Cpu {
    SlabId slab;
    SlabId partial;
    std::uint32_t partial_slabs = 0;
    ObjectIndex freelist = kEndOfList;
    CpuId number;
    SimulatedLock lock{LockClass::kSlabCpuLock};
    std::array<std::uint64_t, kFirstSheafPath> paths = {};
    std::unique_ptr<CpuSheaves> sheaves;
  };

  struct Cache {
    CacheId id;
    EngineCache definition;
    // The objects' size, and 2^43 divided by it: a multiplication finds the object of an offset (kReciprocalShift).
    std::uint64_t size = 0;
    std::uint64_t reciprocal = 0;
    std::uint64_t held = 0;
    // By CPU number, as far as CPUs have used it.
    std::vector<std::unique_ptr<Cpu>> cpus;
    // The node's slabs.
    SlabId partial_head;
    SlabId partial_tail;
    std::uint64_t partial_slabs = 0;
    std::uint64_t slabs = 0;
    std::uint64_t total_objects = 0;
    SimulatedLock list_lock{LockClass::kSlabNodeLock};
    Barn barn;
  };

  // 22 bits hold an offset in the largest slab: offset * 2^43 / size fits into 64 bits, and comes out right for every
  // offset at which an object begins.
  static constexpr int kReciprocalShift = 43;

  enum class ListEnd : std::uint8_t { kHead, kTail };
  // Whether a full partial list of a CPU is moved to the node first.
  enum class Drain : std::uint8_t { kNo, kYes };

  // An object by its slab and number. Its link stays where it is as long as the slab lives.
  struct Place {
    SlabId slab;
    ObjectIndex index = 0;
    ObjectIndex* link = nullptr;
  };
  // Objects of one slab, linked to a list.
  struct Chain {
    SlabId slab;
    ObjectIndex head = kEndOfList;
    ObjectIndex tail = kEndOfList;
    std::uint16_t count = 0;
  };

  Cache& CacheOf(CacheId id) { return *caches_[id.value() - 1]; }
  const Cache& CacheOf(CacheId id) const { return *caches_[id.value() - 1]; }
  // The state of the CPU that runs.
  Cpu& ThisCpu(Cache& cache) {
    const std::size_t number = locks_.cpus().current().value();
    if (number < cache.cpus.size() && cache.cpus[number] != nullptr) return *cache.cpus[number];
    return MakeCpu(cache, number);
  }
  Cpu& MakeCpu(Cache& cache, std::size_t number);
  static void CountPath(Cpu& cpu, SlabPath path, std::uint64_t times = 1) {
    cpu.paths[static_cast<std::size_t>(path)] += times;
  }
  static void CountSheaf(Cpu& cpu, SlabPath path, std::uint64_t times = 1) {
    cpu.sheaves->paths[static_cast<std::size_t>(path) - kFirstSheafPath] += times;
  }
  void Charge(Nanoseconds cost) { locks_.cpus().Charge(cost); }
  const CostTable& costs() const { return locks_.cpus().costs(); }
  LockOwner CpuLockOwner(const Cache& cache, const Cpu& cpu) const { return {cpu.number.value(), cache.id.value()}; }

  static VirtualAddress AddressOf(const Cache& cache, const Slab& slab, ObjectIndex index) {
    return DirectMapAddress(slab.first_frame) + ByteCount(index * cache.size);
  }
  // REQUIRES: the object is of this cache.
  Place PlaceOf(const Cache& cache, VirtualAddress object) const {
    const SlabId id(pages_.frame(FrameOfDirectMap(object)).mapping);
    const Slab& slab = slabs_[id];
    const std::uint64_t offset = (object - DirectMapAddress(slab.first_frame)).value();
    const std::uint64_t index = offset * cache.reciprocal >> kReciprocalShift;
    MEMSIM_CHECK(slab.cache == cache.id && index * cache.size == offset, object.value(), cache.id.value());
    return {id, static_cast<ObjectIndex>(index), &slab.links[index]};
  }

  // --- slub.cc. From the slabs, whether or not there are sheaves; link: what the object's link says from then on.
  VirtualAddress AllocFromSlab(Cache& cache, Cpu& cpu, GfpMask gfp, ObjectIndex link) {
    if (cpu.freelist == kEndOfList) return AllocSlowly(cache, cpu, gfp, link);
    CountPath(cpu, SlabPath::kAllocFastpath);
    return Pop(cache, cpu, link);
  }
  VirtualAddress AllocSlowly(Cache& cache, Cpu& cpu, GfpMask gfp, ObjectIndex link);
  bool AllocBulkFromSlabs(Cache& cache, Cpu& cpu, GfpMask gfp, ObjectIndex link, absl::Span<VirtualAddress> objects);
  // Takes the first object off the CPU's free list, which is not empty.
  VirtualAddress Pop(Cache& cache, Cpu& cpu, ObjectIndex link) {
    const Slab& slab = slabs_[cpu.slab];
    const ObjectIndex index = cpu.freelist;
    cpu.freelist = slab.links[index];
    slab.links[index] = link;
    return AddressOf(cache, slab, index);
  }
  // Whether the CPU's own slab, or its partial list, has an object; if so it is on the CPU's free list.
  bool RefillFromOwnSlab(Cache& cache, Cpu& cpu);
  bool RefillFromCpuPartial(Cache& cache, Cpu& cpu);
  // Gives a slab with free objects to a CPU that has none.
  void Load(Cpu& cpu, SlabId id);
  // A slab of the node's partial list, and some more for the CPU's. None: it is empty.
  SlabId TakeNodePartial(Cache& cache, Cpu& cpu);
  // A slab from new pages. None: no memory.
  SlabId MakeSlab(Cache& cache, Cpu& cpu, GfpMask gfp);
  PageFrameNumber AllocSlabPages(Cache& cache, Cpu& cpu, GfpMask gfp);

  // --- slub_free.cc
  void FreeToSlab(Cache& cache, Cpu& cpu, const Chain& chain);
  void FreeSlowly(Cache& cache, Cpu& cpu, const Chain& chain);
  void FreeBulkToSlabs(Cache& cache, Cpu& cpu, absl::Span<VirtualAddress> objects);
  // Takes the last object, and those of the same slab that are near, off the end of a list. How many are left.
  std::size_t BuildChain(const Cache& cache, absl::Span<VirtualAddress> objects, Chain& chain);
  void PutCpuPartial(Cache& cache, Cpu& cpu, SlabId id, Drain drain);
  // Moves a CPU's former partial list to the node, or frees its empty slabs.
  void PutPartials(Cache& cache, Cpu& cpu, SlabId first);
  // Takes a CPU's slab from it.
  void FlushSlab(Cache& cache, Cpu& cpu);
  void FlushCpu(Cache& cache, Cpu& cpu);
  void AddPartial(Cache& cache, SlabId id, ListEnd end);
  void RemovePartial(Cache& cache, SlabId id);
  // Gives a slab's pages back.
  void Discard(Cache& cache, SlabId id);
  // Gives back the empty slabs of the node, and sorts the others so that the fullest come first.
  void ShrinkNode(Cache& cache);
  void CountPages(const Cache& cache, Order order, std::int64_t sign);

  // --- slub_sheaves.cc. kNoObject, false: nothing could be done; the slabs must serve.
  VirtualAddress AllocFromSheaf(Cache& cache, Cpu& cpu, GfpMask gfp, ObjectIndex link);
  // link: the object's, which says then that a sheaf has it. It stays where it is, whatever slabs come or go meanwhile.
  bool FreeToSheaf(Cache& cache, Cpu& cpu, VirtualAddress object, ObjectIndex& link);
  std::size_t AllocBulkFromSheaves(Cache& cache, Cpu& cpu, ObjectIndex link, absl::Span<VirtualAddress> objects);
  std::size_t FreeBulkToSheaves(Cache& cache, Cpu& cpu, absl::Span<VirtualAddress> objects);
  // REQUIRES: there is a sheaf to take.
  SheafPointer TakeFromBarn(Cache& cache, std::vector<SheafPointer>& stack);
  void PutIntoBarn(Cache& cache, std::vector<SheafPointer>& stack, SheafPointer sheaf);
  SheafPointer ExchangeInBarn(Cache& cache, std::vector<SheafPointer>& from, std::vector<SheafPointer>& to,
                              SheafPointer sheaf);
  bool ReplaceEmptyMain(Cache& cache, Cpu& cpu, GfpMask gfp);
  bool TakeFullSheaf(Cache& cache, Cpu& cpu);
  bool ReplaceFullMain(Cache& cache, Cpu& cpu);
  SheafPointer AllocSheaf(Cache& cache, Cpu& cpu, GfpMask gfp);
  void FreeSheaf(Cache& cache, Cpu& cpu, SheafPointer sheaf);
  bool RefillSheaf(Cache& cache, Cpu& cpu, Sheaf& sheaf, GfpMask gfp);
  void FlushSheaf(Cache& cache, Cpu& cpu, Sheaf& sheaf);
  void FlushSheaves(Cache& cache, Cpu& cpu);
  void ShrinkBarn(Cache& cache);

  // --- slub_books.cc
  void AddPaths(const Cache& cache, SlabPathCounts& sum) const;
  std::uint64_t PartialFree(const Cache& cache) const;
  void CheckCache(const Cache& cache) const;
  void CheckObjects(const Cache& cache, const std::vector<VirtualAddress>& in_sheaves, std::size_t listed_slabs) const;
  void CheckSlab(const Cache& cache, const Slab& slab) const;

  PageAllocator& pages_;
  Counters& counters_;
  Locks& locks_;
  // By number; null: never used, or gone.
  std::vector<std::unique_ptr<Cache>> caches_;
  IdTable<SlabId, Slab> slabs_;
  // What caches counted that are gone.
  SlabPathCounts gone_paths_ = {};
  // What slabs, caches and sheaves point to.
  std::uint64_t allocated_bytes_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_SLUB_H_
