// Who dies when memory is out (oom_badness and select_bad_process of mm/oom_kill.c). A pure policy.

#ifndef MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_
#define MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_

#include <optional>

#include "absl/types/span.h"

#include "server/base/units.h"

namespace memsim {

// A process as the OOM killer sees it.
struct OomCandidate {
  Pid pid;
  PageCount resident;
  PageCount swapped;
  PageCount page_tables;
  // oom_score_adj, -1000 to 1000; -1000 is never killed.
  int score_adjustment = 0;
};

// The candidate with the most points, the later one of two equal; never init. nullopt: nobody may be killed. total:
// memory and swap.
std::optional<Pid> SelectOomVictim(absl::Span<const OomCandidate> candidates, PageCount total);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_
