// Filling a range before it is touched: MAP_POPULATE, MAP_LOCKED (mm_populate of mm/gup.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_POPULATE_H_
#define MEMSIM_SERVER_KERNEL_VM_POPULATE_H_

#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// One call populates no more pages than this, 4 GiB: turns and the cap on host memory are kept to within a call.
inline constexpr PageCount kMaxPopulatedPages{1ULL << 20};

// Faults in every page of the range: with stores where the mapping is private and writable, else with loads. Ends
// silently at the first page that cannot be had, as mmap does, and after kMaxPopulatedPages.
void PopulateRange(AddressSpace& space, const VmCaller& caller, VirtualRange range);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_POPULATE_H_
