// Moving page table entries from one place to another (move_page_tables of mm/mremap.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_MOVE_PAGES_H_
#define MEMSIM_SERVER_KERNEL_VM_MOVE_PAGES_H_

#include "server/kernel/vm/address_space.h"

namespace memsim {

// Moves the entries of a range to the range of the same size at `to`, which holds none and does not overlap: whole
// tables and huge entries where both places are aligned to what one serves, and entry by entry where they are not.
// False: no memory for a table; everything is where it was. Simplified: no larger tables move (move_normal_pud).
bool MovePages(AddressSpace& space, VirtualRange from, VirtualAddress to);

// try_realign_addr: where a move of this range may rather begin, so that the first table can go over whole, if what
// lies below belongs to nobody at both places.
VirtualAddress AlignMove(AddressSpace& space, VirtualRange from, VirtualAddress to);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MOVE_PAGES_H_
