// vm_area_struct: one mapping of an address space.

#ifndef MEMSIM_SERVER_KERNEL_VM_VMA_H_
#define MEMSIM_SERVER_KERNEL_VM_VMA_H_

#include <cstdint>

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/file/open_file.h"
#include "server/kernel/vm/anon_vma.h"
#include "server/kernel/vm/virtual_range.h"
#include "server/kernel/vm/vm_flags.h"
#include "server/kernel/vm/vma_lock.h"

namespace memsim {

// What the kernel itself maps into a process, by the name that /proc/PID/maps prints.
enum class SpecialMapping : std::uint8_t { kNone, kVdso, kVvar, kVvarVclock };

struct Vma {
  VirtualRange range;
  VmFlags flags = 0;
  // The place of the first page in the file, or for anonymous memory the page number of its first address when it was
  // made or moved untouched.
  PageOffset pgoff;
  // vm_file; none for private anonymous memory.
  OpenFileId file;
  // A private mapping of /dev/zero: anonymous memory that keeps its file, and shows its name.
  bool zero_device = false;
  SpecialMapping special = SpecialMapping::kNone;
  AnonVmaLinks anon;
  VmaLock lock;
  // Itself, as an object of a slab cache.
  VirtualAddress object;

  // As it was made. REQUIRES: it has no links.
  void Clear() {
    range = VirtualRange();
    flags = 0;
    pgoff = PageOffset();
    file = OpenFileId();
    zero_device = false;
    special = SpecialMapping::kNone;
    lock = VmaLock();
    object = VirtualAddress();
  }
  // What vm_area_dup copies: all but its links to anon_vmas, its lock and its object.
  void CopyFrom(const Vma& other) {
    range = other.range;
    flags = other.flags;
    pgoff = other.pgoff;
    file = other.file;
    zero_device = other.zero_device;
    special = other.special;
  }

  // vma_is_anonymous: faults are served with pages of its own from the start.
  bool IsAnonymous() const { return (file == OpenFileId() || zero_device) && special == SpecialMapping::kNone; }
  // linear_page_index.
  PageOffset PageIndex(VirtualAddress address) const { return pgoff + ToPages(address - range.start); }

  void DigestTo(Digest& digest) const {
    digest.Add(range.start);
    digest.Add(range.end);
    digest.Add(flags);
    digest.Add(pgoff);
    digest.Add(file);
    digest.Add(static_cast<std::uint64_t>(special));
    anon.DigestTo(digest);
    lock.lock().DigestTo(digest);
    digest.Add(object);
  }
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VMA_H_
