#include "server/kernel/vm/vma_merge.h"

#include <optional>
#include <utility>

namespace memsim {
namespace {

// is_mergeable_vma: everything but the anon_vmas and the place.
bool SameKind(const Vma& vma, const NewMapping& wanted) {
  return ((vma.flags ^ wanted.flags) & ~kVmSticky) == 0 && vma.file == wanted.file && vma.policy == wanted.policy &&
         vma.special == SpecialMapping::kNone && (wanted.flags & kVmSpecial) == 0;
}

// Whether it matters that fork passed the pages of a new range on (vma_had_uncowed_parents).
enum class Inheritance : std::uint8_t { kMatters, kIgnored };

// is_mergeable_anon_vma: whether a neighbour can take over pages whose links are given.
bool AnonVmasMergeable(const AnonVmaLinks& neighbour, const AnonVmaLinks& pages,
                       Inheritance inheritance = Inheritance::kMatters) {
  if (neighbour.own == AnonVmaId() && pages.own != AnonVmaId()) {
    return inheritance == Inheritance::kIgnored || !pages.HadUncowedParents();
  }
  if (neighbour.own != AnonVmaId() && pages.own == AnonVmaId()) return !neighbour.HadUncowedParents();
  return neighbour.own == pages.own;
}

// are_anon_vmas_compatible: whether a range between the two may join both.
bool AnonVmasCompatible(const Vma& a, const Vma& b) {
  return a.anon.own == AnonVmaId() || b.anon.own == AnonVmaId() || a.anon.own == b.anon.own;
}

bool FitsAfter(const Vma* previous, const NewMapping& wanted) {
  return previous != nullptr && previous->range.end == wanted.range.start && SameKind(*previous, wanted) &&
         AnonVmasMergeable(previous->anon, wanted.anon) && previous->PageIndex(previous->range.end) == wanted.pgoff;
}

bool FitsBefore(const Vma* next, const NewMapping& wanted, Inheritance inheritance) {
  return next != nullptr && next->range.start == wanted.range.end && SameKind(*next, wanted) &&
         AnonVmasMergeable(next->anon, wanted.anon, inheritance) && next->pgoff == wanted.pgoff + wanted.range.pages();
}

// dup_anon_vma: a mapping that takes over pages needs their anon_vmas. False: no memory.
bool TakeOverAnonVmas(AddressSpace& space, Vma& target, const AnonVmaLinks& source) {
  if (target.anon.own != AnonVmaId() || source.own == AnonVmaId()) return true;
  std::optional<AnonVmaLinks> links = space.environment().anon_vmas.Clone(source);
  if (!links.has_value()) return false;
  target.anon = *std::move(links);
  return true;
}

// The neighbours that a range will join; null: not this one.
struct MergePlan {
  Vma* left = nullptr;
  Vma* right = nullptr;
};

// can_merge_remove_vma: what has a close operation is never merged away, for whoever has it counts its mappings.
bool MayVanish(const AddressSpace& space, const Vma& vma) { return !space.IsOfShmSegment(vma); }

MergePlan PlanMerge(const AddressSpace& space, Vma* previous, Vma* next, const NewMapping& wanted,
                    Inheritance inheritance = Inheritance::kMatters) {
  MergePlan plan;
  if (FitsAfter(previous, wanted)) plan.left = previous;
  if (FitsBefore(next, wanted, inheritance)) plan.right = next;
  const bool both = plan.left != nullptr && plan.right != nullptr;
  if (both && (!AnonVmasCompatible(*plan.left, *plan.right) || !MayVanish(space, *plan.right))) plan.right = nullptr;
  return plan;
}

void ChargeMerge(AddressSpace& space) { space.environment().cpus.Charge(space.environment().costs.vma_split_or_merge); }

// The range becomes part of the planned neighbours, which become one mapping. absorbed: the mapping that had the range;
// null if it is new. Null: no memory for that, and nothing has changed.
Vma* JoinNeighbours(AddressSpace& space, const NewMapping& wanted, Vma* absorbed, MergePlan plan) {
  const bool both = plan.left != nullptr && plan.right != nullptr;
  Vma& target = plan.left != nullptr ? *plan.left : *plan.right;
  const VirtualRange merged{plan.left != nullptr ? plan.left->range.start : wanted.range.start,
                            plan.right != nullptr ? plan.right->range.end : wanted.range.end};
  // The two are compatible: at most one of them has anon_vmas to take over.
  if (!TakeOverAnonVmas(space, target, wanted.anon)) return nullptr;
  if (both && !TakeOverAnonVmas(space, target, plan.right->anon)) return nullptr;
  target.flags |= wanted.flags & kVmSticky;
  if (both) target.flags |= plan.right->flags & kVmSticky;
  if (absorbed != nullptr) space.Remove(*absorbed);
  if (both) space.Remove(*plan.right);
  space.Resize(target, merged);
  return &target;
}

// vma_merge_existing_range: a range at an edge of `middle` goes over to the neighbour on that side. Null: nobody takes
// it.
Vma* MergeExistingRange(AddressSpace& space, Vma& middle, const NewMapping& wanted) {
  if ((wanted.flags & kVmSpecial) != 0) return nullptr;
  const bool left_side = wanted.range.start == middle.range.start;
  const bool right_side = wanted.range.end == middle.range.end;
  const MergePlan plan =
      PlanMerge(space, left_side ? space.Previous(middle) : nullptr, right_side ? space.Next(middle) : nullptr, wanted);
  if (plan.left == nullptr && plan.right == nullptr) return nullptr;
  if (left_side && right_side && !MayVanish(space, middle)) return nullptr;
  ChargeMerge(space);
  if (left_side && right_side) return JoinNeighbours(space, wanted, &middle, plan);
  if (plan.left != nullptr) {
    if (!TakeOverAnonVmas(space, *plan.left, middle.anon)) return nullptr;
    plan.left->flags |= wanted.flags & kVmSticky;
    space.Resize(middle, {wanted.range.end, middle.range.end});
    space.Resize(*plan.left, {plan.left->range.start, wanted.range.end});
    return plan.left;
  }
  if (!TakeOverAnonVmas(space, *plan.right, middle.anon)) return nullptr;
  plan.right->flags |= wanted.flags & kVmSticky;
  space.Resize(middle, {middle.range.start, wanted.range.start});
  space.Resize(*plan.right, {wanted.range.start, plan.right->range.end});
  return plan.right;
}

Vma* MergeRange(AddressSpace& space, const NewMapping& wanted, Inheritance inheritance) {
  if ((wanted.flags & kVmSpecial) != 0 || wanted.special != SpecialMapping::kNone) return nullptr;
  const AddressSpace::Neighbours neighbours = space.NeighboursOf(wanted.range);
  const MergePlan plan = PlanMerge(space, neighbours.below, neighbours.above, wanted, inheritance);
  if (plan.left == nullptr && plan.right == nullptr) return nullptr;
  ChargeMerge(space);
  return JoinNeighbours(space, wanted, nullptr, plan);
}

}  // namespace

Vma* MergeNewRange(AddressSpace& space, const NewMapping& wanted) {
  return MergeRange(space, wanted, Inheritance::kMatters);
}

Vma* MergeExtension(AddressSpace& space, const NewMapping& wanted) {
  return MergeRange(space, wanted, Inheritance::kIgnored);
}

Vma* MapNewRange(AddressSpace& space, const NewMapping& wanted) {
  if (Vma* merged = MergeNewRange(space, wanted)) {
    AnonVmaLinks links = wanted.anon;
    space.environment().anon_vmas.Unlink(links);
    if (wanted.file != OpenFileId()) space.environment().files.Put(wanted.file);
    return merged;
  }
  return InsertNewRange(space, wanted);
}

Vma* InsertNewRange(AddressSpace& space, const NewMapping& wanted) {
  const VmaId id = space.Allocate();
  if (id == kNoVma) return nullptr;
  Vma& vma = space.ById(id);
  vma.Describe(wanted);
  if (!wanted.anon.chain.empty()) vma.anon = wanted.anon;
  return &space.Link(id);
}

bool ExpandInto(AddressSpace& space, Vma& below, const NewMapping& wanted) {
  if ((wanted.flags & kVmSpecial) != 0 || !FitsAfter(&below, wanted)) return false;
  space.Resize(below, {below.range.start, wanted.range.end});
  return true;
}

namespace {

// vma_modify: the range becomes part of a neighbour that is as wanted, or a mapping of its own, which the caller makes
// so.
ErrnoOr<Vma*> SetApart(AddressSpace& space, Vma& vma, VirtualRange range, const NewMapping& wanted) {
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
  return middle;
}

}  // namespace

ErrnoOr<Vma*> ModifyFlags(AddressSpace& space, Vma& vma, VirtualRange range, VmFlags flags) {
  NewMapping wanted{vma.For(range), vma.anon};
  wanted.flags = flags;
  const ErrnoOr<Vma*> changed = SetApart(space, vma, range, wanted);
  if (!changed.ok()) return changed;
  flags |= (*changed)->flags & kVmSticky;
  if ((*changed)->flags != flags) space.SetFlags(**changed, flags);
  return changed;
}

ErrnoOr<Vma*> ModifyPolicy(AddressSpace& space, Vma& vma, VirtualRange range, MempolicyId policy) {
  NewMapping wanted{vma.For(range), vma.anon};
  wanted.policy = policy;
  const ErrnoOr<Vma*> changed = SetApart(space, vma, range, wanted);
  if (changed.ok()) space.SetPolicy(**changed, policy);
  return changed;
}

}  // namespace memsim
