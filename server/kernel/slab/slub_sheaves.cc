// SLUB: sheaves, the arrays of objects that caches with a sheaf_capacity have before their slabs.
//
//   CPU: main sheaf, spare sheaf        node: barn of full and of empty sheaves
//
// An object comes from the main sheaf and goes to it. When that is empty, or full, the spare one takes its place if it
// helps; else the barn changes it for another; else objects come from the slabs, or go to them, a sheaf at a time.

#include <algorithm>
#include <utility>

#include "server/base/check.h"
#include "server/kernel/slab/slub.h"

namespace memsim {
namespace {

// PCS_BATCH_MAX: how many objects of the main sheaf are flushed at once.
constexpr std::size_t kFlushBatch = 32;

bool MayBlock(GfpMask gfp) { return (gfp & kGfpDirectReclaim) != 0; }

template <typename T>
T TakeLast(std::vector<T>& stack) {
  T last = std::move(stack.back());
  stack.pop_back();
  return last;
}

}  // namespace

// --- The barn, under its lock. As in Linux, whether it has anything is asked without.

Slub::SheafPointer Slub::TakeFromBarn(Cache& cache, std::vector<SheafPointer>& stack) {
  const LockScope lock(locks_, cache.barn.lock, LockMode::kExclusive, {cache.id.value(), 0});
  Charge(costs().slab_barn);
  return TakeLast(stack);
}

void Slub::PutIntoBarn(Cache& cache, std::vector<SheafPointer>& stack, SheafPointer sheaf) {
  const LockScope lock(locks_, cache.barn.lock, LockMode::kExclusive, {cache.id.value(), 0});
  Charge(costs().slab_barn);
  stack.push_back(std::move(sheaf));
}

Slub::SheafPointer Slub::ExchangeInBarn(Cache& cache, std::vector<SheafPointer>& from, std::vector<SheafPointer>& to,
                                        SheafPointer sheaf) {
  const LockScope lock(locks_, cache.barn.lock, LockMode::kExclusive, {cache.id.value(), 0});
  Charge(costs().slab_barn);
  SheafPointer taken = TakeLast(from);
  to.push_back(std::move(sheaf));
  return taken;
}

// --- Sheaves themselves

// alloc_empty_sheaf.
Slub::SheafPointer Slub::AllocSheaf(Cache& cache, Cpu& cpu, GfpMask gfp) {
  const VirtualAddress storage = Alloc(cache.definition.sheaf_cache, gfp, ObjectOwner::kKernel);
  if (storage == kNoObject) return nullptr;
  CountSheaf(cpu, SlabPath::kSheafAlloc);
  auto sheaf = std::make_unique<Sheaf>();
  sheaf->storage = storage;
  sheaf->objects.reserve(cache.definition.sheaf_capacity);
  allocated_bytes_ += sizeof(Sheaf) + cache.definition.sheaf_capacity * sizeof(VirtualAddress);
  return sheaf;
}

void Slub::FreeSheaf(Cache& cache, Cpu& cpu, SheafPointer sheaf) {
  MEMSIM_CHECK(sheaf->objects.empty(), sheaf->objects.size());
  allocated_bytes_ -= sizeof(Sheaf) + cache.definition.sheaf_capacity * sizeof(VirtualAddress);
  Free(cache.definition.sheaf_cache, sheaf->storage);
  CountSheaf(cpu, SlabPath::kSheafFree);
}

// refill_sheaf. False: out of memory, and the sheaf is as it was.
bool Slub::RefillSheaf(Cache& cache, Cpu& cpu, Sheaf& sheaf, GfpMask gfp) {
  const std::size_t had = sheaf.objects.size();
  sheaf.objects.resize(cache.definition.sheaf_capacity);
  if (!AllocBulkFromSlabs(cache, cpu, gfp, kInSheaf, absl::MakeSpan(sheaf.objects).subspan(had))) {
    sheaf.objects.resize(had);
    return false;
  }
  CountSheaf(cpu, SlabPath::kSheafRefill, sheaf.objects.size() - had);
  return true;
}

// sheaf_flush_unused.
void Slub::FlushSheaf(Cache& cache, Cpu& cpu, Sheaf& sheaf) {
  CountSheaf(cpu, SlabPath::kSheafFlush, sheaf.objects.size());
  FreeBulkToSlabs(cache, cpu, absl::MakeSpan(sheaf.objects));
  sheaf.objects.clear();
}

// --- Allocation

// alloc_from_pcs.
VirtualAddress Slub::AllocFromSheaf(Cache& cache, Cpu& cpu, GfpMask gfp, ObjectIndex link) {
  CpuSheaves& sheaves = *cpu.sheaves;
  if (sheaves.main == nullptr) {
    // Linux makes them for all CPUs with the cache; here a CPU that never uses the cache costs nothing.
    sheaves.main = AllocSheaf(cache, cpu, kGfpKernel);
    if (sheaves.main == nullptr) return kNoObject;
  }
  if (sheaves.main->objects.empty() && !ReplaceEmptyMain(cache, cpu, gfp)) return kNoObject;
  const VirtualAddress object = TakeLast(sheaves.main->objects);
  *PlaceOf(cache, object).link = link;
  CountSheaf(cpu, SlabPath::kAllocPcs);
  return object;
}

// The part of both allocations that needs no memory: the spare sheaf, or one of the barn.
bool Slub::TakeFullSheaf(Cache& cache, Cpu& cpu) {
  CpuSheaves& sheaves = *cpu.sheaves;
  if (sheaves.spare != nullptr && !sheaves.spare->objects.empty()) {
    std::swap(sheaves.main, sheaves.spare);
    return true;
  }
  if (cache.barn.full.empty()) {
    CountSheaf(cpu, SlabPath::kBarnGetFail);
    return false;
  }
  sheaves.main = ExchangeInBarn(cache, cache.barn.full, cache.barn.empty, std::move(sheaves.main));
  CountSheaf(cpu, SlabPath::kBarnGet);
  return true;
}

// __pcs_replace_empty_main.
bool Slub::ReplaceEmptyMain(Cache& cache, Cpu& cpu, GfpMask gfp) {
  if (TakeFullSheaf(cache, cpu)) return true;
  if (!MayBlock(gfp)) return false;
  CpuSheaves& sheaves = *cpu.sheaves;
  SheafPointer sheaf = std::move(sheaves.spare);
  if (sheaf == nullptr && !cache.barn.empty.empty()) sheaf = TakeFromBarn(cache, cache.barn.empty);
  if (sheaf == nullptr) sheaf = AllocSheaf(cache, cpu, gfp);
  if (sheaf == nullptr) return false;
  if (!RefillSheaf(cache, cpu, *sheaf, gfp)) {
    FreeSheaf(cache, cpu, std::move(sheaf));
    return false;
  }
  PutIntoBarn(cache, cache.barn.empty, std::exchange(sheaves.main, std::move(sheaf)));
  return true;
}

// alloc_from_pcs_bulk. How many there were; the slabs give the rest.
std::size_t Slub::AllocBulkFromSheaves(Cache& cache, Cpu& cpu, ObjectIndex link, absl::Span<VirtualAddress> objects) {
  CpuSheaves& sheaves = *cpu.sheaves;
  std::size_t taken = 0;
  while (taken < objects.size() && sheaves.main != nullptr) {
    if (sheaves.main->objects.empty() && !TakeFullSheaf(cache, cpu)) break;
    std::vector<VirtualAddress>& main = sheaves.main->objects;
    const std::size_t batch = std::min(objects.size() - taken, main.size());
    Charge(costs().slab_alloc + costs().slab_bulk_object * batch);
    for (std::size_t i = 0; i < batch; ++i) {
      objects[taken + i] = main[main.size() - batch + i];
      *PlaceOf(cache, objects[taken + i]).link = link;
    }
    main.resize(main.size() - batch);
    CountSheaf(cpu, SlabPath::kAllocPcs, batch);
    taken += batch;
  }
  return taken;
}

// --- Freeing

// free_to_pcs.
bool Slub::FreeToSheaf(Cache& cache, Cpu& cpu, VirtualAddress object, ObjectIndex& link) {
  CpuSheaves& sheaves = *cpu.sheaves;
  if (sheaves.main == nullptr) {
    sheaves.main = AllocSheaf(cache, cpu, kGfpKernel);
    if (sheaves.main == nullptr) return false;
  }
  const std::size_t capacity = cache.definition.sheaf_capacity;
  if (sheaves.main->objects.size() == capacity && !ReplaceFullMain(cache, cpu)) return false;
  link = kInSheaf;
  sheaves.main->objects.push_back(object);
  CountSheaf(cpu, SlabPath::kFreePcs);
  return true;
}

// __pcs_replace_full_main.
bool Slub::ReplaceFullMain(Cache& cache, Cpu& cpu) {
  CpuSheaves& sheaves = *cpu.sheaves;
  Barn& barn = cache.barn;
  bool put_fails = false;
  SheafPointer empty;
  if (sheaves.spare == nullptr) {
    if (!barn.empty.empty()) empty = TakeFromBarn(cache, barn.empty);
  } else if (sheaves.spare->objects.size() < cache.definition.sheaf_capacity) {
    std::swap(sheaves.main, sheaves.spare);
    return true;
  } else if (barn.full.size() >= kMaxFullSheaves) {
    CountSheaf(cpu, SlabPath::kBarnPutFail);
    empty = std::move(sheaves.spare);
    FlushSheaf(cache, cpu, *empty);
  } else if (!barn.empty.empty()) {
    sheaves.main = ExchangeInBarn(cache, barn.empty, barn.full, std::move(sheaves.main));
    CountSheaf(cpu, SlabPath::kBarnPut);
    return true;
  } else {
    put_fails = true;
  }
  if (empty == nullptr) empty = AllocSheaf(cache, cpu, kGfpNowait);
  if (empty == nullptr) {
    // Out of memory: room is made by flushing.
    if (put_fails) CountSheaf(cpu, SlabPath::kBarnPutFail);
    FlushSheaf(cache, cpu, *sheaves.main);
    return true;
  }
  // __pcs_install_empty_sheaf.
  SheafPointer full = std::exchange(sheaves.main, std::move(empty));
  if (sheaves.spare == nullptr) {
    sheaves.spare = std::move(full);
  } else {
    PutIntoBarn(cache, barn.full, std::move(full));
    CountSheaf(cpu, SlabPath::kBarnPut);
  }
  return true;
}

// free_to_pcs_bulk. How many went there; the rest belongs back to the slabs.
std::size_t Slub::FreeBulkToSheaves(Cache& cache, Cpu& cpu, absl::Span<VirtualAddress> objects) {
  CpuSheaves& sheaves = *cpu.sheaves;
  Barn& barn = cache.barn;
  const std::size_t capacity = cache.definition.sheaf_capacity;
  std::size_t freed = 0;
  while (freed < objects.size() && sheaves.main != nullptr) {
    if (sheaves.main->objects.size() == capacity) {
      if (sheaves.spare == nullptr) {
        if (barn.empty.empty()) break;
        sheaves.spare = std::exchange(sheaves.main, TakeFromBarn(cache, barn.empty));
      } else if (sheaves.spare->objects.size() < capacity) {
        std::swap(sheaves.main, sheaves.spare);
      } else if (barn.full.size() >= kMaxFullSheaves || barn.empty.empty()) {
        CountSheaf(cpu, SlabPath::kBarnPutFail);
        break;
      } else {
        sheaves.main = ExchangeInBarn(cache, barn.empty, barn.full, std::move(sheaves.main));
        CountSheaf(cpu, SlabPath::kBarnPut);
      }
    }
    std::vector<VirtualAddress>& main = sheaves.main->objects;
    const std::size_t batch = std::min(objects.size() - freed, capacity - main.size());
    Charge(costs().slab_free + costs().slab_bulk_object * batch);
    for (std::size_t i = 0; i < batch; ++i) {
      *PlaceOf(cache, objects[freed + i]).link = kInSheaf;
      main.push_back(objects[freed + i]);
    }
    CountSheaf(cpu, SlabPath::kFreePcs, batch);
    freed += batch;
  }
  return freed;
}

// --- Shrinking

// pcs_flush_all.
void Slub::FlushSheaves(Cache& cache, Cpu& cpu) {
  CpuSheaves& sheaves = *cpu.sheaves;
  if (sheaves.spare != nullptr) {
    FlushSheaf(cache, cpu, *sheaves.spare);
    FreeSheaf(cache, cpu, std::move(sheaves.spare));
  }
  if (sheaves.main == nullptr) return;
  std::vector<VirtualAddress>& main = sheaves.main->objects;
  while (!main.empty()) {
    const std::size_t batch = std::min(main.size(), kFlushBatch);
    CountSheaf(cpu, SlabPath::kSheafFlush, batch);
    FreeBulkToSlabs(cache, cpu, absl::MakeSpan(main).last(batch));
    main.resize(main.size() - batch);
  }
}

// barn_shrink.
void Slub::ShrinkBarn(Cache& cache) {
  if (cache.barn.full.empty() && cache.barn.empty.empty()) return;
  Cpu& cpu = ThisCpu(cache);
  for (; !cache.barn.full.empty(); cache.barn.full.pop_back()) {
    FlushSheaf(cache, cpu, *cache.barn.full.back());
    FreeSheaf(cache, cpu, std::move(cache.barn.full.back()));
  }
  for (; !cache.barn.empty.empty(); cache.barn.empty.pop_back()) {
    FreeSheaf(cache, cpu, std::move(cache.barn.empty.back()));
  }
}

}  // namespace memsim
