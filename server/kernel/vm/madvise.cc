#include "server/kernel/vm/madvise.h"

#include <algorithm>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/file/seals.h"
#include "server/kernel/vm/collapse.h"
#include "server/kernel/vm/guard_region.h"
#include "server/kernel/vm/lru_advice.h"
#include "server/kernel/vm/mapped_range.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/populate.h"
#include "server/kernel/vm/punch_hole.h"
#include "server/kernel/vm/vma_merge.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

enum class AdviceClass : std::uint8_t {
  kFlags,
  kDiscard,
  kWillNeed,
  kRemove,
  kReclaim,
  kGuard,
  kPopulate,
  kCollapse,
  kUnknown
};

AdviceClass ClassOf(int advice) {
  switch (advice) {
    case kMadvNormal:
    case kMadvRandom:
    case kMadvSequential:
    case kMadvDontFork:
    case kMadvDoFork:
    case kMadvMergeable:
    case kMadvUnmergeable:
    case kMadvHugePage:
    case kMadvNoHugePage:
    case kMadvDontDump:
    case kMadvDoDump:
    case kMadvWipeOnFork:
    case kMadvKeepOnFork:
      return AdviceClass::kFlags;
    case kMadvDontNeed:
    case kMadvDontNeedLocked:
    case kMadvFree:
      return AdviceClass::kDiscard;
    case kMadvWillNeed:
      return AdviceClass::kWillNeed;
    case kMadvRemove:
      return AdviceClass::kRemove;
    case kMadvCold:
    case kMadvPageOut:
      return AdviceClass::kReclaim;
    case kMadvGuardInstall:
    case kMadvGuardRemove:
      return AdviceClass::kGuard;
    case kMadvPopulateRead:
    case kMadvPopulateWrite:
      return AdviceClass::kPopulate;
    case kMadvCollapse:
      return AdviceClass::kCollapse;
    default:
      // Nor does Linux know MADV_HWPOISON 100 and MADV_SOFT_OFFLINE 101 without CONFIG_MEMORY_FAILURE.
      return AdviceClass::kUnknown;
  }
}

// vma_ksm_compatible.
bool MayMerge(const Vma& vma) { return (vma.flags & (kVmShared | kVmMayShare | kVmSpecial | kVmDroppable)) == 0; }

// madvise_vma_behavior: the mapping's flags under the advice, or why it cannot have it.
ErrnoOr<VmFlags> AdvisedFlags(const Vma& vma, int advice) {
  const VmFlags flags = vma.flags;
  switch (advice) {
    case kMadvNormal:
      return flags & ~(kVmRandRead | kVmSeqRead);
    case kMadvRandom:
      return (flags & ~kVmSeqRead) | kVmRandRead;
    case kMadvSequential:
      return (flags & ~kVmRandRead) | kVmSeqRead;
    case kMadvDontFork:
      return flags | kVmDontCopy;
    case kMadvDoFork:
      if ((flags & kVmIo) != 0) return Errno::kInval;
      return flags & ~kVmDontCopy;
    case kMadvMergeable:
      // Pages of equal content are not sought: simplified, for nobody can tell but by the memory that it saves.
      return MayMerge(vma) ? flags | kVmMergeable : flags;
    case kMadvUnmergeable:
      return flags & ~kVmMergeable;
    case kMadvHugePage:
      return (flags & ~kVmNoHugePage) | kVmHugePage;
    case kMadvNoHugePage:
      return (flags & ~kVmHugePage) | kVmNoHugePage;
    case kMadvDontDump:
      return flags | kVmDontDump;
    case kMadvDoDump:
      if ((flags & (kVmSpecial | kVmDroppable)) != 0) return Errno::kInval;
      return flags & ~kVmDontDump;
    case kMadvWipeOnFork:
      // A private mapping of /dev/zero is anonymous memory too, but has a file.
      if (!vma.IsAnonymous() || vma.file != OpenFileId() || (flags & kVmShared) != 0) return Errno::kInval;
      return flags | kVmWipeOnFork;
    default:
      if ((flags & kVmDroppable) != 0) return Errno::kInval;
      return flags & ~kVmWipeOnFork;
  }
}

