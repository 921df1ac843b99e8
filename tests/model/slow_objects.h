// Slab caches and kmalloc as simply as can be said: a flat map of the objects that somebody has.
//
// It does not know where the next object will be. It knows what must be true of it: that it lies where nobody's object
// lies, as its cache wants it, and stays somebody's until it is freed.

#ifndef MEMSIM_TESTS_MODEL_SLOW_OBJECTS_H_
#define MEMSIM_TESTS_MODEL_SLOW_OBJECTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

#include "server/base/errno.h"
#include "server/base/random.h"
#include "server/base/units.h"
#include "server/kernel/physical/gfp.h"
#include "server/kernel/slab/boot_caches.h"
#include "server/kernel/slab/cache_definition.h"
#include "server/kernel/slab/kmalloc.h"
#include "server/kernel/slab/slab_caches.h"
#include "server/kernel/slab/slab_refusal.h"

namespace memsim {

enum class SlabCall : std::uint8_t {
  kCreate,
  kDestroy,
  kAlloc,
  kAllocAtomic,
  kAllocKernels,
  kFree,
  kAllocBulk,
  kFreeBulk,
  kShrink,
  kKmalloc,
  kKrealloc,
  kKfree,
  // A free that must be refused: of the inside of an object, to another cache, or of what was freed already.
  kFreeInside,
  kFreeElsewhere,
  kFreeTwice,
};

// Valid whatever stands before it: what it names is taken modulo what there is.
struct SlabOperation {
  SlabCall call;
  std::uint16_t cpu;
  // Which cache, or what kind of new one.
  std::uint64_t cache;
  // Which object, how many, or how many bytes.
  std::uint64_t number;
};

// Either mostly takes, or mostly gives back.
SlabCall DrawSlabCall(Random& random, bool growing);

// Caches of the kernel's that programs use: plain, with sheaves, large, reclaimable.
inline constexpr KernelCache kKernelCaches[] = {KernelCache::kAnonVmaChain, KernelCache::kVmAreaStruct,
                                                KernelCache::kTaskStruct, KernelCache::kDentry};

// What the reference is compared with: SlabCaches and Kmalloc by themselves, or a machine.
class SlabSubject {
 public:
  virtual ~SlabSubject() = default;

  virtual ErrnoOr<CacheId> Create(const CacheDefinition& definition) = 0;
  virtual Errno Destroy(CacheId cache) = 0;
  // kNoObject: no memory.
  virtual VirtualAddress Alloc(CacheId cache, GfpMask gfp) = 0;
  virtual std::optional<SlabRefusal> Free(CacheId cache, VirtualAddress object) = 0;
  virtual bool AllocBulk(CacheId cache, GfpMask gfp, absl::Span<VirtualAddress> objects) = 0;
  // Frees as many of the objects as one call can name, and leaves those alone in the vector.
  virtual std::optional<SlabRefusal> FreeBulk(CacheId cache, std::vector<VirtualAddress>& objects) = 0;
  virtual void Shrink(CacheId cache) = 0;
  virtual VirtualAddress Allocate(ByteCount size, GfpMask gfp) = 0;
  virtual Kmalloc::Reallocated Reallocate(VirtualAddress address, ByteCount size, GfpMask gfp) = 0;
  virtual std::optional<SlabRefusal> Release(VirtualAddress address) = 0;
  // For the kernel itself. A machine has no such calls: it takes none.
  virtual VirtualAddress AllocKernels(CacheId /*cache*/) { return kNoObject; }
  virtual void FreeKernels(CacheId /*cache*/, VirtualAddress /*object*/) {}

  // --- Looking in
  virtual ByteCount ObjectSize(CacheId cache) const = 0;
  virtual std::uint64_t Alignment(CacheId cache) const = 0;
  virtual std::uint64_t HeldObjects(CacheId cache) const = 0;
  // Something that a free which is refused leaves as it was, and any other changes.
  virtual std::string Contents() const = 0;
  // Whether there may be no memory for so many bytes in a row.
  virtual bool MayBeShortOf(ByteCount size) const = 0;
};

// An object that somebody has.
struct HeldObject {
  std::uint64_t size;
  // 0: pages of a large kmalloc.
  CacheId cache;
  ObjectOwner owner;
};

class SlowObjects {
 public:
  // The subject outlives it.
  explicit SlowObjects(SlabSubject& subject) : subject_(subject) {}

  // Has the subject do it. Empty if that may be; else what is wrong.
  std::string Run(const SlabOperation& op);
  // Gives everything back, and destroys all caches that were created.
  std::string GiveBack();
  // Whether each cache that was created says the same.
  std::string CompareCounts();

  const std::map<VirtualAddress, HeldObject>& held() const { return held_; }
  int failed_allocations() const { return failed_allocations_; }

 private:
  void Expect(bool condition, absl::string_view what) {
    if (!condition && failure_.empty()) failure_ = std::string(what);
  }
  std::string Failure();

  // --- The map
  void Take(VirtualAddress address, const HeldObject& held, std::uint64_t align);
  void Fail(std::uint64_t size);
  void Drop(VirtualAddress address);
  std::uint64_t HeldOf(CacheId cache) const;
  // An object of a caller's that the number names. nullopt: there is none.
  std::optional<VirtualAddress> Pick(std::uint64_t number, std::optional<CacheId> cache) const;

  // --- Both
  CacheId CacheOf(const SlabOperation& op) const;
  HeldObject HeldIn(CacheId cache, ObjectOwner owner) const;
  void Do(const SlabOperation& op);
  void Create(const SlabOperation& op);
  void Destroy(const SlabOperation& op);
  void Alloc(const SlabOperation& op, GfpMask gfp);
  void AllocKernels(const SlabOperation& op);
  void Free(const SlabOperation& op);
  void AllocBulk(const SlabOperation& op);
  void FreeBulk(const SlabOperation& op);
  void Kmallocate(const SlabOperation& op);
  void Krealloc(const SlabOperation& op);
  void Release(VirtualAddress address);
  void Misuse(const SlabOperation& op);

  SlabSubject& subject_;
  std::map<VirtualAddress, HeldObject> held_;
  std::vector<VirtualAddress> freed_;
  std::vector<CacheId> created_;
  int made_ = 0;
  int failed_allocations_ = 0;
  std::string failure_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SLOW_OBJECTS_H_
