// /proc/vmstat: a name and a number a line (vmstat_show of mm/vmstat.c). The rows of zones are the sums over them.

#include "absl/strings/str_cat.h"

#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/stat_rows.h"
#include "server/kernel/procfs/zone_usage.h"

namespace memsim {
namespace {

void AppendRows(const std::vector<StatRow>& rows, std::string& text) {
  for (const StatRow& row : rows) absl::StrAppend(&text, row.name, " ", row.value, "\n");
}

}  // namespace

std::string VmStat(const ProcView& view) {
  const std::vector<ZoneInfo> zones = view.pages.zones();
  ZoneFreePages free;
  for (const ZoneInfo& zone : zones) {
    free.free += zone.free;
    free.free_in_pageblocks += zone.free_in_pageblocks;
  }
  std::string text;
  AppendRows(ZoneStatRows(free, UsageOfAllZones(view.counters)), text);
  AppendRows(NodeStatRows(view.counters), text);
  AppendRows(MachineStatRows(view, zones), text);
  return text;
}

}  // namespace memsim
