// Whether a mapping may have huge pages (thp_vma_allowable_order of include/linux/huge_mm.h).

#ifndef MEMSIM_SERVER_KERNEL_VM_THP_ELIGIBILITY_H_
#define MEMSIM_SERVER_KERNEL_VM_THP_ELIGIBILITY_H_

#include <cstdint>

#include "server/kernel/vm/address_space.h"

namespace memsim {

// enum tva_type: for a fault, for MADV_COLLAPSE, for the row THPeligible of smaps.
enum class HugePageUse : std::uint8_t { kFault, kForcedCollapse, kSmaps };

// Of a fault's address it says nothing: its 2 MiB must lie in the mapping too. Simplified: only anonymous memory may;
// shared memory could, where shmem_enabled lets it, and MADV_COLLAPSE wherever it is.
bool MayHaveHugePages(const AddressSpace& space, const Vma& vma, HugePageUse use);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_THP_ELIGIBILITY_H_
