// The processes of a trace, and what each has open, beside the machine's processes that play them.

#ifndef MEMSIM_CLIENT_REPLAY_TRACED_PROCESS_H_
#define MEMSIM_CLIENT_REPLAY_TRACED_PROCESS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/replay/proc_text.h"

namespace memsim::replay {

// A descriptor that is open on the machine under the same number as in the trace.
struct TracedDescriptor {
  std::string path;
  bool close_on_exec = false;
};

using DescriptorTable = std::map<int, TracedDescriptor>;

// A part of a program's own memory, see own_memory.h.
struct OwnRange {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  bool writable = false;
};

// A thread of the trace; a process is one or more of them.
struct TracedProcess {
  std::uint64_t trace_pid = 0;
  // 0: the machine has no such process; then missing says why.
  std::uint64_t machine_pid = 0;
  std::string missing;
  // The trace's pid of the thread group's leader.
  std::uint64_t group = 0;
  bool ended = false;
  std::shared_ptr<DescriptorTable> descriptors = std::make_shared<DescriptorTable>();
  // Descriptors of processes: the machine's pids of those.
  std::map<int, std::uint64_t> process_descriptors;
  std::shared_ptr<std::string> directory = std::make_shared<std::string>("/");
  // The fault counters that the last @faults told, the kernel's and ours. Absent: none since the process or its
  // program began, or something that the trace does not tell may have faulted since.
  struct Faults {
    FaultCounters kernel;
    FaultCounters ours;
  };
  std::optional<Faults> last_faults;
  // See own_memory.h. nullptr: not known yet. Children have the same program.
  std::shared_ptr<const std::vector<OwnRange>> own_memory;
  // Since the execve or the last fork.
  bool own_memory_used = false;

  // What the trace does not tell has faulted, or will: the fault counters start again, and so does the use of the
  // program's own memory.
  void ForgetFaults() {
    last_faults.reset();
    own_memory_used = false;
  }
};

// clone(2)'s flags that decide what a child shares.
inline constexpr std::uint64_t kCloneFs = 0x200;
inline constexpr std::uint64_t kCloneFiles = 0x400;
inline constexpr std::uint64_t kCloneThread = 0x10000;

class TracedProcesses {
 public:
  // nullptr: no line has told of it.
  TracedProcess* Find(std::uint64_t trace_pid);
  // A process without a parent in the trace. A new one under an old pid takes its place.
  TracedProcess& Add(std::uint64_t trace_pid);
  // A child that shares what the flags say.
  TracedProcess& AddChild(const TracedProcess& parent, std::uint64_t trace_pid, std::uint64_t clone_flags);
  // How many threads of the group have not ended.
  int LivingThreads(std::uint64_t group) const;
  // Marks all threads of the group as ended.
  void EndGroup(std::uint64_t group);
  // Follows a file to its new name in every table.
  void RenameFile(const std::string& old_path, const std::string& new_path);

 private:
  std::map<std::uint64_t, TracedProcess> processes_;
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_TRACED_PROCESS_H_
