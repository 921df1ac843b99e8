#include "tests/model/slow_objects.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/kernel/slab/kmalloc_classes.h"
#include "server/kernel/slab/slab_flags.h"

namespace memsim {
namespace {

HeldObject Kmalloced(std::uint64_t size) {
  if (size > kMaxKmallocClass.value()) return {size, CacheId(), ObjectOwner::kCaller};
  return {size, IdOf(KmallocCache(ByteCount(size), kGfpKernel)), ObjectOwner::kCaller};
}

// What kfree may say of an object that was freed: its slab may have gone since, and its place be another's, who may be
// the kernel. But kfree knows no wrong cache.
bool RefusesAsFreed(std::optional<SlabRefusal> refusal) {
  return refusal.has_value() && refusal != SlabRefusal::kWrongCache;
}

}  // namespace

SlabCall DrawSlabCall(Random& random, bool growing) {
  static constexpr SlabCall kGrow[] = {SlabCall::kAlloc,        SlabCall::kAlloc,     SlabCall::kAllocAtomic,
                                       SlabCall::kAllocKernels, SlabCall::kAllocBulk, SlabCall::kKmalloc,
                                       SlabCall::kKrealloc,     SlabCall::kCreate};
  static constexpr SlabCall kGiveBack[] = {SlabCall::kFree,  SlabCall::kFree,     SlabCall::kFree,
                                           SlabCall::kKfree, SlabCall::kFreeBulk, SlabCall::kDestroy};
  static constexpr SlabCall kOthers[] = {SlabCall::kShrink, SlabCall::kFreeInside, SlabCall::kFreeElsewhere,
                                         SlabCall::kFreeTwice};
  if (random.Below(12) == 0) return kOthers[random.Below(std::size(kOthers))];
  return random.Below(100) < (growing ? 75U : 30U) ? kGrow[random.Below(std::size(kGrow))]
                                                   : kGiveBack[random.Below(std::size(kGiveBack))];
}

std::string SlowObjects::Failure() { return std::exchange(failure_, ""); }

std::string SlowObjects::Run(const SlabOperation& op) {
  Do(op);
  return Failure();
}

std::string SlowObjects::GiveBack() {
  const std::map<VirtualAddress, HeldObject> all = held_;
  for (const auto& [address, held] : all) Release(address);
  for (; !created_.empty(); created_.pop_back()) {
    Expect(subject_.Destroy(created_.back()) == Errno::kOk, "a cache without objects was not destroyed");
  }
  return Failure();
}

std::string SlowObjects::CompareCounts() {
  for (const CacheId cache : created_) {
    Expect(subject_.HeldObjects(cache) == HeldOf(cache), "objects are miscounted");
  }
  return Failure();
}

// --- The map

void SlowObjects::Take(VirtualAddress address, const HeldObject& held, std::uint64_t align) {
  if (address == kNoObject) return Fail(held.size);
  Expect(address.value() % align == 0, "an object is not aligned");
  const auto next = held_.lower_bound(address);
  Expect(next == held_.end() || address + ByteCount(held.size) <= next->first, "an object reaches into the next");
  if (next != held_.begin()) {
    const auto& [before, other] = *std::prev(next);
    Expect(before + ByteCount(other.size) <= address, "an object lies in another");
  }
  Expect(held_.emplace(address, held).second, "an object was given twice");
  freed_.erase(std::remove(freed_.begin(), freed_.end(), address), freed_.end());
}

void SlowObjects::Fail(std::uint64_t size) {
  ++failed_allocations_;
  Expect(subject_.MayBeShortOf(ByteCount(size)), "no object, with memory left");
}

void SlowObjects::Drop(VirtualAddress address) {
  held_.erase(address);
  freed_.push_back(address);
  if (freed_.size() > 64) freed_.erase(freed_.begin());
}

std::uint64_t SlowObjects::HeldOf(CacheId cache) const {
  return static_cast<std::uint64_t>(
      std::count_if(held_.begin(), held_.end(), [cache](const auto& held) { return held.second.cache == cache; }));
}

std::optional<VirtualAddress> SlowObjects::Pick(std::uint64_t number, std::optional<CacheId> cache) const {
  std::vector<VirtualAddress> choice;
  for (const auto& [address, held] : held_) {
    if (held.owner != ObjectOwner::kCaller) continue;
    if (!cache.has_value() || held.cache == *cache) choice.push_back(address);
  }
  if (choice.empty()) return std::nullopt;
  return choice[number % choice.size()];
}

// --- Both

CacheId SlowObjects::CacheOf(const SlabOperation& op) const {
  const std::uint64_t which = op.cache % (created_.size() + std::size(kKernelCaches));
  return which < created_.size() ? created_[which] : IdOf(kKernelCaches[which - created_.size()]);
}

HeldObject SlowObjects::HeldIn(CacheId cache, ObjectOwner owner) const {
  return {subject_.ObjectSize(cache).value(), cache, owner};
}

void SlowObjects::Do(const SlabOperation& op) {
  switch (op.call) {
    case SlabCall::kCreate:
      return Create(op);
    case SlabCall::kDestroy:
      return Destroy(op);
    case SlabCall::kAlloc:
      return Alloc(op, kGfpKernel);
    case SlabCall::kAllocAtomic:
      return Alloc(op, kGfpAtomic);
    case SlabCall::kAllocKernels:
      return AllocKernels(op);
    case SlabCall::kFree:
      return Free(op);
    case SlabCall::kAllocBulk:
      return AllocBulk(op);
    case SlabCall::kFreeBulk:
      return FreeBulk(op);
    case SlabCall::kShrink:
      return subject_.Shrink(CacheOf(op));
    case SlabCall::kKmalloc:
      return Kmallocate(op);
    case SlabCall::kKrealloc:
      return Krealloc(op);
    case SlabCall::kKfree:
      if (const auto address = Pick(op.number, std::nullopt)) Release(*address);
      return;
    case SlabCall::kFreeInside:
    case SlabCall::kFreeElsewhere:
    case SlabCall::kFreeTwice:
      return Misuse(op);
  }
}

void SlowObjects::Create(const SlabOperation& op) {
  if (created_.size() == 6) return;
  const std::string name = absl::StrCat("cache", made_++);
  CacheDefinition definition;
  definition.name = name;
  // Few objects in a slab, so that slabs come and go.
  definition.object_size = ByteCount(1 + op.number % 3000);
  definition.flags = kSlabNoMerge;
  if (op.cache % 3 == 0) definition.flags |= kSlabHwcacheAlign;
  if (op.cache % 4 == 1) definition.flags |= kSlabReclaimAccount;
  if (op.cache % 5 == 2) definition.constructor = kUnnamedConstructor;
  if (op.cache % 7 == 3) definition.sheaf_capacity = static_cast<std::uint32_t>(1 + op.cache % 9);
  const ErrnoOr<CacheId> id = subject_.Create(definition);
  if (id.ok()) return created_.push_back(*id);
  Expect(id.error() == Errno::kNoMem, "a cache was refused");
  Fail(definition.object_size.value());
}

void SlowObjects::Destroy(const SlabOperation& op) {
  if (created_.empty()) return;
  const auto at = created_.begin() + static_cast<std::ptrdiff_t>(op.cache % created_.size());
  const bool has_objects = HeldOf(*at) != 0;
  const Errno error = subject_.Destroy(*at);
  Expect((error == Errno::kBusy) == has_objects, "a cache with objects was destroyed, or one without was not");
  if (error == Errno::kOk) created_.erase(at);
}

void SlowObjects::Alloc(const SlabOperation& op, GfpMask gfp) {
  const CacheId cache = CacheOf(op);
  const HeldObject held = HeldIn(cache, ObjectOwner::kCaller);
  Take(subject_.Alloc(cache, gfp), held, subject_.Alignment(cache));
}

void SlowObjects::AllocKernels(const SlabOperation& op) {
  const CacheId cache = CacheOf(op);
  const VirtualAddress object = subject_.AllocKernels(cache);
  if (object == kNoObject) {
    ++failed_allocations_;
    return;
  }
  Take(object, HeldIn(cache, ObjectOwner::kKernel), subject_.Alignment(cache));
}

void SlowObjects::Free(const SlabOperation& op) {
  const CacheId cache = CacheOf(op);
  const auto address = Pick(op.number, cache);
  if (!address.has_value()) return;
  Expect(!subject_.Free(cache, *address).has_value(), "an object was not taken back");
  Drop(*address);
}

void SlowObjects::AllocBulk(const SlabOperation& op) {
  const CacheId cache = CacheOf(op);
  const HeldObject held = HeldIn(cache, ObjectOwner::kCaller);
  std::vector<VirtualAddress> objects(op.number % 80);
  if (!subject_.AllocBulk(cache, kGfpKernel, absl::MakeSpan(objects))) return Fail(held.size);
  for (const VirtualAddress object : objects) {
    Expect(object != kNoObject, "a bulk is not complete");
    Take(object, held, subject_.Alignment(cache));
  }
}

void SlowObjects::FreeBulk(const SlabOperation& op) {
  const CacheId cache = CacheOf(op);
  // One beside the other, or here and there.
  const std::uint64_t step = 1 + op.cache % 8;
  std::vector<VirtualAddress> objects;
  for (std::uint64_t i = 0; i < 1 + op.number % 40; ++i) {
    const auto address = Pick(op.number + i * step, cache);
    if (!address.has_value()) return;
    if (std::count(objects.begin(), objects.end(), *address) == 0) objects.push_back(*address);
  }
  Expect(!subject_.FreeBulk(cache, objects).has_value(), "objects were not taken back");
  for (const VirtualAddress object : objects) Drop(object);
}

void SlowObjects::Kmallocate(const SlabOperation& op) {
  const std::uint64_t size = op.number % 5 == 0 ? op.number % 40000 : op.number % 600;
  const GfpMask gfp = op.cache % 3 == 0 ? kGfpKernel | kGfpZero : kGfpKernel;
  const VirtualAddress address = subject_.Allocate(ByteCount(size), gfp);
  if (size == 0) return Expect(address == kZeroSizePointer, "nothing is no ZERO_SIZE_PTR");
  Take(address, Kmalloced(size), size > kMaxKmallocClass.value() ? kPageSize.value() : 8);
}

void SlowObjects::Krealloc(const SlabOperation& op) {
  const auto address = Pick(op.number, std::nullopt);
  if (!address.has_value()) return;
  const std::uint64_t size = 1 + op.number % 20000;
  const Kmalloc::Reallocated moved = subject_.Reallocate(*address, ByteCount(size), kGfpKernel);
  Expect(!moved.refusal.has_value(), "krealloc does not know the memory");
  if (moved.address == kNoObject) return Fail(size);
  if (moved.address == *address) {
    // It was large enough; how large the reference does not know of what kmalloc rounded up.
    held_[*address].size = std::max(size, held_[*address].size);
    return;
  }
  Expect(size > held_[*address].size, "memory that was large enough moved");
  Drop(*address);
  Take(moved.address, Kmalloced(size), 8);
}

void SlowObjects::Release(VirtualAddress address) {
  const HeldObject held = held_[address];
  if (held.owner == ObjectOwner::kKernel) {
    Expect(subject_.Release(address) == SlabRefusal::kInUse, "what the kernel has was freed");
    subject_.FreeKernels(held.cache, address);
  } else {
    Expect(!subject_.Release(address).has_value(), "kfree did not take an object");
  }
  Drop(address);
}

void SlowObjects::Misuse(const SlabOperation& op) {
  const auto address = Pick(op.number, std::nullopt);
  const std::string before = subject_.Contents();
  if (op.call == SlabCall::kFreeTwice && !freed_.empty()) {
    const VirtualAddress freed = freed_[op.number % freed_.size()];
    if (op.cache % 2 == 0) {
      Expect(RefusesAsFreed(subject_.Release(freed)), "kfree took an object twice, or gave another reason");
    } else {
      Expect(subject_.Free(CacheOf(op), freed).has_value(), "a cache took an object twice");
    }
  } else if (op.call == SlabCall::kFreeInside && address.has_value()) {
    Expect(subject_.Release(*address + ByteCount(1)) == SlabRefusal::kNotObjectStart, "an inside was freed");
  } else if (op.call == SlabCall::kFreeElsewhere && address.has_value() && held_[*address].cache != CacheId()) {
    const CacheId cache = CacheOf(op);
    if (cache == held_[*address].cache) return;
    Expect(subject_.Free(cache, *address) == SlabRefusal::kWrongCache, "another cache took an object");
  }
  Expect(subject_.Contents() == before, "a refused free changed something");
}

}  // namespace memsim
