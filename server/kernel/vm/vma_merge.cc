#include "server/kernel/vm/vma_merge.h"

#include <utility>

namespace memsim {
namespace {

// is_mergeable_vma: everything but the anon_vmas and the place.
bool SameKind(const Vma& vma, VmFlags flags, OpenFileId file) {
  return vma.flags == flags && vma.file == file && vma.special == SpecialMapping::kNone && (flags & kVmSpecial) == 0;
}

// is_mergeable_anon_vma: whether a neighbour can take over pages whose links are given.
bool AnonVmasMergeable(const AnonVmaLinks& neighbour, const AnonVmaLinks& pages) {
  if (neighbour.own == AnonVmaId() && pages.own != AnonVmaId()) return !pages.HadUncowedParents();
  if (neighbour.own != AnonVmaId() && pages.own == AnonVmaId()) return !neighbour.HadUncowedParents();
  return neighbour.own == pages.own;
}

// are_anon_vmas_compatible: whether a range between the two may join both.
bool AnonVmasCompatible(const Vma& a, const Vma& b) {
  return a.anon.own == AnonVmaId() || b.anon.own == AnonVmaId() || a.anon.own == b.anon.own;
}

bool FitsAfter(const Vma* previous, const NewMapping& wanted) {
  return previous != nullptr && previous->range.end == wanted.range.start &&
         SameKind(*previous, wanted.flags, wanted.file) && AnonVmasMergeable(previous->anon, wanted.anon) &&
         previous->PageIndex(previous->range.end) == wanted.pgoff;
}

bool FitsBefore(const Vma* next, const NewMapping& wanted) {
  return next != nullptr && next->range.start == wanted.range.end && SameKind(*next, wanted.flags, wanted.file) &&
         AnonVmasMergeable(next->anon, wanted.anon) && next->pgoff == wanted.pgoff + wanted.range.pages();
}

// dup_anon_vma: a mapping that takes over pages needs their anon_vmas.
void TakeOverAnonVmas(AddressSpace& space, Vma& target, const AnonVmaLinks& source) {
  if (target.anon.own != AnonVmaId() || source.own == AnonVmaId()) return;
  target.anon = space.environment().anon_vmas.Clone(source);
}

// Which neighbours a range will join.
struct MergePlan {
  bool left = false;
  bool right = false;
};

MergePlan PlanMerge(const Vma* previous, const Vma* next, const NewMapping& wanted) {
  MergePlan plan;
  plan.left = FitsAfter(previous, wanted);
  plan.right = FitsBefore(next, wanted);
  if (plan.left && plan.right && !AnonVmasCompatible(*previous, *next)) plan.right = false;
  return plan;
}

void ChargeMerge(AddressSpace& space) {
  space.environment().clock.Advance(space.environment().costs.vma_split_or_merge);
}

// The whole of `middle` goes to its neighbours.
Vma* AbsorbWhole(AddressSpace& space, Vma* previous, Vma& middle, Vma* next, MergePlan plan) {
  const VirtualRange range = middle.range;
  Vma& target = plan.left ? *previous : *next;
  TakeOverAnonVmas(space, target, middle.anon);
  if (plan.left && plan.right) TakeOverAnonVmas(space, target, next->anon);
  space.Remove(middle);
  VirtualRange merged{plan.left ? previous->range.start : range.start, plan.right ? next->range.end : range.end};
  if (plan.left && plan.right) space.Remove(*next);
  space.Resize(target, merged);
  return &target;
}

// vma_merge_existing_range: a range at an edge of `middle` goes over to the neighbour on that side. Null: nobody takes
// it.
Vma* MergeExistingRange(AddressSpace& space, Vma& middle, const NewMapping& wanted) {
  if ((wanted.flags & kVmSpecial) != 0) return nullptr;
  const bool left_side = wanted.range.start == middle.range.start;
  const bool right_side = wanted.range.end == middle.range.end;
  Vma* previous = left_side ? space.Previous(middle) : nullptr;
  Vma* next = right_side ? space.Next(middle) : nullptr;
  const MergePlan plan = PlanMerge(previous, next, wanted);
  if (!plan.left && !plan.right) return nullptr;
  ChargeMerge(space);
  if (left_side && right_side) return AbsorbWhole(space, previous, middle, next, plan);
  if (plan.left) {
    TakeOverAnonVmas(space, *previous, middle.anon);
    space.Resize(middle, {wanted.range.end, middle.range.end});
    space.Resize(*previous, {previous->range.start, wanted.range.end});
    return previous;
  }
  TakeOverAnonVmas(space, *next, middle.anon);
  space.Resize(middle, {middle.range.start, wanted.range.start});
  space.Resize(*next, {wanted.range.start, next->range.end});
  return next;
}

}  // namespace

Vma* MergeNewRange(AddressSpace& space, const NewMapping& wanted) {
  if ((wanted.flags & kVmSpecial) != 0 || wanted.special != SpecialMapping::kNone) return nullptr;
  Vma* previous = space.FindBefore(wanted.range.start);
  Vma* next = space.Find(wanted.range.start);
  const MergePlan plan = PlanMerge(previous, next, wanted);
  if (!plan.left && !plan.right) return nullptr;
  ChargeMerge(space);
  Vma& target = plan.left ? *previous : *next;
  TakeOverAnonVmas(space, target, wanted.anon);
  const VirtualRange merged{plan.left ? previous->range.start : wanted.range.start,
                            plan.right ? next->range.end : wanted.range.end};
  if (plan.left && plan.right) {
    TakeOverAnonVmas(space, target, next->anon);
    space.Remove(*next);
  }
  space.Resize(target, merged);
  return &target;
}

Vma& MapNewRange(AddressSpace& space, const NewMapping& wanted) {
  if (Vma* merged = MergeNewRange(space, wanted)) {
    AnonVmaLinks links = wanted.anon;
    space.environment().anon_vmas.Unlink(links);
    if (wanted.file != OpenFileId()) space.environment().files.Put(wanted.file);
    return *merged;
  }
  return InsertNewRange(space, wanted);
}

Vma& InsertNewRange(AddressSpace& space, const NewMapping& wanted) {
  Vma vma;
  vma.range = wanted.range;
  vma.flags = wanted.flags;
  vma.pgoff = wanted.pgoff;
  vma.file = wanted.file;
  vma.zero_device = wanted.zero_device;
  vma.anon = wanted.anon;
  vma.special = wanted.special;
  return space.Insert(std::move(vma));
}

bool ExpandInto(AddressSpace& space, Vma& below, const NewMapping& wanted) {
  if ((wanted.flags & kVmSpecial) != 0 || !FitsAfter(&below, wanted)) return false;
  space.Resize(below, {below.range.start, wanted.range.end});
  return true;
}

ErrnoOr<Vma*> ModifyFlags(AddressSpace& space, Vma& vma, VirtualRange range, VmFlags flags) {
  const NewMapping wanted{range, flags, vma.PageIndex(range.start), vma.file, vma.zero_device, vma.anon};
  if (vma.special == SpecialMapping::kNone) {
    if (Vma* merged = MergeExistingRange(space, vma, wanted)) return merged;
  }
  Vma* middle = &vma;
  if (middle->range.start < range.start) {
    if (const Errno error = space.SplitWithinLimit(*middle, range.start); error != Errno::kOk) return error;
    middle = space.Find(range.start);
  }
  if (range.end < middle->range.end) {
    if (const Errno error = space.SplitWithinLimit(*middle, range.end); error != Errno::kOk) return error;
  }
  space.SetFlags(*middle, flags);
  return middle;
}

}  // namespace memsim
