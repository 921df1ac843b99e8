// What the kernel reads and writes at the addresses that a caller gives (access_ok, copy_from_user, copy_to_user).
//
// Machines have no bytes there: the pages are touched as the kernel touches them.

#ifndef MEMSIM_SERVER_KERNEL_VM_USER_MEMORY_H_
#define MEMSIM_SERVER_KERNEL_VM_USER_MEMORY_H_

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// access_ok.
constexpr bool IsUserRange(VirtualAddress address, ByteCount length) {
  return length.value() <= kTaskSize.value() && address.value() <= kTaskSize.value() - length.value();
}

// EFAULT: not all of it can be read, or written; what precedes is there afterwards.
Errno CopyFromUser(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length);
Errno CopyToUser(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_USER_MEMORY_H_
