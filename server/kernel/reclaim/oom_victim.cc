#include "server/kernel/reclaim/oom_victim.h"

#include <cstdint>

namespace memsim {
namespace {

constexpr Pid kInit{1};
constexpr int kNeverKill = -1000;

std::int64_t Badness(const OomCandidate& candidate, PageCount total) {
  const PageCount used = candidate.resident + candidate.swapped + candidate.page_tables;
  return static_cast<std::int64_t>(used.value()) +
         candidate.score_adjustment * static_cast<std::int64_t>(total.value() / 1000);
}

}  // namespace

std::optional<Pid> SelectOomVictim(absl::Span<const OomCandidate> candidates, PageCount total) {
  std::optional<Pid> chosen;
  std::int64_t most = INT64_MIN;
  for (const OomCandidate& candidate : candidates) {
    if (candidate.pid == kInit || candidate.score_adjustment == kNeverKill) continue;
    const std::int64_t points = Badness(candidate, total);
    if (points < most) continue;
    most = points;
    chosen = candidate.pid;
  }
  return chosen;
}

}  // namespace memsim
