#include "server/kernel/procfs/thread_group.h"

namespace memsim {

ThreadGroup ThreadGroup::Of(const Tasks& tasks, const Task& member) {
  ThreadGroup group;
  tasks.ForEach([&](const Task& task) {
    if (task.tgid != member.tgid) return;
    ++group.threads;
    group.faults.minor_faults += task.faults.minor_faults;
    group.faults.major_faults += task.faults.major_faults;
  });
  return group;
}

}  // namespace memsim
