#include "server/kernel/vm/guard_region.h"

#include <algorithm>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/fault_handlers.h"
#include "server/kernel/vm/zap.h"

namespace memsim {

Errno InstallGuards(MmuGather& gather, Vma& vma, VirtualRange range) {
  AddressSpace& space = gather.space();
  VmEnvironment& environment = space.environment();
  if ((vma.flags & (kVmSpecial | kVmLocked)) != 0) return Errno::kInval;
  if (range.pages() > kMaxGuardPages) return Errno::kNoSys;
  // Nobody counts by it, so that it needs no write lock (vma_flag_set_atomic).
  vma.flags |= kVmMaybeGuard;
  if (vma.IsAnonymous() && !PrepareAnonVma(space, vma)) return Errno::kNoMem;
  ZapRange(gather, vma, range, ZapKind::kPages);
  gather.Flush();
  for (VirtualAddress at = range.start; at < range.end;) {
    LeafTable* const leaf = space.page_tables().FindOrAllocate(at);
    if (leaf == nullptr) return Errno::kNoMem;
    const LockScope lock(environment.locks, leaf->lock, LockMode::kExclusive, {leaf->frame.value(), 0});
    const int first = PageTables::LeafIndex(at);
    const int last = static_cast<int>(std::min<std::uint64_t>(kTableEntries, first + ToPages(range.end - at).value()));
    for (int i = first; i < last; ++i) leaf->Set(i, Pte::Guard());
    const PageCount filled(static_cast<std::uint64_t>(last - first));
    environment.cpus.Charge(environment.costs.set_entry * filled.value());
    at += ToBytes(filled);
  }
  return Errno::kOk;
}

Errno RemoveGuards(AddressSpace& space, const Vma& vma, VirtualRange range) {
  VmEnvironment& environment = space.environment();
  // Memory may have been locked since.
  if ((vma.flags & kVmSpecial) != 0) return Errno::kInval;
  space.page_tables().VisitLeaves(range, [&](VirtualAddress /*base*/, LeafTable& leaf, int first, int last) {
    const LockScope lock(environment.locks, leaf.lock, LockMode::kExclusive, {leaf.frame.value(), 0});
    std::uint64_t removed = 0;
    for (int i = first; i < last; ++i) {
      if (!leaf.entries[i].guard()) continue;
      leaf.Set(i, Pte());
      ++removed;
    }
    environment.cpus.Charge(environment.costs.set_entry * removed);
  });
  return Errno::kOk;
}

}  // namespace memsim
