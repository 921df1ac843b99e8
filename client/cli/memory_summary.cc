#include "client/cli/memory_summary.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace memsim::cli {

MemorySummary SummarizeMeminfo(absl::string_view meminfo) {
  std::map<std::string, std::uint64_t> rows;
  for (const absl::string_view line : absl::StrSplit(meminfo, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(": "), absl::SkipEmpty());
    std::uint64_t value = 0;
    if (words.size() >= 2 && absl::SimpleAtoi(words[1], &value)) rows[words[0]] = value;
  }
  MemorySummary memory;
  memory.total = rows["MemTotal"];
  memory.free = rows["MemFree"];
  memory.available = rows["MemAvailable"];
  memory.used = memory.total - std::min(memory.total, memory.available);
  memory.shared = rows["Shmem"];
  memory.buffers_and_cache = rows["Buffers"] + rows["Cached"] + rows["SReclaimable"];
  memory.swap_total = rows["SwapTotal"];
  memory.swap_free = std::min(rows["SwapFree"], memory.swap_total);
  return memory;
}

}  // namespace memsim::cli
