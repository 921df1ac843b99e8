// mprotect(2), pkey_mprotect(2).

#ifndef MEMSIM_SERVER_KERNEL_VM_MPROTECT_H_
#define MEMSIM_SERVER_KERNEL_VM_MPROTECT_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// Gives the mappings their rights and a protection key; -1: as mprotect, which leaves them theirs. EINVAL (also a key
// that is not allocated), ENOMEM (a hole, or a limit), EACCES, EPERM (sealed). Mappings before the one that fails stay
// changed.
Errno PkeyMprotect(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length,
                   std::uint64_t prot, std::int64_t key);

inline Errno Mprotect(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length,
                      std::uint64_t prot) {
  return PkeyMprotect(space, caller, address, length, prot, -1);
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MPROTECT_H_
