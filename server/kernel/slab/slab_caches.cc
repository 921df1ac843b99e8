#include "server/kernel/slab/slab_caches.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"

#include "server/base/check.h"
#include "server/kernel/slab/cache_merging.h"
#include "server/kernel/slab/kmalloc_classes.h"
#include "server/kernel/slab/slab_layout.h"
#include "server/kernel/slab/slub.h"

namespace memsim {
namespace {

// struct slab_sheaf before its objects.
constexpr ByteCount kSheafHeader{32};
// Linux sets no limit. A page of pointers is far more than its own caches ask for, and costs the host 4 KiB a CPU.
constexpr std::uint32_t kMaxSheafCapacity = 512;

// One word of slabinfo, and a directory's name that is not one of those that aliases lead to.
bool IsName(absl::string_view name) {
  if (name.empty() || name.size() > SlabCaches::kMaxNameLength || name[0] == ':' || name == "." || name == "..") {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) { return absl::ascii_isgraph(c) && c != '/'; });
}

bool IsPowerOfTwo(ByteCount size) { return (size.value() & (size.value() - 1)) == 0; }

CacheId ToTable(CacheId id) { return CacheId(id.value() - static_cast<std::uint32_t>(kKernelCacheCount)); }
CacheId FromTable(CacheId id) { return CacheId(id.value() + static_cast<std::uint32_t>(kKernelCacheCount)); }

// s->allocflags.
GfpMask PageGfp(SlabFlags flags) {
  GfpMask gfp = kGfpComp;
  if ((flags & kSlabCacheDma) != 0) gfp |= kGfpDma;
  if ((flags & kSlabCacheDma32) != 0) gfp |= kGfpDma32;
  if ((flags & kSlabReclaimAccount) != 0) gfp |= kGfpReclaimable;
  return gfp;
}

KernelCache SheafCache(std::uint32_t capacity) { return KmallocCache(kSheafHeader + kWord * capacity, kGfpKernel); }

}  // namespace

SlabCaches::SlabCaches(PageAllocator& pages, Counters& counters, Locks& locks)
    : locks_(locks), engine_(std::make_unique<Slub>(pages, counters, locks)) {}

SlabCaches::~SlabCaches() = default;

bool SlabCaches::Boot() {
  for (std::size_t i = 0; i < kKernelCacheCount; ++i) {
    // They are never destroyed, so nobody needs to know which object is whose.
    if (Alloc(KernelCache::kKmemCache, kGfpKernel | kGfpZero) == kNoObject) return false;
    if (Alloc(KernelCache::kKmemCacheNode, kGfpKernel) == kNoObject) return false;
  }
  return true;
}

void SlabCaches::AddToEngine(CacheId id) {
  const CacheDefinition& wanted = definition(id);
  EngineCache cache;
  cache.layout = LayoutOf(id);
  cache.gfp = PageGfp(wanted.flags);
  cache.sheaf_capacity = wanted.sheaf_capacity;
  if (wanted.sheaf_capacity != 0) {
    cache.sheaf_cache = IdOf(SheafCache(wanted.sheaf_capacity));
    MakeUsable(cache.sheaf_cache);
  }
  engine_->AddCache(id, cache);
  if (IsBootCache(id)) usable_.set(id.value() - 1);
}

const SlabCaches::Created& SlabCaches::created(CacheId id) const { return *created_[ToTable(id)]; }

// --- Names

std::optional<CacheId> SlabCaches::Find(absl::string_view name) const {
  if (const std::optional<KernelCache> cache = FindBootCache(name)) return IdOf(*cache);
  for (const CacheId id : created_order_) {
    if (!created(id).renounced && created(id).name == name) return id;
  }
  for (const Alias& alias : aliases_) {
    if (alias.name == name) return alias.cache;
  }
  return std::nullopt;
}

bool SlabCaches::Contains(CacheId id) const {
  if (IsBootCache(id)) return true;
  const std::uint64_t place = id.value() - kKernelCacheCount - 1;
  return place < created_.values().size() && created_.values()[place] != nullptr;
}

