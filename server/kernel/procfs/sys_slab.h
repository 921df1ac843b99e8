// /sys/kernel/slab: a directory for each cache with a file for each number, and a link for each name of a cache that
// may have several (slab_attrs of mm/slub.c, with CONFIG_SLUB_STATS).

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_SYS_SLAB_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_SYS_SLAB_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "server/kernel/procfs/proc_view.h"

namespace memsim {

// The file at a path below /sys: "kernel/slab/task_struct/order". A directory reads as the names in it, a line each; a
// link in it as "pid -> :A-0000192", and by itself as what it leads to. nullopt: there is none.
std::optional<std::string> ReadSys(const ProcView& view, absl::string_view path);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_SYS_SLAB_H_