Errno AdviseFlags(AddressSpace& space, Vma& vma, VirtualRange part, int advice) {
  const ErrnoOr<VmFlags> flags = AdvisedFlags(vma, advice);
  if (!flags.ok()) return flags.error();
  if (*flags == vma.flags) return Errno::kOk;
  const ErrnoOr<Vma*> changed = ModifyFlags(space, vma, part, *flags);
  // Out of mappings is out of a kernel resource: EAGAIN, so that ENOMEM always means a hole.
  return changed.error() == Errno::kNoMem ? Errno::kAgain : changed.error();
}

// can_madvise_modify: what is sealed and cannot be written, also for its protection key, may not lose what it holds,
// unless a file has it still.
bool SealForbids(const VmCaller& caller, const Vma& vma, int advice) {
  if ((vma.flags & kVmSealed) == 0 || !vma.IsAnonymous()) return false;
  if ((vma.flags & kVmWrite) != 0 && caller.pkru.Allows(KeyOf(vma.flags), AccessKind::kWrite)) return false;
  switch (advice) {
    case kMadvDontNeed:
    case kMadvDontNeedLocked:
    case kMadvFree:
    case kMadvRemove:
    case kMadvDontFork:
    case kMadvWipeOnFork:
    case kMadvGuardInstall:
      return true;
    default:
      return false;
  }
}

// madvise_dontneed_free.
Errno Discard(MmuGather& gather, const Vma& vma, VirtualRange part, int advice) {
  const VmFlags forbidden = advice == kMadvDontNeedLocked ? kVmPfnMap : kVmPfnMap | kVmLocked;
  if ((vma.flags & forbidden) != 0) return Errno::kInval;
  if (advice != kMadvFree) {
    ZapWithTables(gather, vma, part);
    return Errno::kOk;
  }
  if (!vma.IsAnonymous()) return Errno::kInval;
  FreeLazily(gather.space(), part);
  return Errno::kOk;
}

// madvise_willneed. Without swap there is nothing to read but files on the disk.
Errno WillNeed(AddressSpace& space, const Vma& vma, VirtualRange part) {
  FileSystem& files = space.environment().files;
  if (vma.file == OpenFileId() || files.InodeOf(vma.file).kind != FileKind::kRegular) return Errno::kOk;
  const PageOffset begin = vma.PageIndex(part.start);
  files.ReadPages(files.file(vma.file).inode, {begin, begin + std::min(part.pages(), ReadAround::kMostWanted)});
  return Errno::kOk;
}

// madvise_remove: a hole in the file.
Errno Remove(AddressSpace& space, const Vma& vma, VirtualRange part) {
  VmEnvironment& environment = space.environment();
  if ((vma.flags & kVmLocked) != 0 || vma.file == OpenFileId()) return Errno::kInval;
  if ((vma.flags & (kVmShared | kVmMayWrite)) != (kVmShared | kVmMayWrite)) return Errno::kAcces;
  const InodeId inode = environment.files.file(vma.file).inode;
  if (!HasPages(environment.files.inode(inode).kind)) return Errno::kOpNotSupp;
  if ((environment.files.inode(inode).seals & kWriteSeals) != 0) return Errno::kPerm;
  PunchHole(environment, inode, vma.PageIndex(part.start), vma.PageIndex(part.end));
  return Errno::kOk;
}

// madvise_cold and madvise_pageout.
Errno Reclaim(MmuGather& gather, const VmCaller& caller, const Vma& vma, VirtualRange part, int advice) {
  if ((vma.flags & (kVmLocked | kVmPfnMap)) != 0) return Errno::kInval;
  if (advice == kMadvCold) {
    Deactivate(gather.space(), part);
  } else {
    PageOut(gather, caller, vma, part);
  }
  return Errno::kOk;
}

// madvise_vma_behavior.
Errno AdviseVma(MmuGather& gather, const VmCaller& caller, Vma& vma, VirtualRange part, int advice) {
  AddressSpace& space = gather.space();
  if (SealForbids(caller, vma, advice)) return Errno::kPerm;
  switch (ClassOf(advice)) {
    case AdviceClass::kFlags:
      return AdviseFlags(space, vma, part, advice);
    case AdviceClass::kDiscard:
      return Discard(gather, vma, part, advice);
    case AdviceClass::kWillNeed:
      return WillNeed(space, vma, part);
    case AdviceClass::kRemove:
      return Remove(space, vma, part);
    case AdviceClass::kReclaim:
      return Reclaim(gather, caller, vma, part, advice);
    case AdviceClass::kCollapse:
      return Collapse(space, vma, part);
    case AdviceClass::kGuard:
      return advice == kMadvGuardInstall ? InstallGuards(gather, vma, part) : RemoveGuards(space, vma, part);
    default:
      return Errno::kOk;
  }
}

