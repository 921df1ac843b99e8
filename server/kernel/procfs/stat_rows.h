// The rows that /proc/vmstat and /proc/zoneinfo share, with Linux's names and in its order.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_STAT_ROWS_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_STAT_ROWS_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/kernel/procfs/proc_view.h"
#include "server/kernel/procfs/zone_usage.h"

namespace memsim {

struct StatRow {
  absl::string_view name;
  std::int64_t value = 0;
};

// Of a zone (enum zone_stat_item and numa_stat_item): nr_free_pages to numa_other.
struct ZoneFreePages {
  PageCount free;
  PageCount free_in_pageblocks;
};
std::vector<StatRow> ZoneStatRows(const ZoneFreePages& free, const ZoneUsage& usage);

// Of the node (enum node_stat_item): nr_inactive_anon to nr_kernel_file_pages.
std::vector<StatRow> NodeStatRows(const Counters& counters);

// Of the whole machine: the thresholds of writeback and the size of memmap (enum vm_stat_item), then the events (enum
// vm_event_item): nr_dirty_threshold to nr_unstable. In /proc/vmstat alone.
std::vector<StatRow> MachineStatRows(const ProcView& view, const std::vector<ZoneInfo>& zones);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_STAT_ROWS_H_
