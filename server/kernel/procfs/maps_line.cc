#include "server/kernel/procfs/maps_line.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace memsim {
namespace {

// 25 + 6 * sizeof(void*) - 1: the numbers are padded to this width, and a space separates them from the name.
constexpr std::size_t kNumbersWidth = 72;

}  // namespace

void AppendMapsLine(const MapsLine& line, std::string& text) {
  const std::size_t begin = text.size();
  const auto letter = [&line](VmFlags flag, char set) { return (line.flags & flag) != 0 ? set : '-'; };
  absl::StrAppendFormat(&text, "%08x-%08x %c%c%c%c %08x %02x:%02x %d ", line.range.start.value(),
                        line.range.end.value(), letter(kVmRead, 'r'), letter(kVmWrite, 'w'), letter(kVmExec, 'x'),
                        (line.flags & kVmMayShare) != 0 ? 's' : 'p', line.offset.value(), line.device.major,
                        line.device.minor, line.inode_number);
  if (!line.name.empty()) {
    const std::size_t width = text.size() - begin;
    if (width < kNumbersWidth) text.append(kNumbersWidth - width, ' ');
    // seq_path keeps a line a line.
    absl::StrAppend(&text, " ", absl::StrReplaceAll(line.name, {{"\n", "\\012"}}));
  }
  text += '\n';
}

}  // namespace memsim
