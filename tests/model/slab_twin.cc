#include "tests/model/slab_twin.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/slab/kmalloc.h"
#include "server/kernel/slab/kmalloc_classes.h"
#include "server/kernel/slab/slab_caches.h"

namespace memsim {
namespace {

// Caches of the kernel's that programs use: plain, with sheaves, large, reclaimable.
constexpr KernelCache kKernelCaches[] = {KernelCache::kAnonVmaChain, KernelCache::kVmAreaStruct,
                                         KernelCache::kTaskStruct, KernelCache::kDentry};

// An object that somebody has.
struct Held {
  std::uint64_t size;
  // 0: pages of a large kmalloc.
  CacheId cache;
  ObjectOwner owner;
};

class SlabTwin {
 public:
  explicit SlabTwin(const SlabProgram& program)
      : cpus_(program.cpus, kDefaultCosts),
        locks_(cpus_),
        pages_(LayOutMemory(ByteCount(program.memory_mib << 20), std::nullopt), {}, counters_, locks_),
        caches_(pages_, counters_, locks_),
        kmalloc_(caches_, pages_, counters_, cpus_),
        free_at_first_(pages_.free_pages()) {}

  bool Run(const SlabOperation& op) {
    cpus_.SwitchTo(CpuId(static_cast<std::uint16_t>(op.cpu % cpus_.count())));
    Do(op);
    if (++done_ % 16 == 0) Check();
    if (!failure_.empty()) std::fprintf(stderr, "after %d operations: %s\n", done_, failure_.c_str());
    return failure_.empty();
  }

  // When everything is given back, all memory is free again.
  bool Finish() {
    const std::map<VirtualAddress, Held> all = held_;
    for (const auto& [address, held] : all) Release(address);
    while (!created_.empty()) DestroyLast();
    // Twice, for the objects of barns go to slabs after the CPUs were flushed; sheaves are objects of kmalloc.
    for (int i = 0; i < 3; ++i) caches_.ForEachCache([this](CacheId id) { caches_.Shrink(id); });
    Check();
    const std::uint64_t sheaves = pages_.pages_of(PageOwner::kSlab).value();
    const CacheUse kmalloc_512 = caches_.Look(IdOf(KernelCache::kKmalloc512));
    // The main sheaf of each CPU stays with its cache.
    Expect(sheaves * kPageSize.value() == kmalloc_512.total_objects * 512, "slabs that nobody needs are kept");
    Expect(pages_.free_pages() + pages_.pcp_pages() + PageCount(sheaves) == free_at_first_, "memory is lost");
    if (!failure_.empty()) std::fprintf(stderr, "at the end: %s\n", failure_.c_str());
    return failure_.empty();
  }

 private:
  void Expect(bool condition, absl::string_view what) {
    if (!condition && failure_.empty()) failure_ = std::string(what);
  }

  // --- The reference

