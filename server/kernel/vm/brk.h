// brk(2): the heap.

#ifndef MEMSIM_SERVER_KERNEL_VM_BRK_H_
#define MEMSIM_SERVER_KERNEL_VM_BRK_H_

#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// The break after the call: the one asked for, or the old one when the kernel refuses.
VirtualAddress Brk(AddressSpace& space, const VmCaller& caller, VirtualAddress wanted);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_BRK_H_
