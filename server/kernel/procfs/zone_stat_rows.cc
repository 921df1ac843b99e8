// Rows of a zone. 0 because the machine has no such thing: mlocked pages, compressed pools, contiguous memory areas.
// The numa_* rows are not counted, as with vm.numa_stat=0: they would tell nothing on a machine of one node.

#include "server/kernel/procfs/stat_rows.h"

namespace memsim {

std::vector<StatRow> ZoneStatRows(const ZoneFreePages& free, const ZoneUsage& usage) {
  const auto pages = [](PageCount count) { return static_cast<std::int64_t>(count.value()); };
  return {
      {"nr_free_pages", pages(free.free)},
      {"nr_free_pages_blocks", pages(free.free_in_pageblocks)},
      {"nr_zone_inactive_anon", pages(usage.inactive_anon)},
      {"nr_zone_active_anon", 0},
      {"nr_zone_inactive_file", pages(usage.inactive_file)},
      {"nr_zone_active_file", 0},
      {"nr_zone_unevictable"},
      {"nr_zone_write_pending", pages(usage.write_pending)},
      {"nr_mlock"},
      {"nr_zspages"},
      {"nr_free_cma"},
      {"numa_hit"},
      {"numa_miss"},
      {"numa_foreign"},
      {"numa_interleave"},
      {"numa_local"},
      {"numa_other"},
  };
}

}  // namespace memsim
