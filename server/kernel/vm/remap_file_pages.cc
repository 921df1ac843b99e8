#include "server/kernel/vm/remap_file_pages.h"

#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/mmap_lock.h"

namespace memsim {
namespace {

// The shared mapping that the range begins in, if all of the range is mappings of its kind without a hole.
const Vma* SharedMappingOf(AddressSpace& space, VirtualRange range) {
  const Vma* const first = space.Lookup(range.start);
  if (first == nullptr || (first->flags & kVmShared) == 0) return nullptr;
  for (const Vma* vma = first; vma->range.end < range.end;) {
    const Vma* const next = space.Next(*vma);
    if (next == nullptr || next->range.start != vma->range.end) return nullptr;
    if (next->file != first->file || next->flags != first->flags) return nullptr;
    vma = next;
  }
  return first;
}

}  // namespace

Errno RemapFilePages(AddressSpace& space, const VmCaller& caller, const RemapFilePagesArguments& arguments) {
  const ByteCount length(arguments.length.value() & ~(kPageSize.value() - 1));
  const VirtualAddress start = PageAlignDown(arguments.address);
  const VirtualRange range{start, VirtualAddress(start.value() + length.value())};
  if (arguments.prot != 0 || range.end <= range.start) return Errno::kInval;
  if (arguments.pgoff.value() + ToPages(length).value() < arguments.pgoff.value()) return Errno::kInval;
  MmapArguments map{range.start, length, 0, 0, OpenFileId(), arguments.pgoff};
  {
    const MmapReadLock lock(space);
    const Vma* vma = SharedMappingOf(space, range);
    if (vma == nullptr) return Errno::kInval;
    map.prot = vma->flags & kVmAccessFlags;
    map.flags = (arguments.flags & kMapNonblock) | kMapShared | kMapFixed | kMapPopulate;
    if ((vma->flags & kVmLocked) != 0) map.flags |= kMapLocked;
    map.file = vma->file;
    // The mapping that it replaces may have been the file's last user.
    space.environment().files.Get(map.file);
  }
  const ErrnoOr<VirtualAddress> mapped = Mmap(space, caller, map);
  space.environment().files.Put(map.file);
  return mapped.error();
}

}  // namespace memsim
