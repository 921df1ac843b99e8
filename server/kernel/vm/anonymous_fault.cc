// Demand-zero memory, and the anon_vma that the first page of a mapping brings.

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/fault_handlers.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

// anon_vma_compatible: the same but for access rights, also in their policy, and in one line.
bool IsContinuation(const Vma& lower, const Vma& upper) {
  return lower.range.end == upper.range.start && lower.file == upper.file && lower.special == upper.special &&
         lower.policy == upper.policy && ((lower.flags ^ upper.flags) & ~kVmAccessFlags) == 0 &&
         lower.PageIndex(lower.range.end) == upper.pgoff;
}

// reusable_anon_vma: a neighbour's own anon_vma, unless it came through a fork.
bool IsReusable(const Vma& neighbour) { return neighbour.anon.own != AnonVmaId() && neighbour.anon.chain.size() == 1; }

// find_mergeable_anon_vma: above first, then below.
AnonVmaId MergeableAnonVma(AddressSpace& space, const Vma& vma) {
  const Vma* above = space.Next(vma);
  if (above != nullptr && IsContinuation(vma, *above) && IsReusable(*above)) return above->anon.own;
  const Vma* below = space.Previous(vma);
  if (below != nullptr && IsContinuation(*below, vma) && IsReusable(*below)) return below->anon.own;
  return AnonVmaId();
}

}  // namespace

bool PrepareAnonVma(AddressSpace& space, Vma& vma) {
  if (vma.anon.own != AnonVmaId()) return true;
  const AnonVmaId neighbour = MergeableAnonVma(space, vma);
  space.environment().Note(KernelFunction::kAnonVmaPrepare);
  AnonVmas& anon_vmas = space.environment().anon_vmas;
  const bool made = neighbour != AnonVmaId() ? anon_vmas.Join(vma.anon, neighbour) : anon_vmas.Create(vma.anon);
  if (!made) return false;
  // What is attached was made before the lock is taken, under which nobody may sleep for memory.
  const LockScope attach(space.environment().locks, space.page_tables().lock(), LockMode::kExclusive,
                         {space.number(), 0});
  return true;
}

bool PrepareAnonVmaInFault(AddressSpace& space, Vma& vma, FaultLock lock) {
  if (vma.anon.own != AnonVmaId()) return true;
  if (lock == FaultLock::kMmapLock) return PrepareAnonVma(space, vma);
  const MmapReadLock read_lock(space);
  return PrepareAnonVma(space, vma);
}

bool MapNewAnonymousPage(Fault& fault, GfpMask zero) {
  VmEnvironment& environment = fault.space.environment();
  if (!PrepareAnonVmaInFault(fault.space, fault.vma, fault.lock)) return false;
  environment.Note(KernelFunction::kFolioPrealloc);
  const auto taken =
      environment.pages.AllocPages(kGfpHighuserMovable | kGfpComp | zero, Order(0), PageOwner::kAnonymous);
  if (!taken.has_value()) return false;
  environment.cpus.Charge(environment.costs.new_page);
  if (zero == 0) environment.cpus.Charge(environment.costs.page_copy);
  PageFrame& page = environment.pages.frame(*taken);
  page.mapping = fault.vma.anon.own.value();
  page.index = fault.vma.PageIndex(fault.address);
  page.flags |= kFrameAnonExclusive;
  AddMapping(environment, *taken);
  fault.space.AddRss(RssKind::kAnonymous, 1);
  SetEntry(fault, fault.index(), Pte::Make(*taken, fault.vma.flags, true).Dirty());
  return true;
}

FaultOutcome HandleAnonymousFault(Fault& fault) {
  VmEnvironment& environment = fault.space.environment();
  environment.Note(KernelFunction::kDoAnonymousPage);
  if (!fault.write) {
    SetEntry(fault, fault.index(), Pte::Make(environment.zero_page, fault.vma.flags, false).Special());
    return FaultOutcome::kMinor;
  }
  return MapNewAnonymousPage(fault, kGfpZero) ? FaultOutcome::kMinor : FaultOutcome::kOutOfMemory;
}

}  // namespace memsim
