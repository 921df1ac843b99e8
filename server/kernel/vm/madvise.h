// madvise(2).

#ifndef MEMSIM_SERVER_KERNEL_VM_MADVISE_H_
#define MEMSIM_SERVER_KERNEL_VM_MADVISE_H_

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// EINVAL, ENOMEM (after acting on what is mapped), EAGAIN (max_map_count), EFAULT; ENOSYS: an advice of Linux that a
// machine does not simulate, or MADV_POPULATE_* of more than kMaxPopulatedPages.
Errno Madvise(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length, int advice);

// process_madvise_remote_valid: what may be advised about the memory of another process.
bool MayAdviseOthers(int advice);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MADVISE_H_
