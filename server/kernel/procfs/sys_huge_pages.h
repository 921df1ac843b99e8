// /sys/kernel/mm/transparent_hugepage: how the machine uses huge pages.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_SYS_HUGE_PAGES_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_SYS_HUGE_PAGES_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "server/kernel/procfs/proc_view.h"

namespace memsim {

// The file at a path below /sys: "kernel/mm/transparent_hugepage/enabled". nullopt: there is none. Simplified: only
// those that this machine's answers depend on, and what programs ask for beside them.
std::optional<std::string> ReadSysHugePages(const ProcView& view, absl::string_view path);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_SYS_HUGE_PAGES_H_
