// Taking pages out of page tables: zap_pte_range and what counts mapped pages.

#ifndef MEMSIM_SERVER_KERNEL_VM_ZAP_H_
#define MEMSIM_SERVER_KERNEL_VM_ZAP_H_

#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/mmu_gather.h"
#include "server/kernel/vm/vma.h"

namespace memsim {

// What goes (zap_details).
enum class ZapKind : std::uint8_t {
  // Everything, guards too: the mapping ends.
  kAll,
  kPages,
  // Pages that are still the file's, not private copies of them.
  kFilePages,
};

// Empties the entries of the range, which lies in the mapping, and gathers the pages that they held. The tables stay;
// huge entries that are there in part only become tables.
void ZapRange(MmuGather& gather, const Vma& vma, VirtualRange range, ZapKind kind);

// Takes pages [first, end) of a file out of every mapping of it (unmap_mapping_range).
void ZapFilePages(const VmEnvironment& environment, InodeId inode, PageOffset first, PageOffset end, ZapKind kind);

// ZapRange of pages, and gives back the tables that serve nothing but the range and are empty then (CONFIG_PT_RECLAIM).
void ZapWithTables(MmuGather& gather, const Vma& vma, VirtualRange range);

// folio_pte_batch: how many entries from one on, up to last, map pages of one huge page in a row. REQUIRES: the first
// maps one.
int CountInRow(const LeafTable& leaf, int first, int last);

// Drops what a file lost by becoming shorter from every mapping of it, private copies included (unmap_mapping_range).
void ZapCutTail(const VmEnvironment& environment, const CutTail& cut);

// Counts one more page-table entry that maps the frame (folio_add_rmap_pte). The caller holds a reference for it.
void AddMapping(VmEnvironment& environment, PageFrameNumber frame);
// The reverse, with the entry's reference (folio_remove_rmap_pte, put_page). Neither is for huge pages.
void RemoveMapping(VmEnvironment& environment, PageFrameNumber frame);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_ZAP_H_
