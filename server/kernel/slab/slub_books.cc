// SLUB: what can be seen, digested and checked.

#include <algorithm>
#include <map>
#include <set>

#include "absl/types/span.h"

#include "server/base/check.h"
#include "server/kernel/physical/direct_map.h"
#include "server/kernel/slab/slub.h"

namespace memsim {

void Slub::AddPaths(const Cache& cache, SlabPathCounts& sum) const {
  for (const std::unique_ptr<Cpu>& cpu : cache.cpus) {
    if (cpu == nullptr) continue;
    for (std::size_t i = 0; i < kFirstSheafPath; ++i) sum[i] += cpu->paths[i];
    if (cpu->sheaves == nullptr) continue;
    for (std::size_t i = kFirstSheafPath; i < kSlabPathCount; ++i) sum[i] += cpu->sheaves->paths[i - kFirstSheafPath];
  }
}

SlabPathCounts Slub::TotalPaths() const {
  SlabPathCounts sum = gone_paths_;
  for (const std::unique_ptr<Cache>& cache : caches_) {
    if (cache != nullptr) AddPaths(*cache, sum);
  }
  return sum;
}

// count_partial_free_approx: of a long list half of what it looks at from either end, scaled up.
std::uint64_t Slub::PartialFree(const Cache& cache) const {
  const auto free_of = [this](SlabId id) -> std::uint64_t { return slabs_[id].objects - slabs_[id].inuse; };
  const bool all = cache.partial_slabs <= kMaxPartialToScan;
  const std::uint64_t from_head = all ? cache.partial_slabs : kMaxPartialToScan / 2;
  const std::uint64_t from_tail = all ? 0 : kMaxPartialToScan / 2;
  std::uint64_t free = 0;
  SlabId id = cache.partial_head;
  for (std::uint64_t i = 0; i < from_head; ++i, id = slabs_[id].next) free += free_of(id);
  id = cache.partial_tail;
  for (std::uint64_t i = 0; i < from_tail; ++i, id = slabs_[id].previous) free += free_of(id);
  if (all) return free;
  return std::min(free * cache.partial_slabs / kMaxPartialToScan, cache.total_objects);
}

CacheCounts Slub::Count(CacheId id) const {
  const Cache& cache = CacheOf(id);
  return {cache.slabs, cache.total_objects, PartialFree(cache)};
}

CacheUse Slub::Look(CacheId id) const {
  const Cache& cache = CacheOf(id);
  CacheUse use;
  static_cast<CacheCounts&>(use) = Count(id);
  use.held_objects = cache.held;
  use.partial_slabs = cache.partial_slabs;
  for (SlabId slab = cache.partial_head; slab != SlabId(); slab = slabs_[slab].next) {
    use.partial_inuse += slabs_[slab].inuse;
    use.partial_all_free += slabs_[slab].objects - slabs_[slab].inuse;
  }
  for (const std::unique_ptr<Cpu>& cpu : cache.cpus) {
    CacheUse::Cpu& shown = use.cpus.emplace_back();
    if (cpu == nullptr) continue;
    shown.has_slab = cpu->slab != SlabId();
    shown.partial_slabs = cpu->partial_slabs;
    std::copy(cpu->paths.begin(), cpu->paths.end(), shown.paths.begin());
    if (cpu->sheaves == nullptr) continue;
    std::copy(cpu->sheaves->paths.begin(), cpu->sheaves->paths.end(), shown.paths.begin() + kFirstSheafPath);
  }
  return use;
}

void Slub::DigestTo(Digest& digest) const {
  const auto add_sheaf = [&digest](const SheafPointer& sheaf) {
    digest.Add(sheaf == nullptr ? VirtualAddress(0) : sheaf->storage);
    if (sheaf == nullptr) return;
    for (const VirtualAddress object : sheaf->objects) digest.Add(object);
  };
  for (const std::unique_ptr<Cache>& cache : caches_) {
    if (cache == nullptr) continue;
    digest.Add(cache->id);
    digest.Add(cache->held);
    digest.Add(cache->partial_head);
    cache->list_lock.DigestTo(digest);
    cache->barn.lock.DigestTo(digest);
    for (const std::unique_ptr<Cpu>& cpu : cache->cpus) {
      if (cpu == nullptr) continue;
      digest.Add(cpu->number);
      digest.Add(cpu->slab);
      digest.Add(cpu->partial);
      digest.Add(cpu->freelist);
      cpu->lock.DigestTo(digest);
      for (const std::uint64_t count : cpu->paths) digest.Add(count);
      if (cpu->sheaves == nullptr) continue;
      add_sheaf(cpu->sheaves->main);
      add_sheaf(cpu->sheaves->spare);
      for (const std::uint64_t count : cpu->sheaves->paths) digest.Add(count);
    }
    for (const SheafPointer& sheaf : cache->barn.full) add_sheaf(sheaf);
    for (const SheafPointer& sheaf : cache->barn.empty) add_sheaf(sheaf);
  }
  for (const Slab& slab : slabs_.values()) {
    digest.Add(slab.first_frame);
    digest.Add(slab.next);
    digest.Add(slab.freelist);
    digest.Add(static_cast<std::uint64_t>(slab.inuse) << 8 | static_cast<std::uint64_t>(slab.place));
    for (std::uint16_t i = 0; i < slab.objects; ++i) digest.Add(slab.links[i]);
  }
  for (const SlabId id : slabs_.free_ids()) digest.Add(id);
  for (const std::uint64_t count : gone_paths_) digest.Add(count);
}

ByteCount Slub::HostMemory() const {
  return ByteCount(sizeof(*this) + caches_.capacity() * sizeof(caches_[0]) + allocated_bytes_) + slabs_.HostMemory();
}

// --- Invariants

void Slub::CheckInvariants() const {
  slabs_.CheckInvariants();
  std::uint64_t slabs = 0;
  PageCount reclaimable;
  PageCount pages;
  for (const std::unique_ptr<Cache>& cache : caches_) {
    if (cache == nullptr) continue;
    CheckCache(*cache);
    slabs += cache->slabs;
  }
  MEMSIM_CHECK(slabs == slabs_.size(), slabs, slabs_.size());
  for (const Slab& slab : slabs_.values()) {
    if (slab.cache == CacheId()) continue;
    const PageCount size = PagesOfOrder(slab.order);
    pages += size;
    if ((CacheOf(slab.cache).definition.gfp & kGfpReclaimable) != 0) reclaimable += size;
  }
  MEMSIM_CHECK(pages == pages_.pages_of(PageOwner::kSlab), pages.value());
  MEMSIM_CHECK(counters_.Get(Counter::kNrSlabReclaimable) == static_cast<std::int64_t>(reclaimable.value()));
  const PageCount large = pages_.pages_of(PageOwner::kLargeKmalloc);
  MEMSIM_CHECK(counters_.Get(Counter::kNrSlabUnreclaimable) ==
               static_cast<std::int64_t>((pages - reclaimable + large).value()));
}

void Slub::CheckCache(const Cache& cache) const {
  // Where each slab is, and on what list it is found.
  std::map<SlabId, SlabPlace> found;
  const auto find = [&](SlabId id, SlabPlace place) {
    MEMSIM_CHECK(slabs_[id].cache == cache.id && slabs_[id].place == place, id.value(), cache.id.value());
    MEMSIM_CHECK(found.emplace(id, place).second, id.value());
  };
  std::vector<VirtualAddress> in_sheaves;
  const auto add_sheaf = [&in_sheaves](const SheafPointer& sheaf) {
    if (sheaf != nullptr) in_sheaves.insert(in_sheaves.end(), sheaf->objects.begin(), sheaf->objects.end());
  };
  for (const std::unique_ptr<Cpu>& cpu : cache.cpus) {
    if (cpu == nullptr) continue;
    if (cpu->slab != SlabId()) find(cpu->slab, SlabPlace::kCpuSlab);
    MEMSIM_CHECK(cpu->slab != SlabId() || cpu->freelist == kEndOfList, cache.id.value());
    std::uint32_t partial = 0;
    for (SlabId id = cpu->partial; id != SlabId(); id = slabs_[id].next, ++partial) find(id, SlabPlace::kCpuPartial);
    MEMSIM_CHECK(partial == cpu->partial_slabs, partial, cpu->partial_slabs);
    if (cpu->sheaves == nullptr) continue;
    add_sheaf(cpu->sheaves->main);
    add_sheaf(cpu->sheaves->spare);
  }
  SlabId previous;
  std::uint64_t partial = 0;
  for (SlabId id = cache.partial_head; id != SlabId(); id = slabs_[id].next, ++partial) {
    find(id, SlabPlace::kNodePartial);
    MEMSIM_CHECK(slabs_[id].previous == previous, id.value());
    previous = id;
  }
  MEMSIM_CHECK(cache.partial_tail == previous && partial == cache.partial_slabs, partial, cache.partial_slabs);
  for (const SheafPointer& sheaf : cache.barn.full) add_sheaf(sheaf);
  for (const SheafPointer& sheaf : cache.barn.empty) MEMSIM_CHECK(sheaf->objects.empty());
  CheckObjects(cache, in_sheaves, found.size());
}

void Slub::CheckObjects(const Cache& cache, const std::vector<VirtualAddress>& in_sheaves,
                        std::size_t listed_slabs) const {
  std::uint64_t held = 0;
  std::uint64_t objects = 0;
  std::uint64_t slabs = 0;
  std::uint64_t marked = 0;
  for (const VirtualAddress object : in_sheaves) {
    MEMSIM_CHECK(*PlaceOf(cache, object).link == kInSheaf, object.value());
  }
  MEMSIM_CHECK(std::set<VirtualAddress>(in_sheaves.begin(), in_sheaves.end()).size() == in_sheaves.size());
  for (const Slab& slab : slabs_.values()) {
    if (slab.cache != cache.id) continue;
    ++slabs;
    if (slab.place != SlabPlace::kFull) --listed_slabs;
    objects += slab.objects;
    const auto links = absl::MakeConstSpan(slab.links.get(), slab.objects);
    held += static_cast<std::uint64_t>(std::count_if(links.begin(), links.end(), IsHeld));
    marked += static_cast<std::uint64_t>(std::count(links.begin(), links.end(), kInSheaf));
    CheckSlab(cache, slab);
  }
  MEMSIM_CHECK(listed_slabs == 0, listed_slabs);
  MEMSIM_CHECK(held == cache.held, held, cache.held);
  MEMSIM_CHECK(marked == in_sheaves.size(), marked, in_sheaves.size());
  MEMSIM_CHECK(slabs == cache.slabs && objects == cache.total_objects, slabs, objects);
}

void Slub::CheckSlab(const Cache& cache, const Slab& slab) const {
  const SlabId id(pages_.frame(slab.first_frame).mapping);
  MEMSIM_CHECK(&slabs_[id] == &slab, id.value());
  for (std::uint64_t i = 0; i < PagesOfOrder(slab.order).value(); ++i) {
    MEMSIM_CHECK(pages_.frame(slab.first_frame + PageCount(i)).mapping == id.value(), id.value(), i);
  }
  std::vector<bool> listed(slab.objects);
  // How many objects a free list has that begins here; none of them is on another.
  const auto length = [&](ObjectIndex at) {
    std::uint16_t count = 0;
    for (; at != kEndOfList; at = slab.links[at], ++count) {
      MEMSIM_CHECK(at < slab.objects && !listed[at], id.value(), at);
      listed[at] = true;
    }
    return count;
  };
  const std::uint16_t free = length(slab.freelist);
  MEMSIM_CHECK(slab.inuse + free == slab.objects, id.value(), slab.inuse);
  for (const std::unique_ptr<Cpu>& cpu : cache.cpus) {
    if (cpu != nullptr && cpu->slab == id) length(cpu->freelist);
  }
  for (std::uint16_t i = 0; i < slab.objects; ++i) {
    MEMSIM_CHECK(listed[i] != (IsHeld(slab.links[i]) || slab.links[i] == kInSheaf), id.value(), i);
  }
  // Those that no CPU has and that have free objects are on a list; CheckCache saw which.
  const bool on_partial = slab.place == SlabPlace::kCpuPartial || slab.place == SlabPlace::kNodePartial;
  MEMSIM_CHECK(slab.place == SlabPlace::kCpuSlab || (free > 0) == on_partial, id.value(), free);
}

}  // namespace memsim