  void Take(VirtualAddress address, const Held& held, std::uint64_t align) {
    if (address == kNoObject) {
      ++failed_allocations_;
      return;
    }
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
  void Drop(VirtualAddress address) {
    held_.erase(address);
    freed_.push_back(address);
    if (freed_.size() > 64) freed_.erase(freed_.begin());
  }
  std::uint64_t HeldOf(CacheId cache) const {
    return static_cast<std::uint64_t>(
        std::count_if(held_.begin(), held_.end(), [cache](const auto& held) { return held.second.cache == cache; }));
  }
  // An object of a caller's that the number names. nullopt: there is none.
  std::optional<VirtualAddress> Pick(std::uint64_t number, std::optional<CacheId> cache) const {
    std::vector<VirtualAddress> choice;
    for (const auto& [address, held] : held_) {
      if (held.owner != ObjectOwner::kCaller) continue;
      if (!cache.has_value() || held.cache == *cache) choice.push_back(address);
    }
    if (choice.empty()) return std::nullopt;
    return choice[number % choice.size()];
  }

  // --- Both

  CacheId CacheOf(const SlabOperation& op) const {
    const std::uint64_t which = op.cache % (created_.size() + std::size(kKernelCaches));
    return which < created_.size() ? created_[which] : IdOf(kKernelCaches[which - created_.size()]);
  }
  Held HeldIn(CacheId cache, ObjectOwner owner) const { return {caches_.ObjectSize(cache).value(), cache, owner}; }
  std::uint64_t AlignOf(CacheId cache) const { return caches_.LayoutOf(cache).object.align.value(); }

  void Do(const SlabOperation& op) {
    switch (op.call) {
      case SlabCall::kCreate:
        return Create(op);
      case SlabCall::kDestroy:
        return Destroy(op);
      case SlabCall::kAlloc:
        return Alloc(op, kGfpKernel, ObjectOwner::kCaller);
      case SlabCall::kAllocAtomic:
        return Alloc(op, kGfpAtomic, ObjectOwner::kCaller);
      case SlabCall::kAllocKernels:
        return Alloc(op, kGfpKernel, ObjectOwner::kKernel);
      case SlabCall::kFree:
        return Free(op);
      case SlabCall::kAllocBulk:
        return AllocBulk(op);
      case SlabCall::kFreeBulk:
        return FreeBulk(op);
      case SlabCall::kShrink:
        return caches_.Shrink(CacheOf(op));
      case SlabCall::kKmalloc:
        return Kmallocate(op.number, kGfpKernel);
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

  void Create(const SlabOperation& op) {
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
    const ErrnoOr<CacheId> id = caches_.Create(definition);
    if (id.ok()) created_.push_back(*id);
  }
  void Destroy(const SlabOperation& op) {
    if (created_.empty()) return;
    const auto at = created_.begin() + static_cast<std::ptrdiff_t>(op.cache % created_.size());
    const bool has_objects = HeldOf(*at) != 0;
    const Errno error = caches_.Destroy(*at, "");
    Expect((error == Errno::kBusy) == has_objects, "a cache with objects was destroyed, or one without was not");
    if (error == Errno::kOk) created_.erase(at);
  }
  void DestroyLast() {
    Expect(caches_.Destroy(created_.back(), "") == Errno::kOk, "a cache without objects was not destroyed");
    created_.pop_back();
  }
  void Alloc(const SlabOperation& op, GfpMask gfp, ObjectOwner owner) {
    const CacheId cache = CacheOf(op);
    Take(caches_.AllocFor(cache, gfp, owner), HeldIn(cache, owner), AlignOf(cache));
  }
  void Free(const SlabOperation& op) {
    const CacheId cache = CacheOf(op);
    const auto address = Pick(op.number, cache);
    if (!address.has_value()) return;
    Expect(!caches_.FreeCallers(cache, *address).has_value(), "an object was not taken back");
    Drop(*address);
  }
  void AllocBulk(const SlabOperation& op) {
    const CacheId cache = CacheOf(op);
    std::vector<VirtualAddress> objects(op.number % 80);
    if (!caches_.AllocBulkFor(cache, kGfpKernel, absl::MakeSpan(objects))) {
      ++failed_allocations_;
      return;
    }
    for (const VirtualAddress object : objects) Take(object, HeldIn(cache, ObjectOwner::kCaller), AlignOf(cache));
  }
  void FreeBulk(const SlabOperation& op) {
    const CacheId cache = CacheOf(op);
    std::vector<VirtualAddress> objects;
    for (std::uint64_t i = 0; i < 1 + op.number % 40; ++i) {
      const auto address = Pick(op.number + i * 7, cache);
      if (!address.has_value()) return;
      if (std::count(objects.begin(), objects.end(), *address) == 0) objects.push_back(*address);
    }
    const std::vector<VirtualAddress> freed = objects;
    Expect(!caches_.FreeBulkCallers(cache, absl::MakeSpan(objects)).has_value(), "objects were not taken back");
    for (const VirtualAddress object : freed) Drop(object);
  }
  void Kmallocate(std::uint64_t number, GfpMask gfp) {
    const std::uint64_t size = number % 5 == 0 ? number % 40000 : number % 600;
    const VirtualAddress address = kmalloc_.Alloc(ByteCount(size), gfp, ObjectOwner::kCaller);
    if (size == 0) return Expect(address == kZeroSizePointer, "nothing is no ZERO_SIZE_PTR");
    Take(address, Kmalloced(size), size > kMaxKmallocClass.value() ? kPageSize.value() : 8);
  }
  static Held Kmalloced(std::uint64_t size) {
    if (size > kMaxKmallocClass.value()) return {size, CacheId(), ObjectOwner::kCaller};
    return {size, IdOf(KmallocCache(ByteCount(size), kGfpKernel)), ObjectOwner::kCaller};
  }
  void Krealloc(const SlabOperation& op) {
    const auto address = Pick(op.number, std::nullopt);
    if (!address.has_value()) return;
    const std::uint64_t size = 1 + op.number % 20000;
    const Kmalloc::Reallocated moved = kmalloc_.ReallocCallers(*address, ByteCount(size), kGfpKernel);
    Expect(!moved.refusal.has_value(), "krealloc does not know the memory");
    if (moved.address == kNoObject) {
      ++failed_allocations_;
      return;
    }
    if (moved.address == *address) {
      // It was large enough; how large the reference does not know of what kmalloc rounded up.
      held_[*address].size = std::max(size, held_[*address].size);
      return;
    }
    Expect(size > held_[*address].size, "memory that was large enough moved");
    Drop(*address);
    Take(moved.address, Kmalloced(size), 8);
  }
  void Release(VirtualAddress address) {
    const Held held = held_[address];
    if (held.owner == ObjectOwner::kKernel) {
      Expect(kmalloc_.FreeCallers(address) == SlabRefusal::kInUse, "what the kernel has was freed");
      caches_.Free(static_cast<KernelCache>(held.cache.value() - 1), address);
    } else {
      Expect(!kmalloc_.FreeCallers(address).has_value(), "kfree did not take an object");
    }
    Drop(address);
  }
  std::string StateDigest() const {
    Digest digest;
    caches_.DigestTo(digest);
    pages_.DigestTo(digest);
    return digest.ToHex();
  }
  void Misuse(const SlabOperation& op) {
    const auto address = Pick(op.number, std::nullopt);
    const std::string before = StateDigest();
    if (op.call == SlabCall::kFreeTwice && !freed_.empty()) {
      const VirtualAddress freed = freed_[op.number % freed_.size()];
      Expect(kmalloc_.FreeCallers(freed).has_value(), "kfree took an object twice");
      Expect(caches_.FreeCallers(CacheOf(op), freed).has_value(), "a cache took an object twice");
    } else if (op.call == SlabCall::kFreeInside && address.has_value()) {
      Expect(kmalloc_.FreeCallers(*address + ByteCount(1)) == SlabRefusal::kNotObjectStart, "an inside was freed");
    } else if (op.call == SlabCall::kFreeElsewhere && address.has_value() && held_[*address].cache != CacheId()) {
      const CacheId cache = CacheOf(op);
      if (cache == held_[*address].cache) return;
      Expect(caches_.FreeCallers(cache, *address) == SlabRefusal::kWrongCache, "another cache took an object");
    }
    Expect(StateDigest() == before, "a refused free changed something");
  }

  void Check() {
    caches_.CheckInvariants();
    pages_.CheckInvariants();
    for (const CacheId cache : created_) Expect(caches_.held_objects(cache) == HeldOf(cache), "objects are miscounted");
    // Every slow allocation ended in one of these.
    const SlabPathCounts paths = caches_.TotalPaths();
    const auto count = [&paths](SlabPath path) { return paths[static_cast<std::size_t>(path)]; };
    const std::uint64_t served = count(SlabPath::kAllocRefill) + count(SlabPath::kCpuPartialAlloc) +
                                 count(SlabPath::kAllocFromPartial) + count(SlabPath::kAllocSlab);
    Expect(served <= count(SlabPath::kAllocSlowpath), "more was served than asked for");
    if (failed_allocations_ == 0 && counters_.Get(Counter::kAllocStall) == 0) {
      Expect(served == count(SlabPath::kAllocSlowpath), "a slow allocation came from nowhere");
    }
  }

  Counters counters_;
  Cpus cpus_;
  Locks locks_;
  PageAllocator pages_;
  SlabCaches caches_;
  Kmalloc kmalloc_;
  const PageCount free_at_first_;

  std::map<VirtualAddress, Held> held_;
  std::vector<VirtualAddress> freed_;
  std::vector<CacheId> created_;
  int made_ = 0;
  int done_ = 0;
  int failed_allocations_ = 0;
  std::string failure_;
};

}  // namespace

bool Agrees(const SlabProgram& program) {
  SlabTwin twin(program);
  for (const SlabOperation& op : program.operations) {
    if (!twin.Run(op)) return false;
  }
  return twin.Finish();
}

}  // namespace memsim
