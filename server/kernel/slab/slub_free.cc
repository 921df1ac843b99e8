// SLUB: where freed objects and the slabs that they come from go.

#include <array>
#include <utility>
#include <vector>

#include "server/base/check.h"
#include "server/kernel/slab/slub.h"

namespace memsim {

void Slub::Free(CacheId id, VirtualAddress object) {
  Cache& cache = CacheOf(id);
  Cpu& cpu = ThisCpu(cache);
  Charge(costs().slab_free);
  const Place place = PlaceOf(cache, object);
  ObjectIndex& link = *place.link;
  MEMSIM_CHECK(IsHeld(link), object.value(), id.value());
  --cache.held;
  if (cpu.sheaves != nullptr) {
    if (FreeToSheaf(cache, cpu, object, link)) return;
  } else if (place.slab == cpu.slab) {
    // What FreeToSlab does, without a chain on the way: this is the hot path.
    link = cpu.freelist;
    cpu.freelist = place.index;
    return CountPath(cpu, SlabPath::kFreeFastpath);
  }
  FreeToSlab(cache, cpu, {place.slab, place.index, place.index, 1});
}

// do_slab_free.
void Slub::FreeToSlab(Cache& cache, Cpu& cpu, const Chain& chain) {
  if (chain.slab != cpu.slab) return FreeSlowly(cache, cpu, chain);
  slabs_[chain.slab].links[chain.tail] = cpu.freelist;
  cpu.freelist = chain.head;
  CountPath(cpu, SlabPath::kFreeFastpath, chain.count);
}

// __slab_free.
void Slub::FreeSlowly(Cache& cache, Cpu& cpu, const Chain& chain) {
  CountPath(cpu, SlabPath::kFreeSlowpath);
  Charge(costs().slab_refill);
  Slab& slab = slabs_[chain.slab];
  slab.links[chain.tail] = slab.freelist;
  slab.freelist = chain.head;
  slab.inuse = static_cast<std::uint16_t>(slab.inuse - chain.count);
  if (slab.place == SlabPlace::kCpuSlab) return CountPath(cpu, SlabPath::kFreeFrozen);
  if (slab.place == SlabPlace::kFull) {
    PutCpuPartial(cache, cpu, chain.slab, Drain::kYes);
    return CountPath(cpu, SlabPath::kCpuPartialFree);
  }
  if (slab.inuse != 0) return;
  {
    const LockScope lock(locks_, cache.list_lock, LockMode::kExclusive, {cache.id.value(), 0});
    Charge(costs().slab_node_partial);
    // On a CPU's list it is not looked at before it is taken or drained from there.
    if (slab.place != SlabPlace::kNodePartial) return;
    if (cache.partial_slabs < cache.definition.layout.min_partial) return;
    RemovePartial(cache, chain.slab);
    CountPath(cpu, SlabPath::kFreeRemovePartial);
  }
  CountPath(cpu, SlabPath::kFreeSlab);
  Discard(cache, chain.slab);
}

// put_cpu_partial.
void Slub::PutCpuPartial(Cache& cache, Cpu& cpu, SlabId id, Drain drain) {
  SlabId drained;
  {
    const LockScope lock(locks_, cpu.lock, LockMode::kExclusive, CpuLockOwner(cache, cpu));
    Charge(costs().slab_cpu_partial);
    if (drain == Drain::kYes && cpu.partial != SlabId() &&
        cpu.partial_slabs >= cache.definition.layout.cpu_partial_slabs) {
      drained = std::exchange(cpu.partial, SlabId());
      cpu.partial_slabs = 0;
    }
    Slab& slab = slabs_[id];
    slab.place = SlabPlace::kCpuPartial;
    slab.next = cpu.partial;
    cpu.partial = id;
    ++cpu.partial_slabs;
  }
  if (drained == SlabId()) return;
  PutPartials(cache, cpu, drained);
  CountPath(cpu, SlabPath::kCpuPartialDrain);
}

// __put_partials.
void Slub::PutPartials(Cache& cache, Cpu& cpu, SlabId first) {
  SlabId to_discard;
  {
    const LockScope lock(locks_, cache.list_lock, LockMode::kExclusive, {cache.id.value(), 0});
    while (first != SlabId()) {
      const SlabId id = first;
      Slab& slab = slabs_[id];
      first = std::exchange(slab.next, SlabId());
      if (slab.inuse == 0 && cache.partial_slabs >= cache.definition.layout.min_partial) {
        slab.next = std::exchange(to_discard, id);
      } else {
        Charge(costs().slab_node_partial);
        AddPartial(cache, id, ListEnd::kTail);
        CountPath(cpu, SlabPath::kFreeAddPartial);
      }
    }
  }
  while (to_discard != SlabId()) {
    const SlabId id = to_discard;
    to_discard = slabs_[id].next;
    CountPath(cpu, SlabPath::kDeactivateEmpty);
    Discard(cache, id);
    CountPath(cpu, SlabPath::kFreeSlab);
  }
}

void Slub::AddPartial(Cache& cache, SlabId id, ListEnd end) {
  Slab& slab = slabs_[id];
  slab.place = SlabPlace::kNodePartial;
  const bool head = end == ListEnd::kHead;
  slab.next = head ? cache.partial_head : SlabId();
  slab.previous = head ? SlabId() : cache.partial_tail;
  (slab.next == SlabId() ? cache.partial_tail : slabs_[slab.next].previous) = id;
  (slab.previous == SlabId() ? cache.partial_head : slabs_[slab.previous].next) = id;
  ++cache.partial_slabs;
}

void Slub::RemovePartial(Cache& cache, SlabId id) {
  Slab& slab = slabs_[id];
  (slab.next == SlabId() ? cache.partial_tail : slabs_[slab.next].previous) = slab.previous;
  (slab.previous == SlabId() ? cache.partial_head : slabs_[slab.previous].next) = slab.next;
  slab.next = slab.previous = SlabId();
  --cache.partial_slabs;
}

void Slub::Discard(Cache& cache, SlabId id) {
  Slab& slab = slabs_[id];
  --cache.slabs;
  cache.total_objects -= slab.objects;
  allocated_bytes_ -= slab.objects * sizeof(ObjectIndex);
  CountPages(cache, slab.order, -1);
  pages_.FreePages(slab.first_frame, slab.order);
  slab = Slab();
  slabs_.Remove(id);
}

void Slub::CountPages(const Cache& cache, Order order, std::int64_t sign) {
  const bool reclaimable = (cache.definition.gfp & kGfpReclaimable) != 0;
  counters_.Add(reclaimable ? Counter::kNrSlabReclaimable : Counter::kNrSlabUnreclaimable,
                sign * static_cast<std::int64_t>(PagesOfOrder(order).value()));
}

// --- In bulk

// build_detached_freelist.
std::size_t Slub::BuildChain(const Cache& cache, absl::Span<VirtualAddress> objects, Chain& chain) {
  // How many objects of other slabs are passed over.
  int lookahead = 3;
  std::size_t left = objects.size() - 1;
  const Place last = PlaceOf(cache, objects[left]);
  chain = {last.slab, last.index, last.index, 1};
  ObjectIndex* const links = slabs_[last.slab].links.get();
  for (std::size_t at = left; at > 0;) {
    const Place place = PlaceOf(cache, objects[--at]);
    if (place.slab == chain.slab) {
      links[place.index] = std::exchange(chain.head, place.index);
      ++chain.count;
      --left;
      std::swap(objects[at], objects[left]);
    } else if (--lookahead == 0) {
      break;
    }
  }
  return left;
}

void Slub::FreeBulkToSlabs(Cache& cache, Cpu& cpu, absl::Span<VirtualAddress> objects) {
  while (!objects.empty()) {
    Chain chain;
    objects = objects.first(BuildChain(cache, objects, chain));
    Charge(costs().slab_free + costs().slab_bulk_object * chain.count);
    FreeToSlab(cache, cpu, chain);
  }
}

void Slub::FreeBulk(CacheId id, absl::Span<VirtualAddress> objects) {
  Cache& cache = CacheOf(id);
  Cpu& cpu = ThisCpu(cache);
  for (const VirtualAddress object : objects) {
    MEMSIM_CHECK(IsHeld(*PlaceOf(cache, object).link), object.value(), id.value());
  }
  cache.held -= objects.size();
  std::size_t freed = 0;
  if (cpu.sheaves != nullptr) freed = FreeBulkToSheaves(cache, cpu, objects);
  FreeBulkToSlabs(cache, cpu, objects.subspan(freed));
}

// --- Shrinking

// deactivate_slab, as flush_slab calls it.
void Slub::FlushSlab(Cache& cache, Cpu& cpu) {
  const SlabId id = std::exchange(cpu.slab, SlabId());
  Slab& slab = slabs_[id];
  ListEnd end = ListEnd::kHead;
  {
    const LockScope lock(locks_, cpu.lock, LockMode::kExclusive, CpuLockOwner(cache, cpu));
    Charge(costs().slab_refill);
    if (slab.freelist != kEndOfList) {
      CountPath(cpu, SlabPath::kDeactivateRemoteFrees);
      end = ListEnd::kTail;
    }
    // The CPU's free objects go before those that others freed.
    std::uint16_t free = 0;
    ObjectIndex tail = kEndOfList;
    for (ObjectIndex at = cpu.freelist; at != kEndOfList; at = slab.links[at]) {
      tail = at;
      ++free;
    }
    if (tail != kEndOfList) {
      slab.links[tail] = slab.freelist;
      slab.freelist = cpu.freelist;
    }
    slab.inuse = static_cast<std::uint16_t>(slab.inuse - free);
    cpu.freelist = kEndOfList;
    slab.place = SlabPlace::kFull;
  }
  if (slab.inuse == 0 && cache.partial_slabs >= cache.definition.layout.min_partial) {
    CountPath(cpu, SlabPath::kDeactivateEmpty);
    Discard(cache, id);
    CountPath(cpu, SlabPath::kFreeSlab);
  } else if (slab.freelist != kEndOfList) {
    const LockScope lock(locks_, cache.list_lock, LockMode::kExclusive, {cache.id.value(), 0});
    Charge(costs().slab_node_partial);
    AddPartial(cache, id, end);
    CountPath(cpu, end == ListEnd::kHead ? SlabPath::kDeactivateToHead : SlabPath::kDeactivateToTail);
  } else {
    CountPath(cpu, SlabPath::kDeactivateFull);
  }
  CountPath(cpu, SlabPath::kCpuslabFlush);
}

// flush_cpu_slab. It runs on the CPU itself in Linux; here the one that asked pays for it.
void Slub::FlushCpu(Cache& cache, Cpu& cpu) {
  if (cpu.sheaves != nullptr) FlushSheaves(cache, cpu);
  if (cpu.slab != SlabId()) FlushSlab(cache, cpu);
  const SlabId partial = std::exchange(cpu.partial, SlabId());
  cpu.partial_slabs = 0;
  if (partial != SlabId()) PutPartials(cache, cpu, partial);
}

void Slub::Shrink(CacheId id) {
  Cache& cache = CacheOf(id);
  for (const std::unique_ptr<Cpu>& cpu : cache.cpus) {
    if (cpu != nullptr) FlushCpu(cache, *cpu);
  }
  ShrinkBarn(cache);
  ShrinkNode(cache);
}

// __kmem_cache_do_shrink.
void Slub::ShrinkNode(Cache& cache) {
  std::vector<SlabId> empty;
  {
    const LockScope lock(locks_, cache.list_lock, LockMode::kExclusive, {cache.id.value(), 0});
    // By the number of free objects. Linux moves each slab to the front of its list, and the lists before all others.
    std::array<std::vector<SlabId>, kShrinkPromoteMax + 1> nearly_full;
    for (SlabId id = cache.partial_head; id != SlabId(); id = slabs_[id].next) {
      Charge(costs().slab_node_partial);
      const Slab& slab = slabs_[id];
      const std::uint32_t free = slab.objects - slab.inuse;
      if (slab.inuse == 0) {
        empty.push_back(id);
      } else if (free <= kShrinkPromoteMax) {
        nearly_full[free].push_back(id);
      }
    }
    for (const SlabId id : empty) RemovePartial(cache, id);
    for (std::uint32_t free = kShrinkPromoteMax; free > 0; --free) {
      for (const SlabId id : nearly_full[free]) {
        RemovePartial(cache, id);
        AddPartial(cache, id, ListEnd::kHead);
      }
    }
  }
  // The list that Linux discards from is built front to back too.
  for (auto id = empty.rbegin(); id != empty.rend(); ++id) Discard(cache, *id);
}

}  // namespace memsim
