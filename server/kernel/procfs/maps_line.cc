#include "server/kernel/procfs/maps_line.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace memsim {
namespace {

// 25 + 6 * sizeof(void*) - 1: the numbers are padded to this width, and a space separates them from the name.
constexpr std::size_t kNumbersWidth = 72;

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

}  // namespace memsim
