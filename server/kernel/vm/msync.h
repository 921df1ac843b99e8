// msync(2), and the write-back of a file's pages that mappings have made dirty.

#ifndef MEMSIM_SERVER_KERNEL_VM_MSYNC_H_
#define MEMSIM_SERVER_KERNEL_VM_MSYNC_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// flags: MS_*. EINVAL; ENOMEM: a hole, after all that is mapped was written (with MS_ASYNC at once); EBUSY:
// MS_INVALIDATE of locked memory.
Errno Msync(AddressSpace& space, VirtualAddress address, ByteCount length, std::uint64_t flags);

// vfs_fsync_range of a file on the disk: pages [first, end) are clean afterwards, and whoever stores to one again
// faults. Of other files there is nothing to write.
void WriteBack(const VmEnvironment& environment, InodeId inode, PageOffset first, PageOffset end);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MSYNC_H_
