// /proc/zoneinfo (zoneinfo_show_print of mm/vmstat.c).
//
// 0 because the machine has no such thing: watermark boosts, contiguous memory areas.

#include <cstdint>

#include "absl/strings/str_format.h"

#include "server/kernel/procfs/pageset.h"
#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/stat_rows.h"
#include "server/kernel/procfs/zone_usage.h"

namespace memsim {
namespace {

void AppendStats(const std::vector<StatRow>& rows, std::string& text) {
  for (const StatRow& row : rows) absl::StrAppendFormat(&text, "\n      %-12s %d", row.name, row.value);
}

void AppendSizes(const ZoneInfo& zone, std::string& text) {
  const ZoneWatermarks& marks = zone.watermarks;
  absl::StrAppendFormat(&text, "\n  pages free     %d", zone.free.value());
  const auto add = [&text](absl::string_view name, PageCount pages) {
    absl::StrAppendFormat(&text, "\n        %-8s %d", name, pages.value());
  };
  add("boost", PageCount(0));
  add("min", marks.min);
  add("low", marks.low);
  add("high", marks.high);
  add("promo", marks.promo);
  add("spanned", zone.spanned);
  add("present", zone.present);
  add("managed", zone.managed);
  add("cma", PageCount(0));
  absl::StrAppendFormat(&text, "\n        protection: (%d", zone.protection[0].value());
  for (int z = 1; z < kZoneTypeCount; ++z) absl::StrAppendFormat(&text, ", %d", zone.protection[z].value());
  text += ')';
}

void AppendPagesets(const ZoneInfo& zone, const ProcView& view, std::string& text) {
  const std::uint32_t cpus = view.spec.cpu_count;
  const std::uint64_t threshold = VmStatThreshold(zone.managed, cpus);
  text += "\n  pagesets";
  for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
    const PagesetTuning tuning = view.pages.pageset(zone.type, CpuId(static_cast<std::uint16_t>(cpu)));
    absl::StrAppendFormat(&text,
                          "\n    cpu: %d"
                          "\n              count:    %d"
                          "\n              high:     %d"
                          "\n              batch:    %d"
                          "\n              high_min: %d"
                          "\n              high_max: %d"
                          "\n  vm stats threshold: %d",
                          cpu, tuning.count.value(), tuning.high.value(), zone.pageset.batch.value(),
                          zone.pageset.high_min.value(), zone.pageset.high_max.value(), threshold);
  }
}

}  // namespace

std::string ZoneInfoText(const ProcView& view) {
  const PerZone<ZoneUsage> usage = UsageByZone(view.pages, view.files);
  std::string text;
  // The node's rows stand in its first zone with memory.
  bool node_shown = false;
  for (const ZoneInfo& zone : view.pages.zones()) {
    absl::StrAppendFormat(&text, "Node 0, zone %8s", zone.name);
    if (zone.populated && !node_shown) {
      text += "\n  per-node stats";
      AppendStats(NodeStatRows(view.counters), text);
      node_shown = true;
    }
    AppendSizes(zone, text);
    if (zone.populated) {
      const ZoneFreePages free{zone.free, zone.free_in_pageblocks};
      AppendStats(ZoneStatRows(free, usage[static_cast<std::size_t>(zone.type)]), text);
      AppendPagesets(zone, view, text);
      absl::StrAppendFormat(&text, "\n  node_unreclaimable:  %d\n  start_pfn:           %d", 0, zone.start_pfn.value());
    }
    text += '\n';
  }
  return text;
}

}  // namespace memsim
