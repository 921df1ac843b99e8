#include "server/kernel/vm/msync.h"

#include <algorithm>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap_lock.h"

namespace memsim {
namespace {

// page_mkclean, of one mapping: its entries of the pages can no longer be written without a fault.
void CleanEntries(AddressSpace& space, const Vma& vma, PageOffset first, PageOffset end) {
  const VirtualRange range = vma.RangeOfPages(first, end);
  if ((vma.flags & kVmShared) == 0 || range.empty()) return;
  bool changed = false;
  space.page_tables().VisitLeaves(range, [&](VirtualAddress /*base*/, LeafTable& leaf, int from, int to) {
    const LockScope lock(space.environment().locks, leaf.lock, LockMode::kExclusive, {leaf.frame.value(), 0});
    for (int i = from; i < to; ++i) {
      const Pte pte = leaf.entries[i];
      if (!pte.present() || (!pte.dirty() && !pte.writable())) continue;
      leaf.entries[i] = pte.Clean().WriteProtected();
      changed = true;
    }
  });
  if (changed) space.FlushTlbRange(range.size());
}

}  // namespace

void WriteBack(const VmEnvironment& environment, InodeId inode, PageOffset first, PageOffset end) {
  if (environment.files.inode(inode).kind != FileKind::kRegular) return;
  const std::uint64_t written = environment.files.CleanPages(inode, first, end);
  if (written == 0) return;
  environment.file_mappings.ForEachOf(
      inode, [&](const FileMappings::Mapping& mapping) { CleanEntries(*mapping.space, *mapping.vma, first, end); });
  environment.cpus.Charge(environment.costs.device_write);
}

Errno Msync(AddressSpace& space, VirtualAddress address, ByteCount length, std::uint64_t flags) {
  VmEnvironment& environment = space.environment();
  environment.cpus.Charge(environment.costs.msync);
  if ((flags & ~(kMsAsync | kMsInvalidate | kMsSync)) != 0 || !IsPageAligned(address)) return Errno::kInval;
  if ((flags & kMsAsync) != 0 && (flags & kMsSync) != 0) return Errno::kInval;
  VirtualAddress at = address;
  const VirtualAddress end(address.value() + ToBytes(ToPagesRoundedUp(length)).value());
  if (end < at) return Errno::kNoMem;
  const MmapReadLock lock(space);
  bool hole = false;
  while (at < end) {
    const Vma* vma = space.Find(at);
    if (vma == nullptr) return Errno::kNoMem;
    if (at < vma->range.start) {
      if (flags == kMsAsync) return Errno::kNoMem;
      hole = true;
      at = vma->range.start;
      if (at >= end) break;
    }
    if ((flags & kMsInvalidate) != 0 && (vma->flags & kVmLocked) != 0) return Errno::kBusy;
    const VirtualRange part{at, std::min(vma->range.end, end)};
    if ((flags & kMsSync) != 0 && vma->file != OpenFileId() && (vma->flags & kVmShared) != 0) {
      WriteBack(environment, environment.files.file(vma->file).inode, vma->PageIndex(part.start),
                vma->PageIndex(part.end));
    }
    at = vma->range.end;
  }
  return hole ? Errno::kNoMem : Errno::kOk;
}

}  // namespace memsim
