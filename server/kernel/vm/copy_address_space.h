// What fork does to memory (dup_mmap of mm/mmap.c, copy_page_range of mm/memory.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_COPY_ADDRESS_SPACE_H_
#define MEMSIM_SERVER_KERNEL_VM_COPY_ADDRESS_SPACE_H_

#include "server/base/errno.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// Makes child, which must be empty, a copy of parent: the same mappings, private pages shared until one of the two
// writes. ENOMEM: over the commit limit, or no memory for page tables; the child then holds a part and is only good for
// destruction.
Errno CopyAddressSpace(AddressSpace& parent, const VmCaller& caller, AddressSpace& child);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_COPY_ADDRESS_SPACE_H_
