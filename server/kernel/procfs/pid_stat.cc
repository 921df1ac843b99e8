// /proc/PID/stat: 52 fields on a line (do_task_stat of fs/proc/array.c).
//
// The machine has no sessions, terminals, signals, priorities or accounting of CPU time: those fields are what a
// process has that inherited everything from init and sleeps. It keeps no place for arguments and environment: 0.

#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"

#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/thread_group.h"

namespace memsim {
namespace {

// PF_EXITING, PF_POSTCOREDUMP and PF_NOFREEZE: what do_exit leaves set in a zombie.
constexpr std::uint32_t kZombieFlags = 0x4 | 0x8 | 0x8000;
// PF_RANDOMIZE.
constexpr std::uint32_t kRandomizeFlag = 0x00400000;
constexpr int kSigChld = 17;
// Nice 0.
constexpr int kPriority = 20;

class StatLine {
 public:
  template <typename T>
  StatLine& Add(T value) {
    absl::StrAppend(&text_, text_.empty() ? "" : " ", value);
    return *this;
  }
  StatLine& Zeros(int count) {
    for (int i = 0; i < count; ++i) Add(0);
    return *this;
  }
  std::string Take() { return absl::StrCat(text_, "\n"); }

 private:
  std::string text_;
};

std::uint32_t FlagsOf(const ProcView& view, const Task& task) {
  std::uint32_t flags = view.spec.address_randomization == AddressRandomization::kOn ? kRandomizeFlag : 0;
  if (task.state == TaskState::kZombie) flags |= kZombieFlags;
  return flags;
}

// vsize to startstack and, for the end of the line, start_data to env_end.
struct MemoryFields {
  std::uint64_t size_bytes = 0;
  std::uint64_t resident_pages = 0;
  AddressLayout layout;

  static MemoryFields Of(const ProcView& view, const Task& task) {
    MemoryFields fields;
    if (task.mm == AddressSpaceId()) return fields;
    const AddressSpace& space = view.tasks.SpaceOf(task);
    fields.size_bytes = ToBytes(space.statistics().total_vm).value();
    fields.resident_pages = space.statistics().resident().value();
    fields.layout = space.layout;
    return fields;
  }
};

}  // namespace

std::string PidStat(const ProcView& view, const Task& task) {
  const ThreadGroup group = ThreadGroup::Of(view.tasks, task);
  const MemoryFields memory = MemoryFields::Of(view, task);
  StatLine line;
  line.Add(task.pid.value()).Add(absl::StrCat("(", task.comm, ")"));
  line.Add(task.state == TaskState::kZombie ? "Z" : "S").Add(task.parent.value());
  // pgrp, session, tty_nr; -1: no terminal.
  line.Zeros(3).Add(-1).Add(FlagsOf(view, task));
  // Each with the field for waited-for children behind it.
  line.Add(group.faults.minor_faults).Add(0).Add(group.faults.major_faults).Add(0);
  // utime, stime, cutime, cstime.
  line.Zeros(4).Add(kPriority).Add(0).Add(group.threads);
  // itrealvalue, starttime.
  line.Zeros(2).Add(memory.size_bytes).Add(memory.resident_pages);
  line.Add(LimitsOf(view.tasks, task)[Resource::kRss].current);
  line.Add(memory.layout.start_code.value()).Add(memory.layout.end_code.value());
  line.Add(memory.layout.start_stack.value());
  // kstkesp, kstkeip, signal, blocked, sigignore, sigcatch.
  line.Zeros(6);
  // wchan: whether the task sleeps, told for processes of one thread only; nswap, cnswap.
  line.Add(group.threads < 2 ? 1 : 0).Zeros(2);
  line.Add(task.IsThread() ? -1 : kSigChld);
  line.Add(task.cpu.value());
  // rt_priority, policy, delayacct_blkio_ticks, guest_time, cguest_time.
  line.Zeros(5);
  line.Add(memory.layout.start_data.value()).Add(memory.layout.end_data.value()).Add(memory.layout.start_brk.value());
  line.Add(memory.layout.arg_start.value()).Add(memory.layout.arg_end.value());
  line.Add(memory.layout.env_start.value()).Add(memory.layout.env_end.value()).Add(task.exit_status);
  return line.Take();
}

}  // namespace memsim
