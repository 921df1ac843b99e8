#include "client/replay/own_memory.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "client/replay/page_size.h"
#include "client/replay/proc_text.h"

namespace memsim::replay {
namespace {

// The heap's accesses are told; the kernel's pages have nothing to fault in.
bool IsOwn(const MappingRow& row) {
  return row.name != "[heap]" && !absl::StartsWith(row.name, "[v") && row.permissions.substr(0, 2) != "--";
}

std::vector<OwnRange> OwnRanges(absl::string_view maps) {
  std::vector<OwnRange> ranges;
  for (const MappingRow& row : ParseMaps(maps)) {
    if (IsOwn(row)) ranges.push_back({row.start, row.end, row.permissions[1] == 'w'});
  }
  return ranges;
}

}  // namespace

void UseOwnMemory(ReplaySession& session, TracedProcess& process) {
  if (process.own_memory_used) return;
  process.own_memory_used = true;
  if (process.own_memory == nullptr) {
    const std::optional<std::string> maps = session.TryReadProc(absl::StrCat(process.machine_pid, "/maps"));
    if (!maps.has_value()) return;
    process.own_memory = std::make_shared<const std::vector<OwnRange>>(OwnRanges(*maps));
  }
  for (const OwnRange& range : *process.own_memory) {
    v1::Call call;
    v1::TouchRequest& touch = *call.mutable_touch();
    touch.set_pid(process.machine_pid);
    touch.set_address(range.start);
    touch.set_access(range.writable ? v1::ACCESS_KIND_WRITE : v1::ACCESS_KIND_READ);
    touch.set_page_count((range.end - range.start) / kPageBytes);
    session.Prepare(std::move(call));
  }
}

}  // namespace memsim::replay
