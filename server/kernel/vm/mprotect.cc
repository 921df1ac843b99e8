#include "server/kernel/vm/mprotect.h"

#include <algorithm>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/mm_flags.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/mmu_gather.h"
#include "server/kernel/vm/populate.h"
#include "server/kernel/vm/vma_merge.h"

namespace memsim {
namespace {

// can_change_pte_writable, can_change_pmd_writable: whether a page may be written at once, without a fault that would
// find out.
bool MayWriteAtOnce(VmEnvironment& environment, const Vma& vma, Pte pte) {
  if ((vma.flags & kVmWrite) == 0 || pte.prot_none()) return false;
  if ((vma.flags & kVmShared) == 0) {
    if (pte.special()) return false;
    const PageFrame& page = environment.pages.frame(pte.frame());
    return page.owner == PageOwner::kAnonymous && (page.flags & kFrameAnonExclusive) != 0;
  }
  // A clean page of a file waits for the fault that makes it dirty; shared memory has nothing to write back.
  return pte.dirty() || environment.files.IsShmem(vma.file);
}

// What an entry becomes under a mapping's new flags (change_pte_range, change_huge_pmd).
Pte UnderFlags(VmEnvironment& environment, const Vma& vma, Pte old) {
  Pte pte = old.WithPermissions(vma.flags);
  if ((vma.flags & kVmWrite) == 0) pte = pte.WriteProtected();
  return !pte.writable() && MayWriteAtOnce(environment, vma, pte) ? pte.Writable() : pte;
}

// change_protection.
void ChangeEntries(MmuGather& gather, const Vma& vma, VirtualRange range) {
  VmEnvironment& environment = gather.space().environment();
  const auto change_leaf = [&](VirtualAddress base, LeafTable& leaf, int first, int last) {
    const LockScope table_lock(environment.locks, leaf.lock, LockMode::kExclusive, {leaf.frame.value(), 0});
    std::uint64_t changed = 0;
    for (int i = first; i < last; ++i) {
      const Pte old = leaf.entries[i];
      if (!old.present()) continue;
      const Pte pte = UnderFlags(environment, vma, old);
      leaf.Set(i, pte);
      if (old.NeedsFlush(pte))
        gather.ChangeEntries(RangeOf(base + ToBytes(PageCount(static_cast<std::uint64_t>(i))), kPageSize));
      ++changed;
    }
    environment.cpus.Charge(environment.costs.protect_page * changed);
  };
  gather.space().page_tables().VisitEntries(range, change_leaf, [&](VirtualAddress base, HugeEntry& huge) {
    const LockScope lock(environment.locks, *huge.lock, LockMode::kExclusive, huge.lock_owner);
    const Pte old = huge.pte;
    huge.pte = UnderFlags(environment, vma, old);
    if (old.NeedsFlush(huge.pte)) gather.ChangeHugeEntry(RangeOf(base, kPmdSize));
    environment.cpus.Charge(environment.costs.protect_page);
  });
}

// Promised memory follows writability: becoming writable charges, and giving it up before anything was written
// uncharges.
ErrnoOr<VmFlags> ChargeFor(AddressSpace& space, const VmCaller& caller, const Vma& vma, VirtualRange range,
                           VmFlags flags) {
  if ((flags & kVmWrite) != 0) {
    if (!MayExpand(space, caller, flags, range.pages()) && MayExpand(space, caller, vma.flags, range.pages())) {
      return Errno::kNoMem;
    }
    if ((vma.flags & (kVmAccount | kVmWrite | kVmShared | kVmNoReserve)) != 0) return flags;
    if (!ChargeCommit(space, caller, range.pages())) return Errno::kNoMem;
    return flags | kVmAccount;
  }
  const bool untouched = (vma.flags & kVmAccount) != 0 && vma.IsAnonymous() && vma.anon.own == AnonVmaId();
  return untouched ? flags & ~kVmAccount : flags;
}

// What a call asks of all mappings of its range.
struct Protection {
  // Without PROT_GROWSDOWN and PROT_GROWSUP.
  std::uint64_t prot;
  // -1: mprotect names none.
  std::int64_t key;
};

// arch_override_mprotect_pkey: mprotect keeps a mapping's key, but for memory that becomes or was for execution alone.
ProtectionKey KeyUnder(AddressSpace& space, const VmCaller& caller, const Vma& vma, const Protection& wanted) {
  if (wanted.key != -1) return static_cast<ProtectionKey>(wanted.key);
  if (wanted.prot == kProtExec) {
    const ProtectionKey key = space.keys.ExecuteOnly(caller.pkru);
    if (key != 0) return key;
  } else if (space.keys.IsExecuteOnly(vma.flags)) {
    return 0;
  }
  return KeyOf(vma.flags);
}

// mprotect_fixup: one mapping's part of the range.
Errno ProtectVma(MmuGather& gather, const VmCaller& caller, Vma& vma, VirtualRange range, const Protection& wanted) {
  AddressSpace& space = gather.space();
  const VmFlags old_flags = vma.flags;
  const VmFlags access = FlagsOfProt(wanted.prot);
  const VmFlags flags =
      (old_flags & ~(kVmAccessFlags | kVmPkeyMask)) | access | FlagsOfKey(KeyUnder(space, caller, vma, wanted));
  // MAYREAD, MAYWRITE and MAYEXEC stand four bits above READ, WRITE and EXEC.
  if ((access & ~(old_flags >> 4) & kVmAccessFlags) != 0) return Errno::kAcces;
  if (DeniesWriteExec(space.mm_flags, old_flags, flags)) return Errno::kAcces;
  if ((old_flags & kVmSealed) != 0) return Errno::kPerm;
  if (flags == old_flags) return Errno::kOk;
  const ErrnoOr<VmFlags> charged = ChargeFor(space, caller, vma, range, flags);
  if (!charged.ok()) return charged.error();
  const ErrnoOr<Vma*> changed = ModifyFlags(space, vma, range, *charged);
  if (!changed.ok()) {
    if ((*charged & kVmAccount) != 0 && (old_flags & kVmAccount) == 0) {
      space.environment().commit.Uncharge(range.pages());
    }
    return changed.error();
  }
  if ((old_flags & kVmAccount) != 0 && (*charged & kVmAccount) == 0) space.environment().commit.Uncharge(range.pages());
  ChangeEntries(gather, **changed, range);
  // Private locked memory that becomes writable gets its own pages now, not by faults later. What cannot be filled is
  // left as it is.
  if ((old_flags & (kVmWrite | kVmShared | kVmLocked)) == kVmLocked && (flags & kVmWrite) != 0) {
    PopulatePart(space, caller, **changed, range, FaultRetry::kForbidden);
  }
  return Errno::kOk;
}

// READ_IMPLIES_EXEC, of what may become executable.
std::uint64_t ProtFor(const VmCaller& caller, const Vma& vma, std::uint64_t prot) {
  return (vma.flags & kVmMayExec) != 0 ? ProtUnder(caller.personality, prot) : prot;
}

// PROT_GROWSDOWN moves the start down to the beginning of the stack's mapping.
ErrnoOr<Vma*> FirstVma(AddressSpace& space, VirtualRange& range, std::uint64_t grows) {
  Vma* vma = space.Find(range.start);
  if (vma == nullptr) return Errno::kNoMem;
  if ((grows & kProtGrowsDown) != 0) {
    if (vma->range.start >= range.end) return Errno::kNoMem;
    if ((vma->flags & kVmGrowsDown) == 0) return Errno::kInval;
    range.start = vma->range.start;
    return vma;
  }
  if (vma->range.start > range.start) return Errno::kNoMem;
  // x86 has no stacks that grow up.
  if ((grows & kProtGrowsUp) != 0) return Errno::kInval;
  return vma;
}

}  // namespace

Errno PkeyMprotect(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length,
                   std::uint64_t prot, std::int64_t key) {
  const MmapWriteLock lock(space);
  space.environment().cpus.Charge(space.environment().costs.mprotect);
  const std::uint64_t grows = prot & (kProtGrowsDown | kProtGrowsUp);
  prot &= ~grows;
  if (grows == (kProtGrowsDown | kProtGrowsUp) || !IsPageAligned(address)) return Errno::kInval;
  if (length == ByteCount(0)) return Errno::kOk;
  VirtualRange range{address, VirtualAddress(address.value() + ToBytes(ToPagesRoundedUp(length)).value())};
  if (range.end <= range.start) return Errno::kNoMem;
  if ((prot & ~(kProtRead | kProtWrite | kProtExec | kProtSem)) != 0) return Errno::kInval;
  if (key != -1 && !space.keys.IsAllocated(key)) return Errno::kInval;
  const ErrnoOr<Vma*> first = FirstVma(space, range, grows);
  if (!first.ok()) return first.error();
  MmuGather gather(space);
  for (VirtualAddress at = range.start; at < range.end;) {
    Vma* vma = space.Find(at);
    if (vma == nullptr || vma->range.start > at) return Errno::kNoMem;
    const VirtualRange part{at, std::min(vma->range.end, range.end)};
    const Errno error = ProtectVma(gather, caller, *vma, part, {ProtFor(caller, *vma, prot), key});
    if (error != Errno::kOk) return error;
    at = part.end;
  }
  return Errno::kOk;
}

}  // namespace memsim
