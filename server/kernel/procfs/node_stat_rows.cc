// Rows of the node. Those that the registry does not have are 0 because the machine has no such thing yet:
// reclaim and its workingset, writeback, swap, huge pages, pinned pages, memory tiers.

#include <array>

#include "server/kernel/procfs/counted_row.h"
#include "server/kernel/procfs/stat_rows.h"

namespace memsim {
namespace {

constexpr CountedRow kRows[] = {
    Moved(Counter::kNrInactiveAnon),
    Still("nr_active_anon"),
    Moved(Counter::kNrInactiveFile),
    Still("nr_active_file"),
    Still("nr_unevictable"),
    Moved(Counter::kNrSlabReclaimable),
    Moved(Counter::kNrSlabUnreclaimable),
    Still("nr_isolated_anon"),
    Still("nr_isolated_file"),
    Still("workingset_nodes"),
    Still("workingset_refault_anon"),
    Still("workingset_refault_file"),
    Still("workingset_activate_anon"),
    Still("workingset_activate_file"),
    Still("workingset_restore_anon"),
    Still("workingset_restore_file"),
    Still("workingset_nodereclaim"),
    Moved(Counter::kNrAnonPages),
    Moved(Counter::kNrMapped),
    Moved(Counter::kNrFilePages),
    Moved(Counter::kNrDirty),
    Still("nr_writeback"),
    Moved(Counter::kNrShmem),
    Still("nr_shmem_hugepages"),
    Still("nr_shmem_pmdmapped"),
    Still("nr_file_hugepages"),
    Still("nr_file_pmdmapped"),
    Moved(Counter::kNrAnonThps),
    Still("nr_vmscan_write"),
    Still("nr_vmscan_immediate_reclaim"),
    Still("nr_dirtied"),
    Still("nr_written"),
    Still("nr_throttled_written"),
    Still("nr_kernel_misc_reclaimable"),
    Still("nr_foll_pin_acquired"),
    Still("nr_foll_pin_released"),
    Moved(Counter::kNrKernelStackKib),
    Moved(Counter::kNrPageTablePages),
    Still("nr_sec_page_table_pages"),
    Still("nr_iommu_pages"),
    Still("nr_swapcached"),
    Still("pgpromote_success"),
    Still("pgpromote_candidate"),
    Still("pgpromote_candidate_nrl"),
    Still("pgdemote_kswapd"),
    Still("pgdemote_direct"),
    Still("pgdemote_khugepaged"),
    Still("pgdemote_proactive"),
    Still("nr_hugetlb"),
    Still("nr_balloon_pages"),
    Still("nr_kernel_file_pages"),
};

}  // namespace

std::vector<StatRow> NodeStatRows(const Counters& counters) {
  std::vector<StatRow> rows;
  rows.reserve(std::size(kRows));
  for (const CountedRow& row : kRows) rows.push_back(ReadRow(row, counters));
  return rows;
}

}  // namespace memsim
