// Filling a range before it is touched: MAP_POPULATE, and memory that is locked (__mm_populate of mm/gup.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_POPULATE_H_
#define MEMSIM_SERVER_KERNEL_VM_POPULATE_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/kernel/vm/access.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/page_fault.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// One call populates no more pages than this, 4 GiB: turns and the cap on host memory are kept to within a call.
inline constexpr PageCount kMaxPopulatedPages{1ULL << 20};

// faultin_page_range: faults in pages of one mapping for the kernel. EFAULT: an access to one may not be; ENOMEM.
Errno PopulatePages(AddressSpace& space, const VmCaller& caller, VirtualRange part, AccessKind access);

// populate_vma_page_range: faults in a part of one mapping, with stores where it is private and writable, else with
// loads; nothing where it is locked on fault.
Errno PopulatePart(AddressSpace& space, const VmCaller& caller, const Vma& vma, VirtualRange part, FaultRetry retry);

// What becomes of a mapping of which a page cannot be had: the next one is filled all the same, or the call ends there.
enum class PopulateErrors : std::uint8_t { kPassedOver, kReturned };

// PopulatePart of every mapping in the range. Stops silently after kMaxPopulatedPages. EFAULT: no access may have the
// page; ENOMEM.
Errno PopulateRange(AddressSpace& space, const VmCaller& caller, VirtualRange range, PopulateErrors errors);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_POPULATE_H_
