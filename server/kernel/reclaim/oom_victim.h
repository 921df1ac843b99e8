// Who dies when memory is out (mm/oom_kill.c). A pure policy: from what processes use to a decision.

#ifndef MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_
#define MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"

#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// oom_score_adj: what a process adds to its own badness, in thousandths of all memory.
inline constexpr int kOomScoreAdjustmentMin = -1000;
inline constexpr int kOomScoreAdjustmentMax = 1000;

// How far a process is from its end.
enum class OomProgress : std::uint8_t {
  kAlive,
  // Killed before for want of memory, and still holding some.
  kDying,
  // Killed before, its memory taken (MMF_OOM_SKIP).
  kReaped,
};

// A process as the OOM killer sees it: a thread group, which is killed as a whole.
struct OomCandidate {
  // 1 is init.
  Pid pid;
  // Anonymous, file and shared memory pages in its page tables.
  PageCount resident;
  PageCount swapped;
  PageCount page_tables;
  int score_adjustment = 0;
  // Whose death frees its memory only together with its own. None: nobody's.
  AddressSpaceId mm;
  OomProgress progress = OomProgress::kAlive;
  // It borrows its parent's memory until it execs: killing it would free nothing.
  bool in_vfork = false;
};

// oom_badness: how many pages its death is worth, adjusted. nullopt: it cannot be killed.
// REQUIRES: kOomScoreAdjustmentMin <= score_adjustment <= kOomScoreAdjustmentMax.
std::optional<std::int64_t> OomBadness(const OomCandidate& candidate, PageCount total);

enum class OomAction : std::uint8_t {
  kKill,
  // Somebody is dying already: what it holds may suffice.
  kWait,
  // Nobody can be killed. Linux panics.
  kGiveUp,
};

struct OomDecision {
  OomAction action = OomAction::kGiveUp;
  // To kill: the chosen one, then, in their order, all others but init that share its memory.
  std::vector<Pid> victims;

  friend bool operator==(const OomDecision&, const OomDecision&) = default;
};

// select_bad_process and __oom_kill_process: the candidate of the highest badness dies, the later one in a tie.
// `candidates`: in the order of their creation. `total`: the pages of memory and swap together.
OomDecision SelectOomVictim(absl::Span<const OomCandidate> candidates, PageCount total);

// /proc/PID/oom_score, 0 to 2000: 0 for what cannot be killed, about 667 for what uses nothing.
std::uint64_t OomScore(const OomCandidate& candidate, PageCount total);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_
