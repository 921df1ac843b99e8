// Who dies when memory is out (mm/oom_kill.c). A pure policy: from what processes use to a decision.

#ifndef MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_
#define MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"

#include "server/base/units.h"
#include "server/kernel/process/task.h"
#include "server/kernel/process/tasks.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// A process as the OOM killer sees it: a thread group, which is killed as a whole.
struct OomCandidate {
  Pid pid;
  // Anonymous, file and shared memory pages in its page tables.
  PageCount resident;
  PageCount page_tables;
  // Whose death frees its memory only together with its own. None: nobody's.
  AddressSpaceId mm;

  // In thousandths of all memory, from -1000, which protects it, to 1000.
  std::int16_t oom_score_adj = 0;

  // oom_badness: how many pages of so many its death is worth. nullopt: it must not die.
  std::optional<std::int64_t> Badness(PageCount total) const;

  // REQUIRES: the task has memory.
  static OomCandidate Of(const Tasks& tasks, const Task& task);
};

// select_bad_process and __oom_kill_process: who dies. The candidate of the highest badness, the later one in a tie,
// and after it, in their order, all others that share its memory, even if they are protected. Never init. Empty: nobody
// can be killed, where Linux panics. `candidates`: in the order of their creation. total: of all memory.
std::vector<Pid> SelectOomVictims(absl::Span<const OomCandidate> candidates, PageCount total);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_
