// The machine as text: what it shows under /proc.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_PROCFS_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_PROCFS_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "server/kernel/cpu/virtual_clock.h"
#include "server/kernel/file/file_system.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/observe/counter.h"
#include "server/kernel/physical/page_allocator.h"
#include "server/kernel/process/tasks.h"
#include "server/kernel/vm/commit_accounting.h"

namespace memsim {

// What the files read. All of it outlives the view.
struct ProcView {
  const MachineSpec& spec;
  const PageAllocator& pages;
  const Counters& counters;
  const CommitAccounting& commit;
  const FileSystem& files;
  const FileTables& file_tables;
  const Tasks& tasks;
  const VirtualClock& clock;
};

// A file by its path below /proc; a leading "/proc/" is allowed. nullopt: there is no such file.
std::optional<std::string> ReadProc(const ProcView& view, absl::string_view path);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_PROCFS_H_
