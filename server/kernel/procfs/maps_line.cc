#include "server/kernel/procfs/maps_line.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace memsim {
namespace {

// 25 + 6 * sizeof(void*) - 1: the numbers are padded to this width, and a space separates them from the name.
constexpr std::size_t kNumbersWidth = 72;

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

}  // namespace

void AppendMapsLine(const MapsLine& line, std::string& text) {
  const std::size_t begin = text.size();
  const auto letter = [&line](VmFlags flag, char set) { return (line.flags & flag) != 0 ? set : '-'; };
  const std::array<char, 4> rights = {letter(kVmRead, 'r'), letter(kVmWrite, 'w'), letter(kVmExec, 'x'),
                                      (line.flags & kVmMayShare) != 0 ? 's' : 'p'};
  absl::StrAppend(&text, absl::Hex(line.range.start.value(), absl::kZeroPad8), "-",
                  absl::Hex(line.range.end.value(), absl::kZeroPad8), " ",
                  absl::string_view(rights.data(), rights.size()), " ", absl::Hex(line.offset.value(), absl::kZeroPad8),
                  " ", absl::Hex(line.device.major, absl::kZeroPad2), ":",
                  absl::Hex(line.device.minor, absl::kZeroPad2), " ", line.inode_number, " ");
  if (!line.name.empty()) {
    const std::size_t width = text.size() - begin;
    if (width < kNumbersWidth) text.append(kNumbersWidth - width, ' ');
    // seq_path keeps a line a line.
    absl::StrAppend(&text, " ", absl::StrReplaceAll(line.name, {{"\n", "\\012"}}));
  }
  text += '\n';
}

std::string NameInMaps(const FileSystem& files, const AddressLayout& layout, const Vma& vma) {
  if (vma.file == OpenFileId()) return std::string(NameOf(vma, layout));
  return files.InodeOf(vma.file).NameInMaps();
}

void AppendMapsLineOf(const FileSystem& files, const AddressLayout& layout, const Vma& vma, std::string& text) {
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

}  // namespace memsim
