// Faults where a huge entry is, or may be (do_huge_pmd_anonymous_page, do_huge_pmd_wp_page).

#include <optional>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/fault_handlers.h"
#include "server/kernel/vm/split_huge.h"
#include "server/kernel/vm/thp_eligibility.h"

namespace memsim {
namespace {

// vma_alloc_anon_folio_pmd. kNoPage: no memory.
PageFrameNumber AllocateHugePage(AddressSpace& space, const Vma& vma) {
  VmEnvironment& environment = space.environment();
  const auto taken =
      environment.pages.AllocPages(environment.huge.FaultGfp(vma.flags), kHugeOrder, PageOwner::kAnonymous);
  if (!taken.has_value()) {
    environment.counters.Add(Counter::kThpFaultFallback, 1);
    return kNoPage;
  }
  environment.cpus.Charge(environment.costs.huge_page_zero + environment.costs.huge_fault);
  return *taken;
}

// map_anon_folio_pmd, but for the entry itself: the books of a new huge page, and what its entry is.
Pte AdoptHugePage(AddressSpace& space, const Vma& vma, VirtualAddress base, PageFrameNumber head) {
  VmEnvironment& environment = space.environment();
  environment.huge.MapNew(head, vma.anon.own, vma.PageIndex(base), space.number());
  space.AddRss(RssKind::kAnonymous, kHugePages);
  environment.counters.Add(Counter::kThpFaultAlloc, 1);
  return Pte::Make(head, vma.flags, true).Dirty();
}

// __do_huge_pmd_anonymous_page.
HugeFaultOutcome MapHugePage(AddressSpace& space, const Vma& vma, VirtualAddress base) {
  const PageFrameNumber head = AllocateHugePage(space, vma);
  if (head == kNoPage) return HugeFaultOutcome::kFallBack;
  PageTables& tables = space.page_tables();
  const std::optional<PageFrameNumber> deposit = tables.AllocateDeposit();
  if (!deposit.has_value()) {
    space.environment().pages.FreePages(head, kHugeOrder);
    return HugeFaultOutcome::kOutOfMemory;
  }
  tables.SetHuge(base, AdoptHugePage(space, vma, base, head), *deposit);
  return HugeFaultOutcome::kServed;
}

// set_huge_zero_folio.
HugeFaultOutcome MapHugeZeroPage(AddressSpace& space, const Vma& vma, VirtualAddress base) {
  PageTables& tables = space.page_tables();
  const std::optional<PageFrameNumber> deposit = tables.AllocateDeposit();
  if (!deposit.has_value()) return HugeFaultOutcome::kOutOfMemory;
  const PageFrameNumber zero = space.environment().huge.GetZeroPage();
  if (zero == kNoPage) {
    tables.FreeDeposit(*deposit);
    space.environment().counters.Add(Counter::kThpFaultFallback, 1);
    return HugeFaultOutcome::kFallBack;
  }
  tables.SetHuge(base, Pte::Make(zero, vma.flags, false).Special(), *deposit);
  return HugeFaultOutcome::kServed;
}

void SetHugeEntry(AddressSpace& space, HugeEntry& entry, Pte pte) {
  VmEnvironment& environment = space.environment();
  const LockScope lock(environment.locks, *entry.lock, LockMode::kExclusive, entry.lock_owner);
  environment.cpus.Charge(environment.costs.set_entry);
  if (entry.pte.frame() != pte.frame()) space.FlushTlbRange(kPmdSize, TlbStride::kTable);
  entry.pte = pte;
}

// do_huge_pmd_wp_page.
HugeFaultOutcome WriteToHugePage(AddressSpace& space, const Vma& vma, VirtualAddress base, HugeEntry& entry) {
  VmEnvironment& environment = space.environment();
  environment.Note(KernelFunction::kDoHugePmdWpPage);
  if (entry.pte.special()) {
    const PageFrameNumber head = AllocateHugePage(space, vma);
    if (head != kNoPage) {
      SetHugeEntry(space, entry, AdoptHugePage(space, vma, base, head));
      return HugeFaultOutcome::kServed;
    }
  } else {
    PageFrame& first = environment.pages.frame(entry.pte.frame());
    if ((first.flags & kFrameAnonExclusive) != 0 || first.refcount == 1) {
      first.flags |= kFrameAnonExclusive;
      SetHugeEntry(space, entry, entry.pte.Writable().Dirty());
      return HugeFaultOutcome::kServed;
    }
  }
  environment.Note(KernelFunction::kSplitHugePmd);
  SplitHugeEntry(space, base);
  return HugeFaultOutcome::kFallBack;
}

}  // namespace

HugeFaultOutcome HandleHugeFault(AddressSpace& space, Vma& vma, VirtualAddress address, bool write, FaultLock lock) {
  PageTables& tables = space.page_tables();
  const VirtualAddress base = PmdAlignDown(address);
  if (HugeEntry* entry = tables.has_huge() ? tables.FindHuge(address) : nullptr) {
    if (write && !entry->pte.writable()) return WriteToHugePage(space, vma, base, *entry);
    // Somebody served it before (huge_pmd_set_accessed).
    space.environment().Note(KernelFunction::kHugePmdSetAccessed);
    SetHugeEntry(space, *entry, write ? entry->pte.Dirty() : entry->pte.Accessed());
    return HugeFaultOutcome::kServed;
  }
  if (!MayHaveHugePages(space, vma, HugePageUse::kFault)) return HugeFaultOutcome::kFallBack;
  if (!tables.AllocateDirectories(address)) return HugeFaultOutcome::kOutOfMemory;
  if (!vma.range.Contains(RangeOf(base, kPmdSize))) return HugeFaultOutcome::kFallBack;
  space.environment().Note(KernelFunction::kDoHugePmdAnonymousPage);
  // vmf_anon_prepare: a load needs it too.
  if (vma.anon.own == AnonVmaId()) {
    if (lock == FaultLock::kVmaLock && space.environment().locks.IsBusy(space.mmap_lock(), LockMode::kShared)) {
      return HugeFaultOutcome::kRetry;
    }
    if (!PrepareAnonVmaInFault(space, vma, lock)) return HugeFaultOutcome::kOutOfMemory;
  }
  return write ? MapHugePage(space, vma, base) : MapHugeZeroPage(space, vma, base);
}

}  // namespace memsim
