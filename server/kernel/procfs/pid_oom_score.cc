// /proc/PID/oom_score and oom_score_adj (proc_oom_score of fs/proc/base.c). No machine adjusts a score yet.

#include "absl/strings/str_cat.h"

#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/reclaim/oom_victim.h"

namespace memsim {

std::string PidOomScore(const ProcView& view, const Task& task) {
  // What cannot be killed has none: init, and who is dead already.
  if (task.tgid == kInitPid || task.mm == AddressSpaceId()) return "0\n";
  const std::uint64_t total = view.pages.managed_pages().value();
  const std::uint64_t points = OomCandidate::Of(task, view.tasks.SpaceOf(task)).badness().value();
  return absl::StrCat((1000 + points * 1000 / total) * 2 / 3, "\n");
}

std::string PidOomScoreAdj(const ProcView&, const Task&) { return "0\n"; }

}  // namespace memsim
