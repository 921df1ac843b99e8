// Stacks that grow down to an access below them (expand_downwards, acct_stack_growth).

#include "server/kernel/vm/fault_handlers.h"
#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/unmapped_area.h"

namespace memsim {
namespace {

// Whether the mapping below leaves the guard gap. One that nobody can touch, or another stack, needs none.
bool GuardGapIsFree(AddressSpace& space, const Vma& vma, VirtualAddress new_start) {
  const Vma* below = space.Previous(vma);
  if (below == nullptr || (below->flags & kVmGrowsDown) != 0 || (below->flags & kVmAccessFlags) == 0) {
    return below == nullptr || below->range.end <= new_start;
  }
  return below->range.end <= new_start && new_start - below->range.end >= kStackGuardGap;
}

bool WithinLimits(const AddressSpace& space, const VmCaller& caller, const Vma& vma, VirtualAddress new_start) {
  const PageCount growth = ToPages(vma.range.start - new_start);
  if (!MayExpand(space, caller, vma.flags, growth)) return false;
  if (vma.range.end - new_start > ByteCount(caller.limits[Resource::kStack].current)) return false;
  return MayLockMore(space, caller, vma.flags, growth);
}

}  // namespace

bool ExpandStack(AddressSpace& space, const VmCaller& caller, Vma& vma, VirtualAddress address) {
  const VirtualAddress new_start = PageAlignDown(address);
  VmEnvironment& environment = space.environment();
  environment.NoteVerdict(AccessVerdict::kStackLimit);
  if (new_start < MmapMinimum(space)) return false;
  if (!GuardGapIsFree(space, vma, new_start)) {
    environment.NoteVerdict(AccessVerdict::kInStackGuardGap);
    return false;
  }
  // Before the limits: a stack that may not grow has an anon_vma all the same.
  if (!PrepareAnonVma(space, vma) || !WithinLimits(space, caller, vma, new_start)) return false;
  const PageCount growth = ToPages(vma.range.start - new_start);
  // A stack at the bottom of the numbers cannot grow below page offset 0.
  if (vma.pgoff.value() < growth.value()) return false;
  if ((vma.flags & kVmAccount) != 0 && !ChargeCommit(space, caller, growth)) return false;
  space.Resize(vma, {new_start, vma.range.end});
  environment.NoteVerdict(AccessVerdict::kServed);
  return true;
}

}  // namespace memsim
