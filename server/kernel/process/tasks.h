// The tasks of the machine: how they begin, become other programs, end, and are buried.
//
// Thread-compatible.
//
// Invariants (CheckInvariants verifies them):
//  1. Every address space and descriptor table has as many users as tasks name it.
//  2. A zombie holds neither.
//  3. init (pid 1) is alive.

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_TASKS_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_TASKS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/base/random.h"
#include "server/base/units.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/process/address_spaces.h"
#include "server/kernel/process/exec_image.h"
#include "server/kernel/process/task.h"

namespace memsim {

inline constexpr Pid kInitPid{1};

class Tasks {
 public:
  // pid_max of a machine with few CPUs: pids are below it, so no machine has more tasks.
  static constexpr std::uint32_t kPidMax = 32768;
  // After a wrap, pids start here (RESERVED_PIDS).
  static constexpr std::uint32_t kReservedPids = 300;

  // All must outlive the tasks. random serves address randomization.
  Tasks(VmEnvironment& environment, FileTables& file_tables, Random& random, AddressRandomization randomization);
  ~Tasks();

  // Starts init. ENOMEM: the machine is too small.
  Errno BootInit();

  // The calls of machine.h.
  ErrnoOr<Pid> Spawn(absl::string_view comm);
  ErrnoOr<Pid> Clone(Pid parent, std::uint64_t clone_flags);
  Errno Execve(Pid pid, const ExecImage& image);
  // wait_status: as wait(2) tells it.
  Errno ExitGroup(Pid pid, int wait_status);
  // Of one thread; wait_status as of ExitGroup.
  Errno Exit(Pid pid, int wait_status);
  ErrnoOr<Pid> Wait4(Pid parent, Pid child);
  // __set_oom_adj: of the thread group, and of all that share its memory. EACCES: lower than it may.
  //
  // Simplified: a child of vfork is no exception while its parent waits.
  Errno SetOomScoreAdj(Task& task, std::int16_t adjustment, CapabilitySet writer);

  // The task, if it is alive; null for zombies and pids that nobody has.
  Task* FindAlive(Pid pid) {
    if (found_ == nullptr || found_->pid != pid) found_ = Find(pid);
    return found_ != nullptr && found_->state == TaskState::kAlive ? found_ : nullptr;
  }
  // Zombies too.
  Task* Find(Pid pid);
  const Task* Find(Pid pid) const;
  // The limits of a task's thread group.
  ResourceLimits& LimitsOf(const Task& task) { return tasks_.at(task.tgid).limits; }
  ResourceLimits& LimitsOf(Task& task) { return task.IsThread() ? tasks_.at(task.tgid).limits : task.limits; }
  const Task& LeaderOf(const Task& task) const { return task.IsThread() ? tasks_.at(task.tgid) : task; }
  // The task as its memory knows it.
  VmCaller CallerOf(Task& task) {
    return {LimitsOf(task),
            task.faults,
            task.pkru,
            task.credentials.capabilities().effective,
            task.credentials.users().filesystem,
            task.personality};
  }
  // REQUIRES: the task is alive.
  AddressSpace& SpaceOf(const Task& task) { return address_spaces_[task.mm]; }
  const AddressSpace& SpaceOf(const Task& task) const { return address_spaces_[task.mm]; }
  // mm_users: how many tasks use the address space of a task. REQUIRES: the task is alive.
  std::uint32_t UsersOfSpace(const Task& task) const { return address_spaces_.users(task.mm); }
  // Moves a task to another CPU. REQUIRES: the CPU exists.
  void Migrate(Task& task, CpuId cpu);
  // In the order of pids.
  void ForEach(absl::FunctionRef<void(const Task&)> visit) const;

  std::uint64_t size() const { return tasks_.size(); }
  ByteCount HostMemory() const;
  void DigestTo(Digest& digest) const;
  void CheckInvariants() const;

 private:
  // A task with a pid, a kernel stack and the objects that no other task shares, in the table. EAGAIN, ENOMEM.
  ErrnoOr<Task*> Allocate(absl::string_view comm);
  // Undoes Allocate, and what followed it.
  void Abandon(Task& task);
  // An empty address space, no descriptors, and what tasks share, for a task without a parent. ENOMEM: the task is
  // abandoned.
  Errno GiveEmptyMemory(Task& task);
  // dup_task_struct, copy_creds, alloc_pid. False: no memory, and the task holds nothing.
  bool AllocateObjects(Task& task);
  void FreeObjects(Task& task);
  // What a new task shares with its parent by clone_flags, and has of its own otherwise. False: no memory.
  bool CopyShared(const Task& parent, Task& child, std::uint64_t clone_flags);
  ErrnoOr<Pid> TakePid();
  // The CPU with the fewest tasks, zombies included; of several the lowest (find_idlest_cpu, without domains).
  CpuId IdlestCpu() const;
  bool AllocateStack(Task& task);
  void FreeStack(Task& task);
  // What a clone shares with or copies from its parent. ENOMEM.
  Errno CopyMemory(Task& parent, Task& child, std::uint64_t clone_flags);
  bool CopyFiles(const Task& parent, Task& child, std::uint64_t clone_flags);
  // exit_mm, exit_files: a task gives up what it holds. group_dead: it is the last of its process.
  void Release(Task& task, bool group_dead);
  void TellOfNewTask(const Task& parent, const Task& child, std::uint64_t clone_flags);
  void Forget(Pid pid);
  void ReparentChildren(Pid parent);
  std::uint32_t LivingThreads(Pid group) const;
  // de_thread: ends the other threads of the group. The one that is left becomes the leader, under the leader's pid.
  Task& LeaveOneThread(Task& survivor);
  Errno BecomeProgram(Task& task, const ExecImage& image);

  VmEnvironment& environment_;
  FileTables& file_tables_;
  Random& random_;
  AddressRandomization randomization_;
  AddressSpaces address_spaces_;
  SharedObjects shared_;
  std::map<Pid, Task> tasks_;
  // The one that a call asked for last, and most often asks for again. Null: it is gone.
  Task* found_ = nullptr;
  Pid last_pid_;
  // How many tasks each CPU has.
  std::vector<std::uint32_t> tasks_of_cpu_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_TASKS_H_
