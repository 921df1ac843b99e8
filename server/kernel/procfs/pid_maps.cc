// /proc/PID/maps. A task without memory, as a zombie, has an empty file.

#include "server/kernel/procfs/maps_line.h"
#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/procfs.h"

namespace memsim {

std::string PidMaps(const ProcView& view, const Task& task) {
  std::string text;
  if (task.mm == AddressSpaceId()) return text;
  const AddressSpace& space = view.tasks.SpaceOf(task);
  space.ForEachVma([&](const Vma& vma) {
    if (text.size() <= kMaxProcFileBytes) AppendMapsLineOf(view.files, space.layout, vma, text);
  });
  AppendMapsLine(kVsyscallLine, text);
  return text;
}

}  // namespace memsim
