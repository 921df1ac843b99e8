// A process: a task's thread group as a whole.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_THREAD_GROUP_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_THREAD_GROUP_H_

#include <cstdint>

#include "server/kernel/process/task.h"
#include "server/kernel/process/tasks.h"
#include "server/kernel/vm/resource_limits.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

struct ThreadGroup {
  std::uint32_t threads = 0;
  // Of all of its threads.
  FaultTally faults;

  // Looks at every task.
  static ThreadGroup Of(const Tasks& tasks, const Task& member);
};

// The limits of a task's thread group.
inline const ResourceLimits& LimitsOf(const Tasks& tasks, const Task& task) { return tasks.Find(task.tgid)->limits; }

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_THREAD_GROUP_H_
