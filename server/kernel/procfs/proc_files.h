// The files of /proc, one function each.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_PROC_FILES_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_PROC_FILES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/process/task.h"
#include "server/kernel/procfs/proc_view.h"

namespace memsim {

std::string BuddyInfo(const ProcView& view);
std::string LockStat(const ProcView& view);
// A row for every lock that is counted by itself: no file of Linux.
std::string LockStatInstances(const ProcView& view);
std::string MemInfo(const ProcView& view);
std::string PageTypeInfo(const ProcView& view);
std::string SlabInfo(const ProcView& view);
// sysctls of System V shared memory.
std::string ShmMax(const ProcView& view);
std::string ShmAll(const ProcView& view);
std::string ShmMni(const ProcView& view);
std::string SysvipcShm(const ProcView& view);
std::string VmStat(const ProcView& view);
// Costs a pass over all allocated blocks.
std::string ZoneInfoText(const ProcView& view);

// A task's name on one line (proc_task_name).
std::string TaskName(const Task& task);

std::string PidLimits(const ProcView& view, const Task& task);
std::string PidMaps(const ProcView& view, const Task& task);
std::string PidOomScore(const ProcView& view, const Task& task);
std::string PidOomScoreAdj(const ProcView& view, const Task& task);
// What a write to oom_score_adj says, and how much of it counts: 12 bytes at most. EINVAL: no number, or out of range;
// ERANGE: beyond 32 bits.
struct OomScoreAdjText {
  std::int16_t adjustment;
  ByteCount taken;
};
ErrnoOr<OomScoreAdjText> ParseOomScoreAdj(absl::string_view text);
std::string PidSmaps(const ProcView& view, const Task& task);
// REQUIRES: the task has memory.
std::string PidSmapsRollup(const ProcView& view, const Task& task);
std::string PidStat(const ProcView& view, const Task& task);
std::string PidStatm(const ProcView& view, const Task& task);
std::string PidStatus(const ProcView& view, const Task& task);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_PROC_FILES_H_
