// The machine as the text files of /proc, byte for byte in the format of Linux 6.18 on x86-64.
//
// A row for which the machine keeps no state shows what an idle Linux without that feature shows: 0, or the constant
// that stands beside it in the source of the file. No row is left out, so that programs which expect Linux find all of
// them.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_PROCFS_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_PROCFS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/kernel/procfs/proc_view.h"

namespace memsim {

// Where a file is cut off, after the first row that passes this: only maps grows with what a caller does. Linux gives
// it out in pieces, without an end.
inline constexpr std::size_t kMaxProcFileBytes = 16U << 20;

// The file at a path: "meminfo", "/proc/meminfo", "1/maps"; "/sys/kernel/slab/dentry/order" (sys_slab.h). A task's
// directory is its pid, zombies and threads included. nullopt: no such file or task.
std::optional<std::string> ReadProc(const ProcView& view, absl::string_view path);

// What ReadProc knows: the files of the machine, and those of every task.
std::vector<absl::string_view> ProcMachineFiles();
std::vector<absl::string_view> ProcTaskFiles();

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_PROCFS_H_
