#include "server/kernel/reclaim/oom_victim.h"

namespace memsim {

OomCandidate OomCandidate::Of(const Tasks& tasks, const Task& task) {
  const AddressSpace& space = tasks.SpaceOf(task);
  OomCandidate candidate;
  candidate.pid = task.pid;
  candidate.resident = space.statistics().resident();
  candidate.page_tables = ToPages(space.page_tables().table_bytes());
  candidate.mm = task.mm;
  candidate.oom_score_adj = tasks.LeaderOf(task).oom_score_adj;
  return candidate;
}

std::optional<std::int64_t> OomCandidate::Badness(PageCount total) const {
  if (oom_score_adj == kOomScoreAdjMin) return std::nullopt;
  const auto thousandth = static_cast<std::int64_t>(total.value() / 1000);
  return static_cast<std::int64_t>((resident + page_tables).value()) + oom_score_adj * thousandth;
}

std::vector<Pid> SelectOomVictims(absl::Span<const OomCandidate> candidates, PageCount total) {
  const OomCandidate* chosen = nullptr;
  std::int64_t most = 0;
  for (const OomCandidate& candidate : candidates) {
    const std::optional<std::int64_t> badness = candidate.Badness(total);
    if (candidate.pid == kInitPid || !badness.has_value() || (chosen != nullptr && *badness < most)) continue;
    chosen = &candidate;
    most = *badness;
  }
  if (chosen == nullptr) return {};
  std::vector<Pid> victims = {chosen->pid};
  for (const OomCandidate& other : candidates) {
    const bool shares = chosen->mm != AddressSpaceId() && other.mm == chosen->mm;
    if (shares && other.pid != chosen->pid && other.pid != kInitPid) victims.push_back(other.pid);
  }
  return victims;
}

}  // namespace memsim
