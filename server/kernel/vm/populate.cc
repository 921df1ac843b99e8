#include "server/kernel/vm/populate.h"

#include <algorithm>

#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/page_fault.h"

namespace memsim {
namespace {

Errno FaultInPart(AddressSpace& space, const VmCaller& caller, VirtualRange part, AccessKind access, FaultRetry retry) {
  TouchProgress progress;
  progress.next = part.start;
  progress.left = part.pages();
  progress.kind = access;
  switch (FaultInPages(space, caller, retry, progress)) {
    case TouchStatus::kDone:
      return Errno::kOk;
    case TouchStatus::kSignal:
      return Errno::kFault;
    case TouchStatus::kOutOfMemory:
      return Errno::kNoMem;
  }
  return Errno::kOk;
}

}  // namespace

Errno PopulatePages(AddressSpace& space, const VmCaller& caller, VirtualRange part, AccessKind access) {
  return FaultInPart(space, caller, part, access, FaultRetry::kTriedAgain);
}

Errno PopulatePart(AddressSpace& space, const VmCaller& caller, const Vma& vma, VirtualRange part, FaultRetry retry) {
  if ((vma.flags & kVmLockOnFault) != 0) return Errno::kOk;
  const bool copies = (vma.flags & (kVmWrite | kVmShared)) == kVmWrite;
  return FaultInPart(space, caller, part, copies ? AccessKind::kWrite : AccessKind::kRead, retry);
}

Errno PopulateRange(AddressSpace& space, const VmCaller& caller, VirtualRange range, PopulateErrors errors) {
  const MmapReadLock lock(space);
  PageCount left = kMaxPopulatedPages;
  for (const Vma* vma = space.FindIntersection(range); vma != nullptr && vma->range.start < range.end;
       vma = space.Next(*vma)) {
    if ((vma->flags & (kVmIo | kVmPfnMap)) != 0) continue;
    VirtualRange part = vma->range.Intersection(range);
    if (part.pages() > left) part.end = part.start + ToBytes(left);
    left -= part.pages();
    const Errno error = PopulatePart(space, caller, *vma, part, FaultRetry::kStartedOver);
    if (error != Errno::kOk && errors == PopulateErrors::kReturned) return error;
  }
  return Errno::kOk;
}

}  // namespace memsim
