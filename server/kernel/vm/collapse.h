// MADV_COLLAPSE: small pages become huge ones at once (madvise_collapse of mm/khugepaged.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_COLLAPSE_H_
#define MEMSIM_SERVER_KERNEL_VM_COLLAPSE_H_

#include "server/base/errno.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/virtual_range.h"

namespace memsim {

// Makes a huge page of each aligned 2 MiB of a part of one mapping that has a table: of what its entries map, and of
// zeros where they map nothing. EINVAL: the mapping may not have huge pages, nothing lies between the first 2 MiB
// border in the part and the last, or some have no table, or a guard page in it; those before it are done. ENOMEM: no
// memory for one. ENOSYS: of shared memory, which is not simulated.
//
// REQUIRES: the caller has mmap_lock for reading, and leaves its mappings alone.
Errno Collapse(AddressSpace& space, const Vma& vma, VirtualRange part);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_COLLAPSE_H_
