#include "server/kernel/procfs/procfs.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace memsim {
namespace {

std::string Buddyinfo(const PageAllocator& pages) {
  std::string text;
  for (const ZoneInfo& zone : pages.zones()) {
    if (!zone.populated) continue;
    absl::StrAppendFormat(&text, "Node 0, zone %8s ", zone.name);
    for (const std::uint64_t blocks : zone.free_blocks) absl::StrAppendFormat(&text, "%6d ", blocks);
    text += '\n';
  }
  return text;
}

}  // namespace

std::optional<std::string> ReadProc(const ProcView& view, absl::string_view path) {
  path = absl::StripPrefix(path, "/proc/");
  if (path == "buddyinfo") return Buddyinfo(view.pages);
  return std::nullopt;
}

}  // namespace memsim
