// vm_area_struct: one mapping of an address space.

#ifndef MEMSIM_SERVER_KERNEL_VM_VMA_H_
#define MEMSIM_SERVER_KERNEL_VM_VMA_H_

#include <algorithm>
#include <cstdint>

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/file/open_file.h"
#include "server/kernel/numa/mempolicies.h"
#include "server/kernel/vm/anon_vma.h"
#include "server/kernel/vm/virtual_range.h"
#include "server/kernel/vm/vm_flags.h"
#include "server/kernel/vm/vma_lock.h"

namespace memsim {

// What the kernel itself maps into a process, by the name that /proc/PID/maps prints.
enum class SpecialMapping : std::uint8_t { kNone, kVdso, kVvar, kVvarVclock };

// What a mapping maps, and as what: what its maker asks for (vm_area_desc), and vm_area_dup copies.
struct VmaDescription {
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
  // vm_policy: where its pages shall lie. Who is linked holds it.
  MempolicyId policy;

  // vma_is_anonymous: faults are served with pages of its own from the start.
  bool IsAnonymous() const { return (file == OpenFileId() || zero_device) && special == SpecialMapping::kNone; }
  // linear_page_index.
  PageOffset PageIndex(VirtualAddress address) const { return pgoff + ToPages(address - range.start); }
  // Where pages [first, end) of the file are mapped. Empty: nowhere.
  VirtualRange RangeOfPages(PageOffset first, PageOffset end) const {
    const PageOffset low = std::max(first, pgoff);
    const PageOffset high = std::min(end, PageIndex(range.end));
    if (low >= high) return {};
    return {range.start + ToBytes(low - pgoff), range.start + ToBytes(high - pgoff)};
  }
  // The same over another range: a byte keeps its address, and its place in the file.
  VmaDescription For(VirtualRange other) const {
    VmaDescription description = *this;
    description.range = other;
    description.pgoff = PageIndex(other.start);
    return description;
  }
};

struct Vma : VmaDescription {
  AnonVmaLinks anon;
  VmaLock lock;
  // Itself, as an object of a slab cache.
  VirtualAddress object;

  void Describe(const VmaDescription& description) { static_cast<VmaDescription&>(*this) = description; }
  // As it was made. REQUIRES: it has no links.
  void Clear() {
    Describe(VmaDescription());
    lock = VmaLock();
    object = VirtualAddress();
  }

  void DigestTo(Digest& digest) const {
    digest.Add(range.start);
    digest.Add(range.end);
    digest.Add(flags);
    digest.Add(pgoff);
    digest.Add(file);
    digest.Add(static_cast<std::uint64_t>(special) | std::uint64_t{policy.value()} << 8);
    anon.DigestTo(digest);
    lock.lock().DigestTo(digest);
    digest.Add(object);
  }
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VMA_H_
