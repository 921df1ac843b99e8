// Rows of the whole machine. Events that the registry does not have never happen yet: swapping, reclaim, migration,
// compaction, huge pages, KSM, ballooning. The direct map is never split.

#include <cstdint>

#include "absl/strings/string_view.h"

#include "server/kernel/procfs/available_memory.h"
#include "server/kernel/procfs/counted_row.h"
#include "server/kernel/procfs/stat_rows.h"

namespace memsim {
namespace {

constexpr CountedRow kInputAndOutput[] = {
    Moved(Counter::kPgPgIn),
    Still("pgpgout"),
    Still("pswpin"),
    Still("pswpout"),
};

// From pgfree on: after the rows that there is one of for each zone.
constexpr CountedRow kEvents[] = {
    Moved(Counter::kPgFree),
    Still("pgactivate"),
    Still("pgdeactivate"),
    Moved(Counter::kPgLazyFree),
    Moved(Counter::kPgFault),
    Moved(Counter::kPgMajFault),
    Still("pglazyfreed"),
    Still("pgrefill"),
    Moved(Counter::kPgReuse),
    Still("pgsteal_kswapd"),
    Still("pgsteal_direct"),
    Still("pgsteal_khugepaged"),
    Still("pgsteal_proactive"),
    Still("pgscan_kswapd"),
    Still("pgscan_direct"),
    Still("pgscan_khugepaged"),
    Still("pgscan_proactive"),
    Still("pgscan_direct_throttle"),
    Still("pgscan_anon"),
    Still("pgscan_file"),
    Still("pgsteal_anon"),
    Still("pgsteal_file"),
    Still("zone_reclaim_success"),
    Still("zone_reclaim_failed"),
    Still("pginodesteal"),
    Still("slabs_scanned"),
    Still("kswapd_inodesteal"),
    Still("kswapd_low_wmark_hit_quickly"),
    Still("kswapd_high_wmark_hit_quickly"),
    Still("pageoutrun"),
    Still("pgrotated"),
    Still("drop_pagecache"),
    Still("drop_slab"),
    Moved(Counter::kOomKill),
    Still("numa_pte_updates"),
    Still("numa_huge_pte_updates"),
    Still("numa_hint_faults"),
    Still("numa_hint_faults_local"),
    Still("numa_pages_migrated"),
    Still("pgmigrate_success"),
    Still("pgmigrate_fail"),
    Still("thp_migration_success"),
    Still("thp_migration_fail"),
    Still("thp_migration_split"),
    Still("compact_migrate_scanned"),
    Still("compact_free_scanned"),
    Still("compact_isolated"),
    Still("compact_stall"),
    Still("compact_fail"),
    Still("compact_success"),
    Still("compact_daemon_wake"),
    Still("compact_daemon_migrate_scanned"),
    Still("compact_daemon_free_scanned"),
    Still("htlb_buddy_alloc_success"),
    Still("htlb_buddy_alloc_fail"),
    Still("unevictable_pgs_culled"),
    Still("unevictable_pgs_scanned"),
    Still("unevictable_pgs_rescued"),
    Still("unevictable_pgs_mlocked"),
    Still("unevictable_pgs_munlocked"),
    Still("unevictable_pgs_cleared"),
    Still("unevictable_pgs_stranded"),
    Moved(Counter::kThpFaultAlloc),
    Moved(Counter::kThpFaultFallback),
    Still("thp_fault_fallback_charge"),
    Moved(Counter::kThpCollapseAlloc),
    Moved(Counter::kThpCollapseAllocFailed),
    Still("thp_file_alloc"),
    Still("thp_file_fallback"),
    Still("thp_file_fallback_charge"),
    Still("thp_file_mapped"),
    Moved(Counter::kThpSplitPage),
    Still("thp_split_page_failed"),
    Moved(Counter::kThpDeferredSplitPage),
    Still("thp_underused_split_page"),
    Moved(Counter::kThpSplitPmd),
    Still("thp_scan_exceed_none_pte"),
    Still("thp_scan_exceed_swap_pte"),
    Still("thp_scan_exceed_share_pte"),
    Still("thp_split_pud"),
    Moved(Counter::kThpZeroPageAlloc),
    Moved(Counter::kThpZeroPageAllocFailed),
    Still("thp_swpout"),
    Still("thp_swpout_fallback"),
    Still("balloon_inflate"),
    Still("balloon_deflate"),
    Still("balloon_migrate"),
    Still("swap_ra"),
    Still("swap_ra_hit"),
    Still("swpin_zero"),
    Still("swpout_zero"),
    Still("ksm_swpin_copy"),
    Still("cow_ksm"),
    Still("zswpin"),
    Still("zswpout"),
    Still("zswpwb"),
    Still("direct_map_level2_splits"),
    Still("direct_map_level3_splits"),
    Still("direct_map_level2_collapses"),
    Still("direct_map_level3_collapses"),
    Still("nr_unstable"),
};

// The names of the rows that exist for each zone, lowest zone first.
constexpr absl::string_view kPgAlloc[] = {"pgalloc_dma", "pgalloc_dma32", "pgalloc_normal", "pgalloc_movable",
                                          "pgalloc_device"};
constexpr absl::string_view kAllocStall[] = {"allocstall_dma", "allocstall_dma32", "allocstall_normal",
                                             "allocstall_movable", "allocstall_device"};
constexpr absl::string_view kPgSkip[] = {"pgskip_dma", "pgskip_dma32", "pgskip_normal", "pgskip_movable",
                                         "pgskip_device"};

}  // namespace

std::vector<StatRow> MachineStatRows(const ProcView& view, const std::vector<ZoneInfo>& zones) {
  const DirtyThresholds dirty = ComputeDirtyThresholds(MemoryInUse::Of(view));
  const auto pages = [](PageCount count) { return static_cast<std::int64_t>(count.value()); };
  std::vector<StatRow> rows = {
      {"nr_dirty_threshold", pages(dirty.threshold)},
      {"nr_dirty_background_threshold", pages(dirty.background)},
      {"nr_memmap_pages"},
      {"nr_memmap_boot_pages", pages(view.pages.reserved().memmap)},
  };
  for (const CountedRow& row : kInputAndOutput) rows.push_back(ReadRow(row, view.counters));
  for (std::size_t z = 0; z < zones.size(); ++z) rows.push_back({kPgAlloc[z], pages(zones[z].allocated_ever)});
  for (std::size_t z = 0; z < zones.size(); ++z) {
    rows.push_back({kAllocStall[z], static_cast<std::int64_t>(zones[z].stalls)});
  }
  for (std::size_t z = 0; z < zones.size(); ++z) rows.push_back({kPgSkip[z]});
  for (const CountedRow& row : kEvents) rows.push_back(ReadRow(row, view.counters));
  return rows;
}

}  // namespace memsim
