// mseal(2).

#ifndef MEMSIM_SERVER_KERNEL_VM_MSEAL_H_
#define MEMSIM_SERVER_KERNEL_VM_MSEAL_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// From now on nobody unmaps, moves or replaces what is mapped in the range, or changes its protection. EINVAL; ENOMEM:
// a hole, with which nothing changes, or max_map_count, where mappings sealed before stay so.
Errno Mseal(AddressSpace& space, VirtualAddress address, ByteCount length, std::uint64_t flags);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MSEAL_H_
