#include "server/kernel/vm/munmap.h"

#include <algorithm>

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/zap.h"

namespace memsim {

ErrnoOr<UnmapPlan> GatherUnmap(AddressSpace& space, VirtualRange range) {
  UnmapPlan plan{range, space.FindIntersection(range), PageCount(0), PageCount(0)};
  Vma*& first = plan.first;
  if (first == nullptr) return plan;
  if (first->range.start < range.start) {
    if (range.end < first->range.end && space.AtMapCountLimit()) return Errno::kNoMem;
    if (first->special != SpecialMapping::kNone) return Errno::kInval;
    first = space.Split(*first, range.start);
    if (first == nullptr) return Errno::kNoMem;
  }
  // Most ranges lie in one mapping.
  Vma* last = first->range.end >= range.end ? first : space.FindBefore(range.end);
  if (last != nullptr && last->range.end > range.end) {
    if (last->special != SpecialMapping::kNone) return Errno::kInval;
    if (space.Split(*last, range.end) == nullptr) return Errno::kNoMem;
  }
  for (Vma* vma = first; vma != nullptr && vma->range.start < range.end;
       vma = vma->range.end < range.end ? space.Next(*vma) : nullptr) {
    space.MarkWritten(*vma);
    plan.pages += vma->range.pages();
    if ((vma->flags & kVmAccount) != 0) plan.accounted += vma->range.pages();
  }
  return plan;
}

void CompleteUnmap(AddressSpace& space, const UnmapPlan& plan) {
  if (plan.pages == PageCount(0)) return;
  const VirtualRange range = plan.range;
  Vma* first = plan.first;
  VirtualRange touched{first->range.start, first->range.start};
  MmuGather gather(space);
  for (const Vma* vma = first; vma != nullptr && vma->range.start < range.end;
       vma = touched.end < range.end ? space.Next(*vma) : nullptr) {
    ZapRange(gather, *vma, vma->range);
    touched.end = vma->range.end;
  }
  // free_pgtables: tables go, down to the mapping below and up to the one above.
  const Vma* below = space.FindBefore(touched.start);
  const Vma* above = space.Find(touched.end);
  gather.FreeTables(space.page_tables().UnhookRange(touched, below == nullptr ? VirtualAddress(0) : below->range.end,
                                                    above == nullptr ? VirtualAddress(0) : above->range.start));
  gather.Flush();
  // remove_vma: files may go with their mappings, and their pages with them.
  for (Vma* next = nullptr; first != nullptr && first->range.start < range.end; first = next) {
    next = first->range.end < range.end ? space.Next(*first) : nullptr;
    space.Remove(*first);
  }
  space.environment().commit.Uncharge(plan.accounted);
}

Errno UnmapRange(AddressSpace& space, VirtualRange range, MmapWriteLock* downgraded) {
  const ErrnoOr<UnmapPlan> plan = GatherUnmap(space, range);
  if (!plan.ok()) return plan.error();
  // Linux has taken the mappings off the tree by now; here they go after the flush.
  if (downgraded != nullptr && plan->first != nullptr) downgraded->Downgrade();
  CompleteUnmap(space, *plan);
  return Errno::kOk;
}

namespace {

// What a program may ask to unmap.
ErrnoOr<VirtualRange> UserRange(VirtualAddress address, ByteCount length) {
  if (!IsPageAligned(address) || address > kTaskSize || length.value() > (kTaskSize - address).value()) {
    return Errno::kInval;
  }
  const ByteCount whole = ToBytes(ToPagesRoundedUp(length));
  if (whole == ByteCount(0)) return Errno::kInval;
  return RangeOf(address, whole);
}

}  // namespace

Errno UnmapUserRange(AddressSpace& space, VirtualAddress address, ByteCount length, MmapWriteLock* downgraded) {
  const ErrnoOr<VirtualRange> range = UserRange(address, length);
  return range.ok() ? UnmapRange(space, *range, downgraded) : range.error();
}

Errno Munmap(AddressSpace& space, VirtualAddress address, ByteCount length) {
  MmapWriteLock lock(space);
  space.environment().cpus.Charge(space.environment().costs.munmap);
  return UnmapUserRange(space, address, length, &lock);
}

}  // namespace memsim
