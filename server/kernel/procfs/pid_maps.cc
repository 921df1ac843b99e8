// /proc/PID/maps (show_map_vma of fs/proc/task_mmu.c). A task without memory, as a zombie, has an empty file.

#include "server/kernel/procfs/maps_line.h"
#include "server/kernel/procfs/proc_files.h"
#include "server/kernel/procfs/procfs.h"

namespace memsim {
namespace {

// The page that every program can call into, above all others. It is no process's mapping, so Linux adds it at the end
// (get_gate_vma).
constexpr VirtualRange kVsyscallPage{VirtualAddress(0xffffffffff600000), VirtualAddress(0xffffffffff601000)};

absl::string_view NameOfSpecial(SpecialMapping special) {
  switch (special) {
    case SpecialMapping::kNone:
      break;
    case SpecialMapping::kVdso:
      return "[vdso]";
    case SpecialMapping::kVvar:
      return "[vvar]";
    case SpecialMapping::kVvarVclock:
      return "[vvar_vclock]";
  }
  return "";
}

// get_vma_name, for what is no file: vma_is_initial_heap and vma_is_initial_stack.
absl::string_view NameOf(const Vma& vma, const AddressLayout& layout) {
  if (vma.special != SpecialMapping::kNone) return NameOfSpecial(vma.special);
  if (vma.range.start < layout.brk && vma.range.end > layout.start_brk) return "[heap]";
  if (vma.range.start <= layout.start_stack && vma.range.end >= layout.start_stack) return "[stack]";
  return "";
}

void AppendVma(const FileSystem& files, const AddressLayout& layout, const Vma& vma, std::string& text) {
  MapsLine line;
  line.range = vma.range;
  line.flags = vma.flags;
  if (vma.file == OpenFileId()) {
    line.name = NameOf(vma, layout);
    AppendMapsLine(line, text);
    return;
  }
  const Inode& inode = files.InodeOf(vma.file);
  const std::string name = inode.NameInMaps();
  line.offset = ByteCount(vma.pgoff.value() << kPageShift);
  line.device = inode.device();
  line.inode_number = inode.number;
  line.name = name;
  AppendMapsLine(line, text);
}

}  // namespace

std::string PidMaps(const ProcView& view, const Task& task) {
  std::string text;
  if (task.mm == AddressSpaceId()) return text;
  const AddressSpace& space = view.tasks.SpaceOf(task);
  space.ForEachVma([&](const Vma& vma) {
    if (text.size() <= kMaxProcFileBytes) AppendVma(view.files, space.layout, vma, text);
  });
  MapsLine vsyscall;
  vsyscall.range = kVsyscallPage;
  vsyscall.flags = kVmExec;
  vsyscall.name = "[vsyscall]";
  AppendMapsLine(vsyscall, text);
  return text;
}

}  // namespace memsim
