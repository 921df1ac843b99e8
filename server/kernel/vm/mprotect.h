// mprotect(2).

#ifndef MEMSIM_SERVER_KERNEL_VM_MPROTECT_H_
#define MEMSIM_SERVER_KERNEL_VM_MPROTECT_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// EINVAL, ENOMEM (a hole, or a limit), EACCES. Mappings before the one that fails stay changed.
Errno Mprotect(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length,
               std::uint64_t prot);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MPROTECT_H_