// Each mapping's part of the range in order; holes are passed over and make the answer ENOMEM.
Errno AdviseVmas(AddressSpace& space, const VmCaller& caller, VirtualRange range, int advice) {
  bool hole = false;
  MmuGather gather(space);
  for (VirtualAddress at = range.start; at < range.end;) {
    Vma* vma = space.Find(at);
    if (vma == nullptr || vma->range.start >= range.end) {
      hole = true;
      break;
    }
    if (vma->range.start > at) {
      hole = true;
      at = vma->range.start;
    }
    const VirtualRange part{at, std::min(vma->range.end, range.end)};
    const Errno error = AdviseVma(gather, caller, *vma, part, advice);
    if (error != Errno::kOk) return error;
    at = part.end;
  }
  return hole ? Errno::kNoMem : Errno::kOk;
}

// Who gives up pages of one mapping needs that mapping's lock alone (MADVISE_VMA_READ_LOCK), unless somebody writes it.
Errno AdviseAsReader(AddressSpace& space, const VmCaller& caller, VirtualRange range, int advice) {
  Vma* const vma = ClassOf(advice) == AdviceClass::kDiscard ? space.Lookup(range.start) : nullptr;
  if (vma != nullptr && range.end <= vma->range.end &&
      !space.environment().locks.IsBusy(vma->lock.lock(), LockMode::kShared)) {
    const LockScope lock(space.environment().locks, vma->lock.lock(), LockMode::kShared,
                         {space.number(), vma->range.start.value()});
    return AdviseVmas(space, caller, range, advice);
  }
  const MmapReadLock lock(space);
  return AdviseVmas(space, caller, range, advice);
}

// madvise_populate: as if the program touched every page, but with an errno where it would get a signal. More than one
// call may populate is refused whole, so that success always means that every page is there.
Errno PopulateVmas(AddressSpace& space, const VmCaller& caller, VirtualRange range, bool write) {
  if (MappedInARow(space, range) > kMaxPopulatedPages) return Errno::kNoSys;
  for (VirtualAddress at = range.start; at < range.end;) {
    const Vma* vma = space.Lookup(at);
    if (vma == nullptr) return Errno::kNoMem;
    const VmFlags needed = write ? kVmWrite : kVmRead;
    const AccessKind access = write ? AccessKind::kWrite : AccessKind::kRead;
    if ((vma->flags & (kVmIo | kVmPfnMap)) != 0 || (vma->flags & needed) == 0) return Errno::kInval;
    if (!caller.pkru.Allows(KeyOf(vma->flags), access)) return Errno::kInval;
    const VirtualRange part{at, std::min(vma->range.end, range.end)};
    if (const Errno error = PopulatePages(space, caller, part, access); error != Errno::kOk) return error;
    at = part.end;
  }
  return Errno::kOk;
}

ErrnoOr<VirtualRange> AdvisedRange(VirtualAddress address, ByteCount length, int advice) {
  if (ClassOf(advice) == AdviceClass::kUnknown || !IsPageAligned(address)) return Errno::kInval;
  const ByteCount whole = ToBytes(ToPagesRoundedUp(length));
  if (length != ByteCount(0) && whole == ByteCount(0)) return Errno::kInval;
  if (address.value() + whole.value() < address.value()) return Errno::kInval;
  return RangeOf(address, whole);
}

}  // namespace

Errno Madvise(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length, int advice) {
  space.environment().cpus.Charge(space.environment().costs.madvise);
  const ErrnoOr<VirtualRange> range = AdvisedRange(address, length, advice);
  if (!range.ok()) return range.error();
  if (range->empty()) return Errno::kOk;
  switch (ClassOf(advice)) {
    case AdviceClass::kFlags: {
      const MmapWriteLock lock(space);
      return AdviseVmas(space, caller, *range, advice);
    }
    case AdviceClass::kPopulate: {
      const MmapReadLock lock(space);
      return PopulateVmas(space, caller, *range, advice == kMadvPopulateWrite);
    }
    default:
      return AdviseAsReader(space, caller, *range, advice);
  }
}

bool MayAdviseOthers(int advice) {
  return advice == kMadvCold || advice == kMadvPageOut || advice == kMadvWillNeed || advice == kMadvCollapse;
}

}  // namespace memsim