const CacheDefinition& SlabCaches::definition(CacheId id) const {
  return IsBootCache(id) ? kBootCaches[id.value() - 1] : created(id).definition;
}

std::uint32_t SlabCaches::AliasCount(CacheId id) const {
  std::uint32_t count = 0;
  ForEachAlias([&](absl::string_view, CacheId cache) { count += cache == id ? 1 : 0; });
  if (!IsBootCache(id) && created(id).renounced) --count;
  return count;
}

ByteCount SlabCaches::ObjectSize(CacheId id) const {
  const auto widened = widened_.find(id);
  return widened != widened_.end() ? widened->second : definition(id).object_size;
}

SlabLayout SlabCaches::LayoutOf(CacheId id) const { return *LayOutSlab(definition(id), cpu_count()); }

// --- Creating and destroying

Errno SlabCaches::CheckDefinition(const CacheDefinition& definition) const {
  if (!IsName(definition.name)) return Errno::kInval;
  if (definition.object_size == ByteCount(0) || definition.object_size > kMaxObjectSize) return Errno::kInval;
  if (!IsPowerOfTwo(definition.align) || definition.align > kMaxObjectSize) return Errno::kInval;
  if ((definition.flags & ~kSlabPermittedFlags) != 0 || definition.sheaf_capacity > kMaxSheafCapacity) {
    return Errno::kInval;
  }
  if ((definition.flags & kSlabDebugFlags) != 0) return Errno::kNoSys;
  if (!LayOutSlab(definition, cpu_count()).has_value()) return Errno::kInval;
  return Find(definition.name).has_value() ? Errno::kExist : Errno::kOk;
}

std::optional<CacheId> SlabCaches::FindMergeable(const CacheDefinition& added) const {
  if (!IsMergeable(added)) return std::nullopt;
  for (std::size_t i = 0; i < kKernelCacheCount; ++i) {
    if (CanMergeInto(added, kBootCaches[i])) return IdOf(static_cast<KernelCache>(i));
  }
  for (const CacheId id : created_order_) {
    if (CanMergeInto(added, created(id).definition)) return id;
  }
  return std::nullopt;
}

ErrnoOr<CacheId> SlabCaches::Create(const CacheDefinition& definition) {
  if (const Errno error = CheckDefinition(definition); error != Errno::kOk) return error;
  if (created_.size() + aliases_.size() >= kMaxCreated) return Errno::kNoMem;
  locks_.cpus().Charge(locks_.cpus().costs().kmem_cache_create);
  if (const std::optional<CacheId> old = FindMergeable(definition)) {
    aliases_.push_back({std::string(definition.name), *old});
    name_bytes_ += definition.name.size();
    if (definition.object_size > ObjectSize(*old)) widened_[*old] = definition.object_size;
    return *old;
  }
  return AddCache(definition);
}

ErrnoOr<CacheId> SlabCaches::AddCache(const CacheDefinition& definition) {
  auto added = std::make_unique<Created>();
  added->cache_object = Alloc(KernelCache::kKmemCache, kGfpKernel | kGfpZero);
  if (added->cache_object == kNoObject) return Errno::kNoMem;
  added->node_object = Alloc(KernelCache::kKmemCacheNode, kGfpKernel);
  if (added->node_object == kNoObject) {
    Free(KernelCache::kKmemCache, added->cache_object);
    return Errno::kNoMem;
  }
  added->name = std::string(definition.name);
  added->definition = definition;
  added->definition.name = added->name;
  name_bytes_ += added->name.size();
  const CacheId id = FromTable(created_.Add(std::move(added)));
  created_order_.push_back(id);
  AddToEngine(id);
  return id;
}

