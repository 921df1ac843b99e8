// Moving page table entries from one place to another (move_page_tables of mm/mremap.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_MOVE_PAGES_H_
#define MEMSIM_SERVER_KERNEL_VM_MOVE_PAGES_H_

#include "server/kernel/vm/address_space.h"

namespace memsim {

// Moves the entries of a range to the range of the same size at `to`, which holds none and does not overlap. False: no
// memory for a table; everything is where it was. Simplified: entry by entry, where Linux moves whole tables from one
// directory to another if both places are aligned (move_normal_pmd).
bool MovePages(AddressSpace& space, VirtualRange from, VirtualAddress to);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MOVE_PAGES_H_
