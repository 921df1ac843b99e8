// munmap(2) and what other calls need of it.

#ifndef MEMSIM_SERVER_KERNEL_VM_MUNMAP_H_
#define MEMSIM_SERVER_KERNEL_VM_MUNMAP_H_

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/mmap_lock.h"

namespace memsim {

// EINVAL: an unaligned address, an empty length, or a range beyond TASK_SIZE; ENOMEM: a hole in the middle of a mapping
// at max_map_count.
Errno Munmap(AddressSpace& space, VirtualAddress address, ByteCount length);

// What munmap does, for calls that are charged for themselves (do_vmi_munmap). Errors as Munmap's. downgraded: what
// holds mmap_lock for the caller, and for reading alone once only pages are left to be freed; with an error it stays as
// it was. nullptr: the caller has more to write.
Errno UnmapUserRange(AddressSpace& space, VirtualAddress address, ByteCount length,
                     MmapWriteLock* downgraded = nullptr);

// Removes whatever the range holds, or fails before anything but a split was done. Errors as Munmap's, of which a
// page-aligned range within TASK_SIZE gets ENOMEM and (for the kernel's own mappings, which cannot be cut) EINVAL.
Errno UnmapRange(AddressSpace& space, VirtualRange range, MmapWriteLock* downgraded = nullptr);

// UnmapRange in two steps, between which mmap(MAP_FIXED) may still fail.
// The first cuts mappings at the range's ends, and tells what lies between.
struct UnmapPlan {
  // Null: nothing is mapped there.
  Vma* first = nullptr;
  // From its start to the end of the last mapping.
  VirtualRange mapped;
  // Pages mapped, and those of them that are accounted.
  PageCount pages;
  PageCount accounted;
};
ErrnoOr<UnmapPlan> GatherUnmap(AddressSpace& space, VirtualRange range);
void CompleteUnmap(AddressSpace& space, const UnmapPlan& plan);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MUNMAP_H_
