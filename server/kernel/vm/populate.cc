#include "server/kernel/vm/populate.h"

#include <algorithm>

#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/page_fault.h"

namespace memsim {

void PopulateRange(AddressSpace& space, const VmCaller& caller, VirtualRange range) {
  if (range.pages() > kMaxPopulatedPages) range.end = range.start + ToBytes(kMaxPopulatedPages);
  const MmapReadLock lock(space);
  for (VirtualAddress at = range.start; at < range.end;) {
    const Vma* vma = space.Lookup(at);
    if (vma == nullptr) return;
    const VirtualRange part{at, std::min(vma->range.end, range.end)};
    TouchProgress progress;
    progress.next = part.start;
    progress.left = part.pages();
    progress.kind = (vma->flags & (kVmWrite | kVmShared)) == kVmWrite ? AccessKind::kWrite : AccessKind::kRead;
    if (FaultInPages(space, caller, progress) != TouchStatus::kDone) return;
    at = part.end;
  }
}

}  // namespace memsim
