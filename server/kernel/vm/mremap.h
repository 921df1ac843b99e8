// mremap(2), as of Linux 6.18.

#ifndef MEMSIM_SERVER_KERNEL_VM_MREMAP_H_
#define MEMSIM_SERVER_KERNEL_VM_MREMAP_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

struct MremapArguments {
  VirtualAddress address;
  ByteCount old_length;
  ByteCount new_length;
  // MREMAP_*.
  std::uint64_t flags = 0;
  VirtualAddress new_address;
};

// The mapping's address. EINVAL; EFAULT: no mapping there, or not one alone; ENOMEM: no room, or a limit.
ErrnoOr<VirtualAddress> Mremap(AddressSpace& space, const VmCaller& caller, const MremapArguments& arguments);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MREMAP_H_
