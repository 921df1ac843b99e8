// Advice about how soon pages are needed again: MADV_FREE, MADV_COLD and MADV_PAGEOUT (mm/madvise.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_LRU_ADVICE_H_
#define MEMSIM_SERVER_KERNEL_VM_LRU_ADVICE_H_

#include "server/kernel/vm/mmu_gather.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// madvise_free_pte_range: anonymous pages that nobody else has may be dropped under pressure, unless they are written
// again; until then they keep what they hold.
void FreeLazily(AddressSpace& space, VirtualRange range);

// madvise_cold_pte_range: pages of the mapping count as not used for long.
void Deactivate(AddressSpace& space, VirtualRange range);

// madvise_pageout_pte_range: what the mapping alone has goes at once, as far as that needs no swap: clean pages of
// files leave memory, dirty ones the page table. Nothing happens to a shared file that the caller could not write.
void PageOut(MmuGather& gather, const VmCaller& caller, const Vma& vma, VirtualRange range);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_LRU_ADVICE_H_
