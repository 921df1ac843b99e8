#include "server/kernel/vm/mseal.h"

#include <algorithm>

#include "server/kernel/vm/mapped_range.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/vma_merge.h"

namespace memsim {
Errno Mseal(AddressSpace& space, VirtualAddress address, ByteCount length, std::uint64_t flags) {
  space.environment().cpus.Charge(space.environment().costs.mseal);
  if (flags != 0 || !IsPageAligned(address)) return Errno::kInval;
  const ByteCount whole = ToBytes(ToPagesRoundedUp(length));
  if (length != ByteCount(0) && whole == ByteCount(0)) return Errno::kInval;
  const VirtualRange range{address, VirtualAddress(address.value() + whole.value())};
  if (range.end < range.start) return Errno::kInval;
  const MmapWriteLock lock(space);
  // range_contains_unmapped.
  if (MappedInARow(space, range) != range.pages()) return Errno::kNoMem;
  for (VirtualAddress at = range.start; at < range.end;) {
    Vma& vma = *space.Lookup(at);
    const VirtualRange part{at, std::min(vma.range.end, range.end)};
    if ((vma.flags & kVmSealed) == 0) {
      const ErrnoOr<Vma*> sealed = ModifyFlags(space, vma, part, vma.flags | kVmSealed);
      if (!sealed.ok()) return sealed.error();
    }
    at = part.end;
  }
  return Errno::kOk;
}

}  // namespace memsim
