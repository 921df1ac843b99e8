// task_struct, as far as memory is concerned.

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_TASK_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_TASK_H_

#include <array>
#include <cstdint>
#include <string>

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/file/file_tables.h"
#include "server/kernel/numa/mempolicies.h"
#include "server/kernel/process/credentials.h"
#include "server/kernel/process/shared_objects.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/resource_limits.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

enum class TaskState : std::uint8_t { kAlive, kZombie };

// THREAD_SIZE: 16 KiB of kernel stack, in single pages (VMAP_STACK).
inline constexpr int kKernelStackPages = 4;
inline constexpr std::int64_t kKernelStackKib = 16;
// TASK_COMM_LEN without the terminating byte.
inline constexpr std::size_t kMaxCommLength = 15;
// As events show it: of SCHED_NORMAL at nice 0, which all tasks have.
inline constexpr int kTaskPriority = 120;

// OOM_SCORE_ADJ_MIN, which protects from the OOM killer, and OOM_SCORE_ADJ_MAX.
inline constexpr int kOomScoreAdjMin = -1000;
inline constexpr int kOomScoreAdjMax = 1000;

struct Task {
  Pid pid;
  // The thread group: the pid of its first thread.
  Pid tgid;
  // The pid of the parent's thread group.
  Pid parent;
  std::string comm;
  TaskState state = TaskState::kAlive;
  int exit_status = 0;
  // None for a zombie.
  AddressSpaceId mm;
  FileTableId files;
  // Of the thread group; meaningful in its leader.
  ResourceLimits limits;
  FaultTally faults;
  Pkru pkru;
  Credentials credentials;
  Personality personality = 0;
  // Of the thread group, as limits: how much dearer its death is to the OOM killer, in thousandths of all memory, and
  // how low a process without CAP_SYS_RESOURCE may set that.
  std::int16_t oom_score_adj = 0;
  std::int16_t oom_score_adj_min = 0;
  // Where its memory shall lie, where a mapping says nothing. None for a zombie.
  MempolicyId mempolicy;
  // Where it runs.
  CpuId cpu;
  std::array<PageFrameNumber, kKernelStackPages> kernel_stack = {};
  // Itself, its cred and its pid, as objects of slab caches.
  VirtualAddress task_object;
  VirtualAddress cred_object;
  VirtualAddress pid_object;
  // A zombie has no fs_struct any more.
  SharedObjectId fs;
  SharedObjectId sighand;
  SharedObjectId signal;

  bool IsThread() const { return pid != tgid; }

  void DigestTo(Digest& digest) const;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_TASK_H_
