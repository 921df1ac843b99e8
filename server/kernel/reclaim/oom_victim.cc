#include "server/kernel/reclaim/oom_victim.h"

#include "server/kernel/process/tasks.h"

namespace memsim {

OomCandidate OomCandidate::Of(const Task& task, const AddressSpace& space) {
  OomCandidate candidate;
  candidate.pid = task.pid;
  candidate.resident = space.statistics().resident();
  candidate.page_tables = ToPages(space.page_tables().table_bytes());
  candidate.mm = task.mm;
  return candidate;
}

std::vector<Pid> SelectOomVictims(absl::Span<const OomCandidate> candidates) {
  const OomCandidate* chosen = nullptr;
  for (const OomCandidate& candidate : candidates) {
    if (candidate.pid == kInitPid || (chosen != nullptr && candidate.badness() < chosen->badness())) continue;
    chosen = &candidate;
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