Errno SlabCaches::Destroy(CacheId id, absl::string_view name) {
  // With a name less it may still be somebody else's.
  for (auto alias = aliases_.rbegin(); alias != aliases_.rend(); ++alias) {
    if (alias->cache != id || (!name.empty() && alias->name != name)) continue;
    const bool last = !IsBootCache(id) && created(id).renounced && AliasCount(id) == 0;
    if (last && held_objects(id) != 0) return Errno::kBusy;
    name_bytes_ -= alias->name.size();
    aliases_.erase(std::next(alias).base());
    if (last) RemoveCache(id);
    return Errno::kOk;
  }
  if (IsBootCache(id)) return Errno::kBusy;
  if (AliasCount(id) > 0) {
    created_[ToTable(id)]->renounced = true;
    return Errno::kOk;
  }
  if (held_objects(id) != 0) return Errno::kBusy;
  RemoveCache(id);
  return Errno::kOk;
}

void SlabCaches::RemoveCache(CacheId id) {
  locks_.cpus().Charge(locks_.cpus().costs().kmem_cache_destroy);
  engine_->RemoveCache(id);
  const std::unique_ptr<Created> gone = std::move(created_[ToTable(id)]);
  created_.Remove(ToTable(id));
  widened_.erase(id);
  name_bytes_ -= gone->name.size();
  created_order_.erase(std::find(created_order_.begin(), created_order_.end(), id));
  Free(KernelCache::kKmemCacheNode, gone->node_object);
  Free(KernelCache::kKmemCache, gone->cache_object);
}

// --- Objects

VirtualAddress SlabCaches::AllocForCaller(CacheId id, GfpMask gfp) {
  const VirtualAddress object = AllocQuietly(id, gfp, ObjectOwner::kCaller);
  if (IsToldOf(Tracepoint::kKmemCacheAlloc)) TellOfAlloc(id, object, gfp, ObjectOwner::kCaller);
  return object;
}

VirtualAddress SlabCaches::AllocQuietly(CacheId id, GfpMask gfp, ObjectOwner owner) {
  MakeUsable(id);
  const VirtualAddress object = engine_->Alloc(id, gfp, owner);
  if ((gfp & kGfpZero) != 0) ChargeZeroing(id, object);
  return object;
}

void SlabCaches::ChargeZeroing(CacheId id, VirtualAddress object) {
  if (object == kNoObject) return;
  Cpus& cpus = locks_.cpus();
  cpus.Charge(cpus.costs().page_zero * ObjectSize(id).value() / kPageSize.value());
}

void SlabCaches::TellOfAlloc(CacheId id, VirtualAddress object, GfpMask gfp, ObjectOwner owner) {
  const CacheDefinition& cache = definition(id);
  const bool accounted = ((cache.flags & kSlabAccount) != 0) || (gfp & kGfpAccount) != 0;
  locks_.cpus().Trace<Tracepoint::kKmemCacheAlloc>(owner == ObjectOwner::kCaller, object, cache.name, ObjectSize(id),
                                                   LayoutOf(id).object.size, gfp, kAnyNode, accounted);
}

void SlabCaches::TellOfFree(CacheId id, VirtualAddress object, ObjectOwner owner) {
  locks_.cpus().Trace<Tracepoint::kKmemCacheFree>(owner == ObjectOwner::kCaller, object, definition(id).name);
}

bool SlabCaches::AllocBulkForCaller(CacheId id, GfpMask gfp, absl::Span<VirtualAddress> objects) {
  MakeUsable(id);
  if (!engine_->AllocBulk(id, gfp, ObjectOwner::kCaller, objects)) return false;
  for (const VirtualAddress object : objects) {
    if ((gfp & kGfpZero) != 0) ChargeZeroing(id, object);
  }
  return true;
}

std::optional<SlabRefusal> SlabCaches::WhyNotFree(CacheId id, VirtualAddress object) const {
  const ObjectLook look = engine_->Find(object);
  if (look.state == ObjectState::kNoSlab) return SlabRefusal::kNoSuchObject;
  if (look.cache != id) return SlabRefusal::kWrongCache;
  switch (look.state) {
    case ObjectState::kHeldByCaller:
      return std::nullopt;
    case ObjectState::kHeldByKernel:
      return SlabRefusal::kInUse;
    case ObjectState::kFree:
      return SlabRefusal::kAlreadyFree;
    default:
      return SlabRefusal::kNotObjectStart;
  }
}

