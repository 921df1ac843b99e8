// /proc/PID/statm: size, resident, shared, text, 0, data and stack, 0, in pages (proc_pid_statm of fs/proc/array.c).

#include "absl/strings/str_cat.h"

#include "server/kernel/procfs/memory_use.h"
#include "server/kernel/procfs/proc_files.h"

namespace memsim {

std::string PidStatm(const ProcView& view, const Task& task) {
  if (task.mm == AddressSpaceId()) return "0 0 0 0 0 0 0\n";
  const AddressSpace& space = view.tasks.SpaceOf(task);
  const AddressSpaceStatistics& statistics = space.statistics();
  const PageCount shared = Rss(space, RssKind::kFile) + Rss(space, RssKind::kShmem);
  const PageCount data = statistics.data_vm + statistics.stack_vm;
  return absl::StrCat(statistics.total_vm.value(), " ", statistics.resident().value(), " ", shared.value(), " ",
                      CodePages(space).value(), " 0 ", data.value(), " 0\n");
}

}  // namespace memsim
