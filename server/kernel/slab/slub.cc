// SLUB: caches, allocation, new slabs.

#include "server/kernel/slab/slub.h"

#include <utility>

#include "server/base/check.h"
#include "server/kernel/physical/direct_map.h"

namespace memsim {
namespace {

// What of a caller's flags counts for the pages of a slab (GFP_RECLAIM_MASK, GFP_CONSTRAINT_MASK). The zone is the
// cache's affair.
constexpr GfpMask kSlabGfp = kGfpReclaim | kGfpHigh | kGfpIo | kGfpFs | kGfpNowarn | kGfpRetryMayfail | kGfpNofail |
                             kGfpNoretry | kGfpMemalloc | kGfpNomemalloc | kGfpHardwall | kGfpThisnode;

}  // namespace

Slub::~Slub() = default;

void Slub::AddCache(CacheId id, const EngineCache& definition) {
  if (id.value() > caches_.size()) {
    // With little room in advance: most machines have the boot caches alone.
    if (id.value() > caches_.capacity()) caches_.reserve(id.value() + id.value() / 16);
    caches_.resize(id.value());
  }
  std::unique_ptr<Cache>& cache = caches_[id.value() - 1];
  MEMSIM_CHECK(cache == nullptr, id.value());
  cache = std::make_unique<Cache>();
  cache->id = id;
  cache->definition = definition;
  cache->size = definition.layout.object.size.value();
  cache->reciprocal = (1ULL << kReciprocalShift) / cache->size + 1;
  allocated_bytes_ += sizeof(Cache);
}

void Slub::RemoveCache(CacheId id) {
  Cache& cache = CacheOf(id);
  MEMSIM_CHECK(cache.held == 0, id.value(), cache.held);
  Shrink(id);
  // The barn's objects go to slabs after those of the CPUs were flushed.
  if (cache.definition.sheaf_capacity != 0) Shrink(id);
  // What min_partial keeps goes as well (__kmem_cache_shutdown).
  while (cache.partial_head != SlabId()) {
    const SlabId slab = cache.partial_head;
    RemovePartial(cache, slab);
    Discard(cache, slab);
  }
  MEMSIM_CHECK(cache.slabs == 0, id.value(), cache.slabs);
  for (const std::unique_ptr<Cpu>& cpu : cache.cpus) {
    if (cpu == nullptr) continue;
    if (cpu->sheaves != nullptr) {
      if (cpu->sheaves->main != nullptr) FreeSheaf(cache, *cpu, std::move(cpu->sheaves->main));
      allocated_bytes_ -= sizeof(CpuSheaves);
    }
    locks_.Retire(cpu->lock);
    allocated_bytes_ -= sizeof(Cpu);
  }
  allocated_bytes_ -= cache.cpus.size() * sizeof(cache.cpus[0]);
  AddPaths(cache, gone_paths_);
  locks_.Retire(cache.list_lock);
  locks_.Retire(cache.barn.lock);
  allocated_bytes_ -= sizeof(Cache);
  caches_[id.value() - 1] = nullptr;
}

Slub::Cpu& Slub::MakeCpu(Cache& cache, std::size_t number) {
  if (number >= cache.cpus.size()) {
    allocated_bytes_ += (number + 1 - cache.cpus.size()) * sizeof(cache.cpus[0]);
    cache.cpus.resize(number + 1);
  }
  cache.cpus[number] = std::make_unique<Cpu>();
  cache.cpus[number]->number = CpuId(static_cast<std::uint16_t>(number));
  allocated_bytes_ += sizeof(Cpu);
  if (cache.definition.sheaf_capacity != 0) {
    cache.cpus[number]->sheaves = std::make_unique<CpuSheaves>();
    allocated_bytes_ += sizeof(CpuSheaves);
  }
  return *cache.cpus[number];
}

ObjectLook Slub::Find(VirtualAddress address) const {
  if (address < kDirectMapBase) return {};
  const std::optional<PageFrameNumber> block = pages_.AllocatedBlockOf(FrameOfDirectMap(address));
  if (!block.has_value() || pages_.frame(*block).owner != PageOwner::kSlab) return {};
  const Slab& slab = slabs_[SlabId(pages_.frame(*block).mapping)];
  const std::uint64_t offset = (address - DirectMapAddress(slab.first_frame)).value();
  const std::uint64_t size = CacheOf(slab.cache).size;
  if (offset % size != 0 || offset / size >= slab.objects) return {ObjectState::kNotObjectStart, slab.cache};
  switch (slab.links[offset / size]) {
    case kKernelHolds:
      return {ObjectState::kHeldByKernel, slab.cache};
    case kCallerHolds:
      return {ObjectState::kHeldByCaller, slab.cache};
    default:
      return {ObjectState::kFree, slab.cache};
  }
}

// --- Allocation

VirtualAddress Slub::Alloc(CacheId id, GfpMask gfp, ObjectOwner owner) {
  Cache& cache = CacheOf(id);
  Cpu& cpu = ThisCpu(cache);
  Charge(costs().slab_alloc);
  VirtualAddress object = kNoObject;
  if (cpu.sheaves != nullptr) object = AllocFromSheaf(cache, cpu, gfp, HeldBy(owner));
  if (object == kNoObject) object = AllocFromSlab(cache, cpu, gfp, HeldBy(owner));
  if (object != kNoObject) ++cache.held;
  return object;
}

// ___slab_alloc.
VirtualAddress Slub::AllocSlowly(Cache& cache, Cpu& cpu, GfpMask gfp, ObjectIndex link) {
  CountPath(cpu, SlabPath::kAllocSlowpath);
  if (RefillFromOwnSlab(cache, cpu) || RefillFromCpuPartial(cache, cpu)) return Pop(cache, cpu, link);
  SlabId slab = TakeNodePartial(cache, cpu);
  if (slab == SlabId()) slab = MakeSlab(cache, cpu, gfp);
  if (slab == SlabId()) return kNoObject;
  const LockScope lock(locks_, cpu.lock, LockMode::kExclusive, CpuLockOwner(cache, cpu));
  Charge(costs().slab_refill);
  Load(cpu, slab);
  return Pop(cache, cpu, link);
}

bool Slub::RefillFromOwnSlab(Cache& cache, Cpu& cpu) {
  if (cpu.slab == SlabId()) return false;
  const LockScope lock(locks_, cpu.lock, LockMode::kExclusive, CpuLockOwner(cache, cpu));
  Charge(costs().slab_refill);
  const SlabId id = std::exchange(cpu.slab, SlabId());
  if (slabs_[id].freelist == kEndOfList) {
    slabs_[id].place = SlabPlace::kFull;
    CountPath(cpu, SlabPath::kDeactivateBypass);
    return false;
  }
  Load(cpu, id);
  CountPath(cpu, SlabPath::kAllocRefill);
  return true;
}

bool Slub::RefillFromCpuPartial(Cache& cache, Cpu& cpu) {
  if (cpu.partial == SlabId()) return false;
  const LockScope lock(locks_, cpu.lock, LockMode::kExclusive, CpuLockOwner(cache, cpu));
  Charge(costs().slab_cpu_partial);
  const SlabId id = cpu.partial;
  cpu.partial = std::exchange(slabs_[id].next, SlabId());
  --cpu.partial_slabs;
  Load(cpu, id);
  CountPath(cpu, SlabPath::kCpuPartialAlloc);
  return true;
}

void Slub::Load(Cpu& cpu, SlabId id) {
  Slab& slab = slabs_[id];
  cpu.slab = id;
  cpu.freelist = std::exchange(slab.freelist, kEndOfList);
  slab.inuse = slab.objects;
  slab.place = SlabPlace::kCpuSlab;
}

// get_partial_node.
SlabId Slub::TakeNodePartial(Cache& cache, Cpu& cpu) {
  if (cache.partial_slabs == 0) return SlabId();
  const LockScope lock(locks_, cache.list_lock, LockMode::kExclusive, {cache.id.value(), 0});
  Charge(costs().slab_node_partial);
  const SlabId taken = cache.partial_head;
  RemovePartial(cache, taken);
  CountPath(cpu, SlabPath::kAllocFromPartial);
  const std::uint32_t enough = cache.definition.layout.cpu_partial_slabs / 2;
  for (std::uint32_t more = 0; more <= enough && cache.partial_head != SlabId(); ++more) {
    const SlabId id = cache.partial_head;
    Charge(costs().slab_node_partial);
    RemovePartial(cache, id);
    PutCpuPartial(cache, cpu, id, Drain::kNo);
    CountPath(cpu, SlabPath::kCpuPartialNode);
  }
  return taken;
}

// allocate_slab: the pages.
PageFrameNumber Slub::AllocSlabPages(Cache& cache, Cpu& cpu, GfpMask gfp) {
  const SlabLayout& layout = cache.definition.layout;
  gfp = (gfp & kSlabGfp) | cache.definition.gfp;
  // A large block is not worth waiting for where a small one does.
  GfpMask first_try = (gfp | kGfpNowarn | kGfpNoretry) & ~kGfpNofail;
  if ((gfp & kGfpDirectReclaim) != 0 && layout.order > layout.min_order) {
    first_try = (first_try | kGfpNomemalloc) & ~kGfpReclaim;
  }
  std::optional<PageFrameNumber> first = pages_.AllocPages(first_try, layout.order, PageOwner::kSlab);
  if (first.has_value()) return *first;
  first = pages_.AllocPages(gfp, layout.min_order, PageOwner::kSlab);
  if (!first.has_value()) return kNoPage;
  CountPath(cpu, SlabPath::kOrderFallback);
  return *first;
}

SlabId Slub::MakeSlab(Cache& cache, Cpu& cpu, GfpMask gfp) {
  const PageFrameNumber first = AllocSlabPages(cache, cpu, gfp);
  if (first == kNoPage) return SlabId();
  Charge(costs().slab_new);
  const SlabLayout& layout = cache.definition.layout;
  Slab slab;
  slab.first_frame = first;
  slab.order = pages_.frame(first).order;
  slab.cache = cache.id;
  slab.objects = static_cast<std::uint16_t>(slab.order == layout.order ? layout.objects : layout.min_objects);
  slab.links = std::make_unique<ObjectIndex[]>(slab.objects);
  for (ObjectIndex i = 0; i < slab.objects; ++i) slab.links[i] = static_cast<ObjectIndex>(i + 1);
  slab.links[slab.objects - 1] = kEndOfList;
  slab.freelist = 0;
  ++cache.slabs;
  cache.total_objects += slab.objects;
  allocated_bytes_ += slab.objects * sizeof(ObjectIndex);
  CountPages(cache, slab.order, 1);
  const PageFrameNumber end = first + PagesOfOrder(slab.order);
  const SlabId id = slabs_.Add(std::move(slab));
  for (PageFrameNumber frame = first; frame < end; frame += PageCount(1)) pages_.frame(frame).mapping = id.value();
  CountPath(cpu, SlabPath::kAllocSlab);
  return id;
}

// __kmem_cache_alloc_bulk.
bool Slub::AllocBulkFromSlabs(Cache& cache, Cpu& cpu, GfpMask gfp, ObjectIndex link,
                              absl::Span<VirtualAddress> objects) {
  std::size_t taken = 0;
  while (taken < objects.size()) {
    {
      const LockScope lock(locks_, cpu.lock, LockMode::kExclusive, CpuLockOwner(cache, cpu));
      if (cpu.freelist != kEndOfList) Charge(costs().slab_alloc);
      while (taken < objects.size() && cpu.freelist != kEndOfList) {
        Charge(costs().slab_bulk_object);
        CountPath(cpu, SlabPath::kAllocFastpath);
        objects[taken++] = Pop(cache, cpu, link);
      }
    }
    if (taken == objects.size()) return true;
    Charge(costs().slab_alloc);
    const VirtualAddress object = AllocSlowly(cache, cpu, gfp, link);
    if (object == kNoObject) {
      FreeBulkToSlabs(cache, cpu, objects.first(taken));
      return false;
    }
    objects[taken++] = object;
  }
  return true;
}

bool Slub::AllocBulk(CacheId id, GfpMask gfp, ObjectOwner owner, absl::Span<VirtualAddress> objects) {
  Cache& cache = CacheOf(id);
  Cpu& cpu = ThisCpu(cache);
  std::size_t taken = 0;
  if (cpu.sheaves != nullptr) taken = AllocBulkFromSheaves(cache, cpu, HeldBy(owner), objects);
  if (taken < objects.size() && !AllocBulkFromSlabs(cache, cpu, gfp, HeldBy(owner), objects.subspan(taken))) {
    FreeBulkToSlabs(cache, cpu, objects.first(taken));
    return false;
  }
  cache.held += objects.size();
  return true;
}

}  // namespace memsim
