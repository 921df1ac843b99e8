// The slab calls of a CalledMachine, for SlowObjects.

#ifndef MEMSIM_TESTS_MODEL_CALLED_SLABS_H_
#define MEMSIM_TESTS_MODEL_CALLED_SLABS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/model/called_machine.h"
#include "tests/model/slow_objects.h"

namespace memsim {

class CalledSlabs final : public SlabSubject {
 public:
  // The machine outlives it.
  CalledSlabs(CalledMachine& machine, std::function<bool()> memory_is_short);

  ErrnoOr<CacheId> Create(const CacheDefinition& definition) override;
  Errno Destroy(CacheId cache) override;
  VirtualAddress Alloc(CacheId cache, GfpMask gfp) override;
  std::optional<SlabRefusal> Free(CacheId cache, VirtualAddress object) override;
  bool AllocBulk(CacheId cache, GfpMask gfp, absl::Span<VirtualAddress> objects) override;
  // A call names slots in a row: the longest row that the objects are in.
  std::optional<SlabRefusal> FreeBulk(CacheId cache, std::vector<VirtualAddress>& objects) override;
  void Shrink(CacheId cache) override;
  VirtualAddress Allocate(ByteCount size, GfpMask gfp) override;
  Kmalloc::Reallocated Reallocate(VirtualAddress address, ByteCount size, GfpMask gfp) override;
  std::optional<SlabRefusal> Release(VirtualAddress address) override;

  ByteCount ObjectSize(CacheId cache) const override;
  std::uint64_t Alignment(CacheId cache) const override;
  std::uint64_t HeldObjects(CacheId cache) const override;
  std::string Contents() const override;
  // Of more than a page there may be none in a row sooner or later.
  bool MayBeShortOf(ByteCount size) const override;

 private:
  // The first of so many slots in a row.
  std::uint32_t TakeSlots(std::uint32_t count);
  std::uint64_t Number(CacheId cache, const char* file) const;

  CalledMachine& machine_;
  const std::function<bool()> memory_is_short_;
  std::map<CacheId, std::string> names_;
  // Where each object was stored; others may lie there by now.
  std::map<VirtualAddress, std::uint32_t> slots_;
  std::uint32_t next_slot_ = 1;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_CALLED_SLABS_H_
