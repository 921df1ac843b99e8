#include "server/kernel/vm/mincore.h"

#include <algorithm>

#include "server/kernel/vm/file_access.h"
#include "server/kernel/vm/mapped_range.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/user_memory.h"

namespace memsim {
namespace {

// can_do_mincore: who may neither own nor write a file learns nothing of what others have read of it.
bool MayKnow(const AddressSpace& space, const VmCaller& caller, const Vma& vma) {
  return vma.IsAnonymous() || OwnsOrMayWrite(space, caller, vma);
}

// mincore_page: what a fault would find.
bool IsInPageCache(const AddressSpace& space, const Vma& vma, VirtualAddress address) {
  if (vma.file == OpenFileId() || vma.zero_device) return false;
  const FileSystem& files = space.environment().files;
  return files.IsCached(files.file(vma.file).inode, vma.PageIndex(address));
}

// do_mincore, of a part of one mapping.
void AppendPart(const AddressSpace& space, const VmCaller& caller, const Vma& vma, VirtualRange part,
                std::string& pages) {
  if (!MayKnow(space, caller, vma)) {
    pages.append(part.pages().value(), '\1');
    return;
  }
  for (VirtualAddress at = part.start; at < part.end; at += kPageSize) {
    const bool resident = space.page_tables().Get(at).present() || IsInPageCache(space, vma, at);
    pages.push_back(resident ? '\1' : '\0');
  }
}

}  // namespace

Residency Mincore(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length,
                  std::optional<VirtualAddress> vec) {
  Residency residency;
  const auto fail = [&residency](Errno error) {
    residency.error = error;
    return residency;
  };
  space.environment().cpus.Charge(space.environment().costs.mincore);
  if (!IsPageAligned(address)) return fail(Errno::kInval);
  if (!IsUserRange(address, length)) return fail(Errno::kNoMem);
  const PageCount wanted = ToPagesRoundedUp(length);
  if (vec.has_value() && !IsUserRange(*vec, ByteCount(wanted.value()))) return fail(Errno::kFault);
  const VirtualRange range = RangeOf(address, ToBytes(wanted));
  {
    const MmapReadLock lock(space);
    const PageCount mapped = MappedInARow(space, range);
    if (mapped > kMaxMincorePages) return fail(Errno::kNoSys);
    const VirtualRange known = RangeOf(address, ToBytes(mapped));
    for (VirtualAddress at = known.start; at < known.end;) {
      const Vma& vma = *space.Lookup(at);
      const VirtualRange part{at, std::min(vma.range.end, known.end)};
      AppendPart(space, caller, vma, part, residency.pages);
      at = part.end;
    }
    space.environment().cpus.Charge(space.environment().costs.mincore_page * residency.pages.size());
    if (known.end < range.end) residency.error = Errno::kNoMem;
  }
  if (vec.has_value()) {
    const Errno error = CopyToUser(space, caller, *vec, ByteCount(residency.pages.size()));
    if (error != Errno::kOk) return fail(error);
  }
  return residency;
}

}  // namespace memsim
