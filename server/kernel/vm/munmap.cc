#include "server/kernel/vm/munmap.h"

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

// The next mapping that starts in a range. Most ranges end with the mapping that they begin with.
Vma* NextIn(AddressSpace& space, const Vma& vma, VirtualRange range) {
  if (vma.range.end >= range.end) return nullptr;
  Vma* const next = space.Next(vma);
  return next != nullptr && next->range.start < range.end ? next : nullptr;
}

}  // namespace

ErrnoOr<UnmapPlan> GatherUnmap(AddressSpace& space, VirtualRange range) {
  UnmapPlan plan;
  Vma*& first = plan.first;
  first = space.FindIntersection(range);
  if (first == nullptr) return plan;
  if (first->range.start < range.start) {
    if (range.end < first->range.end && space.AtMapCountLimit()) return Errno::kNoMem;
    if ((first->flags & kVmSealed) != 0) return Errno::kPerm;
    if (first->special != SpecialMapping::kNone) return Errno::kInval;
    first = space.Split(*first, range.start);
    if (first == nullptr) return Errno::kNoMem;
  }
  plan.mapped.start = first->range.start;
  for (Vma* vma = first; vma != nullptr; vma = NextIn(space, *vma, range)) {
    if ((vma->flags & kVmSealed) != 0) return Errno::kPerm;
    if (vma->range.end > range.end) {
      if (vma->special != SpecialMapping::kNone) return Errno::kInval;
      if (space.Split(*vma, range.end) == nullptr) return Errno::kNoMem;
    }
    space.MarkWritten(*vma);
    plan.mapped.end = vma->range.end;
    plan.pages += vma->range.pages();
    if ((vma->flags & kVmAccount) != 0) plan.accounted += vma->range.pages();
  }
  return plan;
}

void CompleteUnmap(AddressSpace& space, const UnmapPlan& plan) {
  if (plan.pages == PageCount(0)) return;
  MmuGather gather(space);
  for (const Vma* vma = plan.first; vma != nullptr; vma = NextIn(space, *vma, plan.mapped)) {
    ZapRange(gather, *vma, vma->range, ZapKind::kAll);
  }
  // free_pgtables: tables go, down to the mapping below and up to the one above.
  const auto [below, above] = space.NeighboursOf(plan.mapped);
  gather.FreeTables(space.page_tables().UnhookRange(plan.mapped,
                                                    below == nullptr ? VirtualAddress(0) : below->range.end,
                                                    above == nullptr ? VirtualAddress(0) : above->range.start));
  gather.Flush();
  // remove_vma: files may go with their mappings, and their pages with them.
  for (Vma *vma = plan.first, *next = nullptr; vma != nullptr; vma = next) {
    next = NextIn(space, *vma, plan.mapped);
    space.Remove(*vma);
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
