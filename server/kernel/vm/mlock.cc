#include "server/kernel/vm/mlock.h"

#include <algorithm>

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/populate.h"
#include "server/kernel/vm/vma_merge.h"

namespace memsim {
namespace {

constexpr VirtualRange kUserRange{VirtualAddress(0), kTaskSize};

// mlock_fixup: a part of one mapping. The kernel's own kinds of mappings stay as they are.
Errno LockPart(AddressSpace& space, Vma& vma, VirtualRange part, VmFlags lock_flags) {
  const VmFlags flags = (vma.flags & ~kVmLockedMask) | lock_flags;
  if (flags == vma.flags || (vma.flags & (kVmSpecial | kVmDroppable)) != 0) return Errno::kOk;
  return ModifyFlags(space, vma, part, flags).error();
}

// apply_vma_lock_flags: mapping by mapping, up to the first hole.
Errno LockRange(AddressSpace& space, VirtualRange range, VmFlags lock_flags) {
  if (range.end < range.start) return Errno::kInval;
  for (VirtualAddress at = range.start; at < range.end;) {
    Vma* vma = space.Lookup(at);
    if (vma == nullptr) return Errno::kNoMem;
    const VirtualRange part{at, std::min(vma->range.end, range.end)};
    if (const Errno error = LockPart(space, *vma, part, lock_flags); error != Errno::kOk) return error;
    at = part.end;
  }
  return Errno::kOk;
}

// From the page of the address to that of the last byte. A length near the end of all numbers wraps to a short one.
VirtualRange PagesAround(VirtualAddress address, ByteCount length) {
  const std::uint64_t start = PageAlignDown(address).value();
  const std::uint64_t bytes = length.value() + (address.value() - start);
  const std::uint64_t whole = (bytes + kPageSize.value() - 1) & ~(kPageSize.value() - 1);
  return {VirtualAddress(start), VirtualAddress(start + whole)};
}

// Of a range's pages, those in mappings of which some flags are set. flags 0: in any mapping.
PageCount MappedPages(AddressSpace& space, VirtualRange range, VmFlags flags) {
  PageCount pages;
  for (const Vma* vma = space.Find(range.start); vma != nullptr && vma->range.start < range.end;
       vma = space.Next(*vma)) {
    if (flags == 0 || (vma->flags & flags) != 0) pages += vma->range.Intersection(range).pages();
  }
  return pages;
}

// Whether the limit leaves room for the range. What is locked already counts once (count_mm_mlocked_page_nr).
bool WithinLimit(AddressSpace& space, const VmCaller& caller, VirtualRange range) {
  if (caller.capabilities.Has(Capability::kIpcLock)) return true;
  const PageCount limit = caller.LimitPages(Resource::kMemlock);
  const PageCount locked =
      space.statistics().locked_vm + PageCount((range.end.value() - range.start.value()) >> kPageShift);
  // A range that wraps is refused later, if it is within the limit at all.
  if (range.end < range.start) range.end = VirtualAddress(UINT64_MAX);
  return locked <= limit || locked - MappedPages(space, range, kVmLocked) <= limit;
}

// apply_mlockall_flags.
void LockAll(AddressSpace& space, std::uint64_t flags) {
  const VmFlags wanted = (flags & kMclOnFault) != 0 ? kVmLockedMask : kVmLocked;
  space.def_flags &= ~kVmLockedMask;
  if ((flags & kMclFuture) != 0) space.def_flags |= wanted;
  // With MCL_FUTURE alone, what is mapped stays as it is.
  if ((flags & kMclFuture) != 0 && (flags & kMclCurrent) == 0) return;
  const VmFlags lock_flags = (flags & kMclCurrent) != 0 ? wanted : 0;
  for (Vma* vma = space.Find(VirtualAddress(0)); vma != nullptr;) {
    const VirtualAddress end = vma->range.end;
    // A mapping that cannot be changed is passed over.
    static_cast<void>(LockPart(space, *vma, vma->range, lock_flags));
    vma = space.Find(end);
  }
}

}  // namespace

Errno Mlock2(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length,
             std::uint64_t flags) {
  space.environment().cpus.Charge(space.environment().costs.mlock);
  if ((flags & ~kMlockOnFault) != 0) return Errno::kInval;
  if (!MayLock(caller)) return Errno::kPerm;
  const bool fills = (flags & kMlockOnFault) == 0;
  const VirtualRange range = PagesAround(address, length);
  {
    const MmapWriteLock lock(space);
    if (!WithinLimit(space, caller, range)) return Errno::kNoMem;
    if (fills && range.start < range.end && MappedPages(space, range, 0) > kMaxPopulatedPages) return Errno::kNoSys;
    const Errno error = LockRange(space, range, fills ? kVmLocked : kVmLockedMask);
    if (error != Errno::kOk) return error;
  }
  // __mlock_posix_error_return.
  switch (PopulateRange(space, caller, range, PopulateErrors::kReturned)) {
    case Errno::kFault:
      return Errno::kNoMem;
    case Errno::kNoMem:
      return Errno::kAgain;
    default:
      return Errno::kOk;
  }
}

Errno Munlock(AddressSpace& space, VirtualAddress address, ByteCount length) {
  space.environment().cpus.Charge(space.environment().costs.mlock);
  const MmapWriteLock lock(space);
  return LockRange(space, PagesAround(address, length), 0);
}

Errno Mlockall(AddressSpace& space, const VmCaller& caller, std::uint64_t flags) {
  space.environment().cpus.Charge(space.environment().costs.mlock);
  if ((flags & ~(kMclCurrent | kMclFuture | kMclOnFault)) != 0 || (flags & (kMclCurrent | kMclFuture)) == 0) {
    return Errno::kInval;
  }
  if (!MayLock(caller)) return Errno::kPerm;
  const bool current = (flags & kMclCurrent) != 0;
  {
    const MmapWriteLock lock(space);
    const PageCount all = space.statistics().total_vm;
    const bool allowed = all <= caller.LimitPages(Resource::kMemlock) || caller.capabilities.Has(Capability::kIpcLock);
    if (current && !allowed) return Errno::kNoMem;
    if (current && (flags & kMclOnFault) == 0 && all > kMaxPopulatedPages) return Errno::kNoSys;
    LockAll(space, flags);
  }
  if (current) PopulateRange(space, caller, kUserRange, PopulateErrors::kPassedOver);
  return Errno::kOk;
}

Errno Munlockall(AddressSpace& space) {
  space.environment().cpus.Charge(space.environment().costs.mlock);
  const MmapWriteLock lock(space);
  LockAll(space, 0);
  return Errno::kOk;
}

}  // namespace memsim
