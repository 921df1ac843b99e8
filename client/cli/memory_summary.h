// What free(1) makes of /proc/meminfo.

#ifndef MEMSIM_CLIENT_CLI_MEMORY_SUMMARY_H_
#define MEMSIM_CLIENT_CLI_MEMORY_SUMMARY_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace memsim::cli {

// In KiB, as meminfo has it.
struct MemorySummary {
  std::uint64_t total = 0;
  std::uint64_t used = 0;
  std::uint64_t free = 0;
  std::uint64_t shared = 0;
  std::uint64_t buffers_and_cache = 0;
  std::uint64_t available = 0;
  std::uint64_t swap_total = 0;
  std::uint64_t swap_free = 0;
};

// By the formulas of procps 4: used = total - available, buff/cache = Buffers + Cached + SReclaimable. Rows that are
// missing are 0.
MemorySummary SummarizeMeminfo(absl::string_view meminfo);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_MEMORY_SUMMARY_H_
