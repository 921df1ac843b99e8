#include "server/kernel/reclaim/oom_victim.h"

namespace memsim {
namespace {

constexpr Pid kInit{1};
constexpr std::int64_t kScale = 1000;

}  // namespace

std::optional<std::int64_t> OomBadness(const OomCandidate& candidate, PageCount total) {
  if (candidate.pid == kInit || candidate.score_adjustment == kOomScoreAdjustmentMin) return std::nullopt;
  if (candidate.progress == OomProgress::kReaped || candidate.in_vfork) return std::nullopt;
  const PageCount used = candidate.resident + candidate.swapped + candidate.page_tables;
  return static_cast<std::int64_t>(used.value()) +
         candidate.score_adjustment * (static_cast<std::int64_t>(total.value()) / kScale);
}

OomDecision SelectOomVictim(absl::Span<const OomCandidate> candidates, PageCount total) {
  const OomCandidate* chosen = nullptr;
  std::int64_t most = 0;
  for (const OomCandidate& candidate : candidates) {
    // oom_evaluate_task aborts the search.
    if (candidate.progress == OomProgress::kDying) return {OomAction::kWait, {}};
    const std::optional<std::int64_t> badness = OomBadness(candidate, total);
    if (!badness.has_value() || (chosen != nullptr && *badness < most)) continue;
    chosen = &candidate;
    most = *badness;
  }
  if (chosen == nullptr) return {};
  OomDecision decision{OomAction::kKill, {chosen->pid}};
  for (const OomCandidate& other : candidates) {
    // Not even oom_score_adj protects who shares the victim's memory.
    const bool shares = chosen->mm != AddressSpaceId() && other.mm == chosen->mm;
    if (shares && other.pid != chosen->pid && other.pid != kInit) decision.victims.push_back(other.pid);
  }
  return decision;
}

std::uint64_t OomScore(const OomCandidate& candidate, PageCount total) {
  const std::optional<std::int64_t> badness = OomBadness(candidate, total);
  if (!badness.has_value()) return 0;
  // proc_oom_score: from [-1000, 1000] thousandths to [0, 2000] and two thirds of it, as people were used to.
  const std::int64_t score = (kScale + *badness * kScale / static_cast<std::int64_t>(total.value())) * 2 / 3;
  return static_cast<std::uint64_t>(score);
}

}  // namespace memsim
