#include "server/kernel/vm/populate.h"

#include <algorithm>

#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/page_fault.h"

namespace memsim {
namespace {

// populate_vma_page_range: a part of one mapping.
Errno PopulatePart(AddressSpace& space, const VmCaller& caller, const Vma& vma, VirtualRange part) {
  if ((vma.flags & kVmLockOnFault) != 0) return Errno::kOk;
  const bool copies = (vma.flags & (kVmWrite | kVmShared)) == kVmWrite;
  return PopulatePages(space, caller, part, copies ? AccessKind::kWrite : AccessKind::kRead);
}

}  // namespace

Errno PopulatePages(AddressSpace& space, const VmCaller& caller, VirtualRange part, AccessKind access) {
  TouchProgress progress;
  progress.next = part.start;
  progress.left = part.pages();
  progress.kind = access;
  switch (FaultInPages(space, caller, progress)) {
    case TouchStatus::kDone:
      return Errno::kOk;
    case TouchStatus::kSignal:
      return Errno::kFault;
    case TouchStatus::kOutOfMemory:
      return Errno::kNoMem;
  }
  return Errno::kOk;
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
    const Errno error = PopulatePart(space, caller, *vma, part);
    if (error != Errno::kOk && errors == PopulateErrors::kReturned) return error;
  }
  return Errno::kOk;
}

}  // namespace memsim
