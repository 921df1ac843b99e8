// mlock and its like: mappings whose pages stay in memory, filled when they are locked (mm/mlock.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_MLOCK_H_
#define MEMSIM_SERVER_KERNEL_VM_MLOCK_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// mlock is mlock2 with flags 0. The range grows to whole pages. EINVAL: unknown flags, or a range that wraps; EPERM:
// the limit is 0; ENOMEM: over the limit, or a hole, or a page that no access may have, when what came before is
// locked; EAGAIN: no memory for a page. ENOSYS: more than kMaxPopulatedPages to fill in one call, and nothing is
// locked.
Errno Mlock2(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length,
             std::uint64_t flags);
// EINVAL: a range that wraps; ENOMEM: a hole, or too many mappings.
Errno Munlock(AddressSpace& space, VirtualAddress address, ByteCount length);

// MCL_CURRENT what is mapped, MCL_FUTURE what will be, MCL_ONFAULT without filling it. What cannot be locked or filled
// is passed over. EINVAL; EPERM: the limit is 0; ENOMEM: over the limit. ENOSYS as above.
Errno Mlockall(AddressSpace& space, const VmCaller& caller, std::uint64_t flags);
Errno Munlockall(AddressSpace& space);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MLOCK_H_
