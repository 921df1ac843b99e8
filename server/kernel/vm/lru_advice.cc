#include "server/kernel/vm/lru_advice.h"

#include <vector>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/file_access.h"
#include "server/kernel/vm/split_huge.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

// Whether an entry has a page that counts.
bool HasPage(Pte pte) { return pte.present() && !pte.special(); }

// can_do_file_pageout.
bool MayPageOut(const AddressSpace& space, const VmCaller& caller, const Vma& vma) {
  if (vma.IsAnonymous() || (vma.flags & kVmMayShare) == 0) return true;
  return OwnsOrMayWrite(space, caller, vma);
}

}  // namespace

void FreeLazily(AddressSpace& space, VirtualRange range) {
  VmEnvironment& environment = space.environment();
  SplitHugePagesIn(space, range, SplitInside::kPartly);
  bool changed = false;
  space.page_tables().VisitLeaves(range, [&](VirtualAddress /*base*/, LeafTable& leaf, int first, int last) {
    const LockScope lock(environment.locks, leaf.lock, LockMode::kExclusive, {leaf.frame.value(), 0});
    for (int i = first; i < last; ++i) {
      const Pte pte = leaf.entries[i];
      if (!HasPage(pte)) continue;
      PageFrame& page = environment.pages.frame(pte.frame());
      // What another process maps too may be read there.
      if (page.owner != PageOwner::kAnonymous || page.map_count != 1 || (page.flags & kFrameLarge) != 0) continue;
      if (pte.accessed() || pte.dirty()) {
        leaf.entries[i] = pte.Clean().Old();
        changed = true;
      }
      if ((page.flags & kFrameLazyFree) != 0) continue;
      // folio_mark_lazyfree: it needs no swap any more, and lies among the inactive files.
      page.flags |= kFrameLazyFree;
      environment.counters.Add(Counter::kNrInactiveAnon, -1);
      environment.counters.Add(Counter::kNrInactiveFile, 1);
      environment.counters.Add(Counter::kPgLazyFree, 1);
    }
  });
  if (changed) space.FlushTlbRange(range.size());
}

void Deactivate(AddressSpace& space, VirtualRange range) {
  VmEnvironment& environment = space.environment();
  SplitHugePagesIn(space, range, SplitInside::kPartly);
  space.page_tables().VisitLeaves(range, [&](VirtualAddress /*base*/, LeafTable& leaf, int first, int last) {
    const LockScope lock(environment.locks, leaf.lock, LockMode::kExclusive, {leaf.frame.value(), 0});
    for (int i = first; i < last; ++i) {
      const Pte pte = leaf.entries[i];
      if (HasPage(pte) && environment.pages.frame(pte.frame()).map_count == 1) leaf.entries[i] = pte.Old();
    }
  });
}

void PageOut(MmuGather& gather, const VmCaller& caller, const Vma& vma, VirtualRange range) {
  AddressSpace& space = gather.space();
  if (!MayPageOut(space, caller, vma)) return;
  VmEnvironment& environment = space.environment();
  SplitHugePagesIn(space, range, SplitInside::kAll);
  std::vector<PageFrameNumber> isolated;
  space.page_tables().VisitLeaves(range, [&](VirtualAddress base, LeafTable& leaf, int first, int last) {
    for (int i = first; i < last; ++i) {
      const Pte pte = leaf.entries[i];
      if (!HasPage(pte)) continue;
      const PageFrame& page = environment.pages.frame(pte.frame());
      // Anonymous and shared memory would need swap, which a machine has none of.
      if (page.owner != PageOwner::kPageCache || page.map_count != 1) continue;
      if (environment.files.IsShmemPage(pte.frame())) continue;
      isolated.push_back(pte.frame());
      const VirtualAddress address = base + ToBytes(PageCount(static_cast<std::uint64_t>(i)));
      ZapRange(gather, vma, RangeOf(address, kPageSize), ZapKind::kPages);
    }
  });
  gather.Flush();
  for (const PageFrameNumber frame : isolated) environment.files.ReclaimPage(frame);
}

}  // namespace memsim
