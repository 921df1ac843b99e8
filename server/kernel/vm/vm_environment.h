// What the address spaces of a machine share.

#ifndef MEMSIM_SERVER_KERNEL_VM_VM_ENVIRONMENT_H_
#define MEMSIM_SERVER_KERNEL_VM_VM_ENVIRONMENT_H_

#include "server/base/units.h"
#include "server/kernel/cpu/cost_table.h"
#include "server/kernel/cpu/cpus.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/file/file_system.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/numa/mempolicies.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/slab/slab_caches.h"
#include "server/kernel/vm/anon_vma.h"
#include "server/kernel/vm/commit_accounting.h"
#include "server/kernel/vm/fault_trail.h"
#include "server/kernel/vm/file_mappings.h"
#include "server/kernel/vm/huge_pages.h"
#include "server/kernel/vm/shm_mappings.h"

namespace memsim {

// The machine owns all that is referred to, and outlives every address space.
struct VmEnvironment {
  PageAllocator& pages;
  SlabCaches& slabs;
  Mempolicies& mempolicies;
  FileSystem& files;
  AnonVmas& anon_vmas;
  FileMappings& file_mappings;
  HugePages& huge;
  CommitAccounting& commit;
  Counters& counters;
  Cpus& cpus;
  Locks& locks;
  const CostTable& costs;
  const Sysctls& sysctls;
  // What read faults of untouched anonymous memory map.
  PageFrameNumber zero_page;
  // The address space of the task that runs (current->mm), while somebody listens to events. 0: none, as of a task that
  // is about to end.
  AddressSpaceNumber running = 0;
  // The thread group of the task that runs (current->tgid).
  Pid current{};
  // Who wants to see what an access takes. Null: nobody.
  FaultTrail* fault_trail = nullptr;
  // Null: there is no System V shared memory, as in tests of this folder.
  ShmMappings* shm_mappings = nullptr;

  // The kernel is at this function, in a fault.
  void Note(KernelFunction function) {
    if (fault_trail != nullptr) [[unlikely]]
      fault_trail->Add(function, cpus.now());
  }
  // The fault ends with a signal, for this reason.
  void NoteVerdict(AccessVerdict verdict) {
    if (fault_trail != nullptr) [[unlikely]]
      fault_trail->verdict = verdict;
  }
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VM_ENVIRONMENT_H_
