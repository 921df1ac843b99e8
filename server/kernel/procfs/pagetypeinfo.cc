// /proc/pagetypeinfo: free blocks by mobility, and how many pageblocks have each (pagetypeinfo_show of mm/vmstat.c).

#include <algorithm>
#include <array>
#include <cstdint>

#include "absl/strings/str_format.h"

#include "server/kernel/procfs/proc_files.h"

namespace memsim {
namespace {

// migratetype_names of a kernel without CMA. Isolate is no list of ours: nothing is ever being offlined.
constexpr std::array<absl::string_view, kMigrateTypeCount + 1> kTypeNames = {"Unmovable", "Movable", "Reclaimable",
                                                                             "HighAtomic", "Isolate"};

// Linux stops counting a list there, because it holds the zone lock meanwhile.
constexpr std::uint64_t kMostCounted = 100000;

void AppendFreeCounts(const ZoneInfo& zone, std::string& text) {
  for (std::size_t type = 0; type < kTypeNames.size(); ++type) {
    absl::StrAppendFormat(&text, "Node %4d, zone %8s, type %12s ", 0, zone.name, kTypeNames[type]);
    for (std::size_t order = 0; order < kOrderCount; ++order) {
      const std::uint64_t blocks = type < kMigrateTypeCount ? zone.free_blocks_by_type[type][order] : 0;
      absl::StrAppendFormat(&text, "%s%6d ", blocks >= kMostCounted ? ">" : "", std::min(blocks, kMostCounted));
    }
    text += '\n';
  }
}

void AppendPageblocks(const ZoneInfo& zone, std::string& text) {
  absl::StrAppendFormat(&text, "Node %d, zone %8s ", 0, zone.name);
  for (std::size_t type = 0; type < kTypeNames.size(); ++type) {
    absl::StrAppendFormat(&text, "%12d ", type < kMigrateTypeCount ? zone.pageblocks_by_type[type] : 0);
  }
  text += '\n';
}

}  // namespace

std::string PageTypeInfo(const ProcView& view) {
  const std::vector<ZoneInfo> zones = view.pages.zones();
  std::string text = absl::StrFormat("Page block order: %d\nPages per block:  %d\n\n", kPageblockOrder.value(),
                                     kPagesPerPageblock.value());
  absl::StrAppendFormat(&text, "%-43s ", "Free pages count per migrate type at order");
  for (int order = 0; order < kOrderCount; ++order) absl::StrAppendFormat(&text, "%6d ", order);
  text += '\n';
  for (const ZoneInfo& zone : zones) {
    if (zone.populated) AppendFreeCounts(zone, text);
  }
  absl::StrAppendFormat(&text, "\n%-23s", "Number of blocks type ");
  for (const absl::string_view name : kTypeNames) absl::StrAppendFormat(&text, "%12s ", name);
  text += '\n';
  for (const ZoneInfo& zone : zones) {
    if (zone.populated) AppendPageblocks(zone, text);
  }
  return text;
}

}  // namespace memsim
