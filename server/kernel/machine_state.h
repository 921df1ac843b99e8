// Everything that a machine is. machine.h is what the layers above see of it.

#ifndef MEMSIM_SERVER_KERNEL_MACHINE_STATE_H_
#define MEMSIM_SERVER_KERNEL_MACHINE_STATE_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"

#include "server/base/digest.h"
#include "server/base/random.h"
#include "server/base/units.h"
#include "server/kernel/cpu/cost_table.h"
#include "server/kernel/cpu/cpus.h"
#include "server/kernel/cpu/lanes.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/file/descriptor_calls.h"
#include "server/kernel/file/file_system.h"
#include "server/kernel/file/file_tables.h"
#include "server/kernel/ipc/ipc_caller.h"
#include "server/kernel/ipc/shm_segments.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/numa/mempolicies.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/process/tasks.h"
#include "server/kernel/procfs/procfs.h"
#include "server/kernel/slab/kmalloc.h"
#include "server/kernel/slab/slab_caches.h"
#include "server/kernel/slots.h"
#include "server/kernel/vm/anon_vma.h"
#include "server/kernel/vm/commit_accounting.h"
#include "server/kernel/vm/vm_environment.h"

namespace memsim {

// Declared in the order of construction: what stands below may use what stands above.
struct MachineState {
  // A task that made a system call, and its way into its memory.
  struct Caller {
    Task& task;
    AddressSpace& space;
    VmCaller memory;
  };

  // REQUIRES: spec is valid. Call Boot before anything else.
  explicit MachineState(const MachineSpec& requested);

  // Takes the zero page and starts init. INVALID_ARGUMENT: the spec leaves too little for that.
  absl::Status Boot();

  // A system call's entry and exit.
  void EnterKernel() { cpus.Charge(costs.syscall); }
  // A task gets the CPU that the call names, or else its own.
  void Run(Task& task);
  // Tells whoever listens whom the CPU goes on with, and on whose behalf the machine works.
  void TraceRun(const Task& task);
  // Tells of a process that the OOM killer picked.
  void TellOfVictim(const Task& task);
  // Enters the kernel on a task's behalf. nullopt: no task that lives has the pid (ESRCH).
  std::optional<Caller> Enter(Pid pid);
  FileCaller FilesOf(const Caller& caller);
  // The caller must outlive what it gives.
  static IpcCaller IpcOf(const Caller& caller);
  // Takes what a file lost out of all page tables.
  void UnmapCutTail(const CutTail& cut);
  // The OOM killer: ends the task that it picks. False: there is none to pick.
  bool KillForMemory();

  // Lets sysctls take hold, watermarks included.
  void SetSysctls(const Sysctls& changed);

  // What the kernel does once a second of virtual time: called when time has passed.
  void RunTimers();

  ProcView View() const;
  ByteCount HostMemory() const;
  void DigestTo(Digest& digest) const;
  void CheckInvariants() const;

  // What the frames say the page counters must be.
  void CheckPageCounters() const;
  // Who works in an address space is a task that lives, in its own.
  void CheckCpus() const;
  // Which fields of the spec kept it from booting.
  absl::Status WhyNoBoot() const;

  Counters counters;
  const CostTable costs;
  Cpus cpus;
  Locks locks;
  // The CPU that the call that runs names, where a task follows it.
  std::optional<CpuId> named_cpu;
  // While a Concurrent runs.
  std::optional<Lanes> lanes;
  Random random;
  PageAllocator pages;
  SlabCaches slabs;
  Kmalloc kmalloc;
  // As it came out: without a number left to boot's formulas.
  const MachineSpec spec;
  // As programs set them since.
  Sysctls sysctls;
  Mempolicies mempolicies;
  FileSystem files;
  FileTables file_tables;
  AnonVmas anon_vmas;
  FileMappings file_mappings;
  HugePages huge;
  CommitAccounting commit;
  VmEnvironment environment;
  ShmSegments shm;
  Tasks tasks;
  Slots slots;
  // When CPUs next look whether they hold more pages than they need (vmstat_update). sysctl stat_interval is 1 s.
  //
  // Simplified: all CPUs look at whole seconds, and only between calls: a call of many seconds is not interrupted, and
  // lanes are not either, as their clocks run apart. Linux's looks begin when a CPU's counts change, and end when they
  // no longer do; here a look that would find nothing to do is left out, which is the same.
  static constexpr Nanoseconds kStatInterval{1'000'000'000};
  Nanoseconds next_look = kStatInterval;
  std::uint64_t sequence = 0;
  Digest answers;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_MACHINE_STATE_H_
