// pkey_alloc(2), pkey_free(2).

#ifndef MEMSIM_SERVER_KERNEL_VM_PKEYS_H_
#define MEMSIM_SERVER_KERNEL_VM_PKEYS_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// A key that nothing has, with these rights of the caller's (PKEY_*). EINVAL: flags, or rights that are none; ENOSPC:
// all keys are taken.
ErrnoOr<std::uint64_t> PkeyAlloc(AddressSpace& space, const VmCaller& caller, std::uint64_t flags,
                                 std::uint64_t rights);

// The key may be given out again; what bears it keeps it. EINVAL: it is not allocated.
Errno PkeyFree(AddressSpace& space, std::int64_t key);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_PKEYS_H_
