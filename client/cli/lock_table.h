// The rows of /proc/lock_stat.

#ifndef MEMSIM_CLIENT_CLI_LOCK_TABLE_H_
#define MEMSIM_CLIENT_CLI_LOCK_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace memsim::cli {

// How many times, and how long in nanoseconds: to the 10 ns that lock_stat has.
struct LockTimes {
  std::uint64_t count = 0;
  std::uint64_t min_ns = 0;
  std::uint64_t max_ns = 0;
  std::uint64_t total_ns = 0;
  std::uint64_t average_ns = 0;
};

struct LockRow {
  // "&mm->mmap_lock-R"; of a single lock also whose it is: "&zone->lock Normal".
  std::string name;
  std::uint64_t bounces = 0;
  LockTimes waits;
  LockTimes holds;
};

// In the order of the text. Headers and the lines that name who was waited for are passed over.
std::vector<LockRow> ParseLockStat(absl::string_view text);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_LOCK_TABLE_H_
