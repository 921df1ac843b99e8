#include "server/kernel/vm/madvise.h"

#include <algorithm>
#include <optional>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/populate.h"
#include "server/kernel/vm/vma_merge.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

enum class AdviceClass : std::uint8_t { kFlags, kDontNeed, kPopulate, kNothing, kNotSimulated, kUnknown };

AdviceClass ClassOf(int advice) {
  switch (advice) {
    case kMadvNormal:
    case kMadvRandom:
    case kMadvSequential:
    case kMadvDontFork:
    case kMadvDoFork:
    case kMadvDontDump:
    case kMadvDoDump:
    case kMadvWipeOnFork:
    case kMadvKeepOnFork:
      return AdviceClass::kFlags;
    case kMadvDontNeed:
      return AdviceClass::kDontNeed;
    case kMadvPopulateRead:
    case kMadvPopulateWrite:
      return AdviceClass::kPopulate;
    case kMadvWillNeed:
      // Starts input that a fault would start too, and nothing waits for it.
      return AdviceClass::kNothing;
    default:
      // 8 to 25, 102 and 103 are Linux's; the others mean nothing to it either, nor do MADV_HWPOISON 100 and
      // MADV_SOFT_OFFLINE 101 without CONFIG_MEMORY_FAILURE.
      return (advice >= 8 && advice <= 25) || advice == 102 || advice == 103 ? AdviceClass::kNotSimulated
                                                                             : AdviceClass::kUnknown;
  }
}

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

Errno DontNeed(MmuGather& gather, const Vma& vma, VirtualRange part) {
  if ((vma.flags & (kVmLocked | kVmPfnMap)) != 0) return Errno::kInval;
  ZapRange(gather, vma, part);
  return Errno::kOk;
}

// Each mapping's part of the range in order; holes are passed over and make the answer ENOMEM.
Errno AdviseVmas(AddressSpace& space, VirtualRange range, int advice) {
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
    Errno error = Errno::kOk;
    if (ClassOf(advice) == AdviceClass::kFlags) error = AdviseFlags(space, *vma, part, advice);
    if (ClassOf(advice) == AdviceClass::kDontNeed) error = DontNeed(gather, *vma, part);
    if (error != Errno::kOk) return error;
    at = part.end;
  }
  return hole ? Errno::kNoMem : Errno::kOk;
}

// Who gives up pages of one mapping needs that mapping's lock alone (MADVISE_VMA_READ_LOCK), unless somebody writes it.
Errno AdviseAsReader(AddressSpace& space, VirtualRange range, int advice) {
  Vma* const vma = ClassOf(advice) == AdviceClass::kDontNeed ? space.Lookup(range.start) : nullptr;
  if (vma != nullptr && range.end <= vma->range.end &&
      !space.environment().locks.IsBusy(vma->lock.lock(), LockMode::kShared)) {
    const LockScope lock(space.environment().locks, vma->lock.lock(), LockMode::kShared,
                         {space.number(), vma->range.start.value()});
    return AdviseVmas(space, range, advice);
  }
  const MmapReadLock lock(space);
  return AdviseVmas(space, range, advice);
}

// madvise_populate: as if the program touched every page, but with an errno where it would get a signal. More than one
// call may populate is refused whole, so that success always means that every page is there.
Errno PopulateVmas(AddressSpace& space, const VmCaller& caller, VirtualRange range, bool write) {
  if (range.pages() > kMaxPopulatedPages) return Errno::kNoSys;
  for (VirtualAddress at = range.start; at < range.end;) {
    const Vma* vma = space.Lookup(at);
    if (vma == nullptr) return Errno::kNoMem;
    const VmFlags needed = write ? kVmWrite : kVmRead;
    if ((vma->flags & (kVmIo | kVmPfnMap)) != 0 || (vma->flags & needed) == 0) return Errno::kInval;
    const VirtualRange part{at, std::min(vma->range.end, range.end)};
    const AccessKind access = write ? AccessKind::kWrite : AccessKind::kRead;
    if (const Errno error = PopulatePages(space, caller, part, access); error != Errno::kOk) return error;
    at = part.end;
  }
  return Errno::kOk;
}

}  // namespace

Errno Madvise(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length, int advice) {
  space.environment().cpus.Charge(space.environment().costs.madvise);
  const AdviceClass kind = ClassOf(advice);
  if (kind == AdviceClass::kUnknown || !IsPageAligned(address)) return Errno::kInval;
  const ByteCount whole = ToBytes(ToPagesRoundedUp(length));
  if (length != ByteCount(0) && whole == ByteCount(0)) return Errno::kInval;
  if (address.value() + whole.value() < address.value()) return Errno::kInval;
  if (whole == ByteCount(0)) return Errno::kOk;
  if (kind == AdviceClass::kNotSimulated) return Errno::kNoSys;
  const VirtualRange range = RangeOf(address, whole);
  switch (kind) {
    case AdviceClass::kFlags: {
      const MmapWriteLock lock(space);
      return AdviseVmas(space, range, advice);
    }
    case AdviceClass::kPopulate: {
      const MmapReadLock lock(space);
      return PopulateVmas(space, caller, range, advice == kMadvPopulateWrite);
    }
    default:
      return AdviseAsReader(space, range, advice);
  }
}

}  // namespace memsim
