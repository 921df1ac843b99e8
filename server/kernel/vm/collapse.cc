#include "server/kernel/vm/collapse.h"

#include <array>
#include <cstdint>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/thp_eligibility.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

// enum scan_result, as far as the answers differ.
enum class ScanResult : std::uint8_t { kSucceeded, kMappedHuge, kNoPmd, kNoTable, kNotPresent, kNoMemory };

// What an entry's page has in it: whether something was stored there that is not known.
bool HasStores(VmEnvironment& environment, Pte pte) {
  if (pte.none() || pte.special()) return false;
  return pte.stored() || (environment.pages.frame(pte.frame()).flags & kFrameStored) != 0;
}

// __collapse_huge_page_copy: the entries of a table go, and the huge page has what they mapped.
void TakeOverPages(MmuGather& gather, const Vma& vma, VirtualAddress base, PageFrameNumber head) {
  AddressSpace& space = gather.space();
  VmEnvironment& environment = space.environment();
  const LeafTable& leaf = *space.page_tables().Find(base);
  std::uint64_t copied = 0;
  for (std::uint32_t i = 0; i < kHugePages; ++i) {
    const Pte pte = leaf.entries[i];
    if (pte.present() && !pte.special()) {
      ++copied;
      environment.pages.contents().Copy(pte.frame(), head + PageCount(i));
    }
    if (HasStores(environment, pte)) environment.pages.frame(head + PageCount(i)).flags |= kFrameStored;
  }
  environment.cpus.Charge(environment.costs.page_copy * copied + environment.costs.page_zero * (kHugePages - copied));
  ZapRange(gather, vma, RangeOf(base, kPmdSize), ZapKind::kPages);
}

// collapse_huge_page, after alloc_charge_folio.
void CollapseTable(AddressSpace& space, const Vma& vma, VirtualAddress base, PageFrameNumber head) {
  VmEnvironment& environment = space.environment();
  {
    MmuGather gather(space);
    TakeOverPages(gather, vma, base, head);
  }
  environment.huge.MapNew(head, vma.anon.own, vma.PageIndex(base), space.number());
  space.page_tables().ReplaceByHuge(base, Pte::Make(head, vma.flags, true).Dirty());
  space.AddRss(RssKind::kAnonymous, kHugePages);
}

// hpage_collapse_scan_pmd, and collapse_huge_page where it finds that it may.
ScanResult CollapseOne(AddressSpace& space, const Vma& vma, VirtualAddress base) {
  VmEnvironment& environment = space.environment();
  environment.cpus.Charge(environment.costs.collapse);
  PageTables& tables = space.page_tables();
  if (tables.has_huge() && tables.FindHuge(base) != nullptr) return ScanResult::kMappedHuge;
  if (!tables.HasDirectories(base)) return ScanResult::kNoPmd;
  const LeafTable* const leaf = tables.Find(base);
  if (leaf == nullptr) return ScanResult::kNoTable;
  const auto taken = environment.pages.AllocPages(kGfpTranshuge, kHugeOrder, PageOwner::kAnonymous);
  environment.counters.Add(taken.has_value() ? Counter::kThpCollapseAlloc : Counter::kThpCollapseAllocFailed, 1);
  if (!taken.has_value()) return ScanResult::kNoMemory;
  // __collapse_huge_page_swapin: what is neither none nor a page must become one, which a guard never does.
  for (const Pte pte : leaf->entries) {
    if (pte.none() || pte.present()) continue;
    environment.pages.FreePages(*taken, kHugeOrder);
    return ScanResult::kNotPresent;
  }
  CollapseTable(space, vma, base, *taken);
  return ScanResult::kSucceeded;
}

}  // namespace

Errno Collapse(AddressSpace& space, const Vma& vma, VirtualRange part) {
  if (!vma.IsAnonymous() && vma.file != OpenFileId() && space.environment().files.IsShmem(vma.file)) {
    return Errno::kNoSys;
  }
  if (!MayHaveHugePages(space, vma, HugePageUse::kForcedCollapse)) return Errno::kInval;
  const VirtualAddress first = PmdAlignDown(part.start + (kPmdSize - ByteCount(1)));
  const VirtualAddress end = PmdAlignDown(part.end);
  // The number of those wanted is unsigned, so that there are more than can be done.
  if (first > end) return Errno::kInval;
  bool all = true;
  for (VirtualAddress base = first; base < end; base += kPmdSize) {
    switch (CollapseOne(space, vma, base)) {
      case ScanResult::kSucceeded:
      case ScanResult::kMappedHuge:
        break;
      case ScanResult::kNoPmd:
        all = false;
        break;
      case ScanResult::kNoMemory:
        return Errno::kNoMem;
      case ScanResult::kNoTable:
      case ScanResult::kNotPresent:
        return Errno::kInval;
    }
  }
  return all ? Errno::kOk : Errno::kInval;
}

}  // namespace memsim
