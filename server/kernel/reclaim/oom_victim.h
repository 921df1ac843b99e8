// Who dies when memory is out (mm/oom_kill.c). A pure policy: from what processes use to a decision.

#ifndef MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_
#define MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_

#include <vector>

#include "absl/types/span.h"

#include "server/base/units.h"
#include "server/kernel/process/task.h"
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

  // oom_badness: how many pages its death is worth.
  PageCount badness() const { return resident + page_tables; }

  // REQUIRES: the task has memory, which is the space.
  static OomCandidate Of(const Task& task, const AddressSpace& space);
};

// select_bad_process and __oom_kill_process: who dies. The candidate of the highest badness, the later one in a tie,
// and after it, in their order, all others that share its memory. Never init. Empty: nobody can be killed, where Linux
// panics. `candidates`: in the order of their creation.
std::vector<Pid> SelectOomVictims(absl::Span<const OomCandidate> candidates);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_RECLAIM_OOM_VICTIM_H_
