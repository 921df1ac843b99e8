// What the files of /proc are read from.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_PROC_VIEW_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_PROC_VIEW_H_

#include "server/kernel/cpu/cpus.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/file/file_system.h"
#include "server/kernel/file/file_tables.h"
#include "server/kernel/ipc/shm_segments.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/process/tasks.h"
#include "server/kernel/slab/slab_caches.h"
#include "server/kernel/vm/commit_accounting.h"

namespace memsim {

// References only: the machine owns all of it. Reading changes nothing.
struct ProcView {
  const MachineSpec& spec;
  // As they are now; those of the spec are as it was made.
  const Sysctls& sysctls;
  const PageAllocator& pages;
  const SlabCaches& slabs;
  const Counters& counters;
  const CommitAccounting& commit;
  const FileSystem& files;
  const FileTables& file_tables;
  const ShmSegments& shm;
  const Tasks& tasks;
  const Cpus& cpus;
  const Locks& locks;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_PROC_VIEW_H_
