// mbind(2).

#ifndef MEMSIM_SERVER_KERNEL_VM_MBIND_H_
#define MEMSIM_SERVER_KERNEL_VM_MBIND_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/mempolicy_calls.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

struct MbindArguments {
  VirtualAddress address;
  ByteCount length;
  // MPOL_*, with MPOL_F_*.
  std::uint32_t mode = 0;
  NodeMaskArgument nodes;
  // MPOL_MF_*.
  std::uint32_t flags = 0;
};

// Gives the mappings of a range a policy. EINVAL; EFAULT: of the nodes, or a hole, where nothing has changed, and with
// MPOL_DEFAULT only if all is one; EPERM: MPOL_MF_MOVE_ALL without CAP_SYS_NICE; EIO: MPOL_MF_STRICT, and a page lies
// on another node; ENOMEM, where what came before is done.
//
// Simplified: MPOL_MF_MOVE moves nothing, as there is no other node that a page could come from.
Errno Mbind(AddressSpace& space, const VmCaller& caller, const MbindArguments& arguments);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MBIND_H_