std::optional<SlabRefusal> SlabCaches::FreeCallers(CacheId id, VirtualAddress object) {
  const std::optional<SlabRefusal> refusal = WhyNotFree(id, object);
  if (refusal.has_value()) return refusal;
  if (IsToldOf(Tracepoint::kKmemCacheFree)) TellOfFree(id, object, ObjectOwner::kCaller);
  engine_->Free(id, object);
  return std::nullopt;
}

std::optional<SlabRefusal> SlabCaches::FreeBulkCallers(CacheId id, absl::Span<VirtualAddress> objects) {
  for (const VirtualAddress object : objects) {
    if (const std::optional<SlabRefusal> refusal = WhyNotFree(id, object)) return refusal;
  }
  std::vector<VirtualAddress> sorted(objects.begin(), objects.end());
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return SlabRefusal::kAlreadyFree;
  if (!objects.empty()) engine_->FreeBulk(id, objects);
  return std::nullopt;
}

void SlabCaches::Shrink(CacheId id) {
  if (IsUsable(id)) engine_->Shrink(id);
}

// --- Looks

std::uint64_t SlabCaches::held_objects(CacheId id) const { return IsUsable(id) ? engine_->held_objects(id) : 0; }

CacheCounts SlabCaches::Count(CacheId id) const { return IsUsable(id) ? engine_->Count(id) : CacheCounts(); }

CacheUse SlabCaches::Look(CacheId id) const { return IsUsable(id) ? engine_->Look(id) : CacheUse(); }

void SlabCaches::DigestTo(Digest& digest) const {
  for (const CacheId id : created_order_) {
    const CacheDefinition& made = created(id).definition;
    digest.Add(id);
    digest.Add(made.name);
    digest.Add(made.object_size);
    digest.Add(made.align);
    digest.Add(static_cast<std::uint64_t>(made.flags) << 32 | made.sheaf_capacity);
    digest.Add(made.constructor);
    digest.Add(static_cast<std::uint64_t>(created(id).renounced));
    digest.Add(created(id).cache_object);
    digest.Add(created(id).node_object);
  }
  for (const CacheId id : created_.free_ids()) digest.Add(id);
  for (const Alias& alias : aliases_) {
    digest.Add(absl::string_view(alias.name));
    digest.Add(alias.cache);
  }
  for (const auto& [id, size] : widened_) {
    digest.Add(id);
    digest.Add(size);
  }
  engine_->DigestTo(digest);
}

ByteCount SlabCaches::HostMemory() const {
  const std::uint64_t created = created_.size() * sizeof(Created) + created_order_.capacity() * sizeof(CacheId);
  const std::uint64_t names = aliases_.capacity() * sizeof(Alias) + widened_.size() * sizeof(*widened_.begin());
  return engine_->HostMemory() + created_.HostMemory() + ByteCount(created + names + name_bytes_);
}

void SlabCaches::CheckInvariants() const {
  engine_->CheckInvariants();
  created_.CheckInvariants();
  MEMSIM_CHECK(created_order_.size() == created_.size(), created_order_.size(), created_.size());
  for (const auto& [id, size] : widened_) MEMSIM_CHECK(Contains(id) && size > definition(id).object_size, id.value());
  std::set<absl::string_view> names;
  ForEachCache([&](CacheId id) {
    if (IsBootCache(id) || !created(id).renounced) MEMSIM_CHECK(names.insert(definition(id).name).second, id.value());
    if (IsBootCache(id)) return;
    MEMSIM_CHECK(FindObject(created(id).cache_object).cache == IdOf(KernelCache::kKmemCache), id.value());
    MEMSIM_CHECK(FindObject(created(id).node_object).cache == IdOf(KernelCache::kKmemCacheNode), id.value());
  });
  ForEachAlias(
      [&](absl::string_view name, CacheId id) { MEMSIM_CHECK(Contains(id) && names.insert(name).second, id.value()); });
}

}  // namespace memsim
