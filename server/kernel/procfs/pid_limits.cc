// /proc/PID/limits (proc_pid_limits of fs/proc/base.c).

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/thread_group.h"

namespace memsim {
namespace {

struct LimitRow {
  absl::string_view name;
  // Empty: the limit counts nothing.
  absl::string_view unit;
};

// By the limits' numbers.
constexpr std::array<LimitRow, kResourceCount> kLimitRows = {{
    {"Max cpu time", "seconds"},
    {"Max file size", "bytes"},
    {"Max data size", "bytes"},
    {"Max stack size", "bytes"},
    {"Max core file size", "bytes"},
    {"Max resident set", "bytes"},
    {"Max processes", "processes"},
    {"Max open files", "files"},
    {"Max locked memory", "bytes"},
    {"Max address space", "bytes"},
    {"Max file locks", "locks"},
    {"Max pending signals", "signals"},
    {"Max msgqueue size", "bytes"},
    {"Max nice priority", ""},
    {"Max realtime priority", ""},
    {"Max realtime timeout", "us"},
}};

std::string LimitText(std::uint64_t limit) { return limit == kRlimInfinity ? "unlimited" : absl::StrCat(limit); }

}  // namespace

std::string PidLimits(const ProcView& view, const Task& task) {
  std::string text = "Limit                     Soft Limit           Hard Limit           Units     \n";
  const ResourceLimits& limits = LimitsOf(view.tasks, task);
  for (std::size_t i = 0; i < kLimitRows.size(); ++i) {
    const ResourceLimit& limit = limits[static_cast<Resource>(i)];
    absl::StrAppendFormat(&text, "%-25s %-20s %-20s ", kLimitRows[i].name, LimitText(limit.current),
                          LimitText(limit.maximum));
    if (!kLimitRows[i].unit.empty()) absl::StrAppendFormat(&text, "%-10s", kLimitRows[i].unit);
    text += '\n';
  }
  return text;
}

}  // namespace memsim
