// Guard regions: pages of a mapping that nobody may touch, without a mapping of their own (madvise_guard_install,
// madvise_guard_remove of mm/madvise.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_GUARD_REGION_H_
#define MEMSIM_SERVER_KERNEL_VM_GUARD_REGION_H_

#include "server/base/errno.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/mmu_gather.h"

namespace memsim {

// One call makes at most so many, of which ENOSYS is the answer beyond.
inline constexpr PageCount kMaxGuardPages{1ULL << 20};
// Puts a marker into every entry of the range, which lies in the mapping, and gives up what was there. The mapping is
// VM_MAYBE_GUARD from then on. EINVAL: a mapping of the kernel's kinds, or a locked one; ENOMEM.
Errno InstallGuards(MmuGather& gather, Vma& vma, VirtualRange range);

// Takes the markers away: the next touch finds fresh pages. EINVAL: a mapping of the kernel's kinds.
Errno RemoveGuards(AddressSpace& space, const Vma& vma, VirtualRange range);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_GUARD_REGION_H_
