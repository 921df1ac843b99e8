// /proc/buddyinfo: free blocks by order, a row for each zone with memory (frag_show of mm/vmstat.c).

#include <cstdint>

#include "absl/strings/str_format.h"

#include "server/kernel/procfs/proc_files.h"

namespace memsim {

std::string BuddyInfo(const ProcView& view) {
  std::string text;
  for (const ZoneInfo& zone : view.pages.zones()) {
    if (!zone.populated) continue;
    absl::StrAppendFormat(&text, "Node 0, zone %8s ", zone.name);
    for (const std::uint64_t blocks : zone.free_blocks) absl::StrAppendFormat(&text, "%6d ", blocks);
    text += '\n';
  }
  return text;
}

}  // namespace memsim
