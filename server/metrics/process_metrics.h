// What the server process itself takes of its host, named as every Prometheus client library names it.

#ifndef MEMSIM_SERVER_METRICS_PROCESS_METRICS_H_
#define MEMSIM_SERVER_METRICS_PROCESS_METRICS_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

#include "server/base/units.h"

namespace memsim {

class MetricsPage;

// The fields of /proc/self/stat that are shown (proc(5)). Times in clock ticks.
struct ProcessStat {
  std::uint64_t user_ticks;
  std::uint64_t system_ticks;
  std::uint64_t threads;
  std::uint64_t start_ticks_after_boot;
  ByteCount virtual_memory;
  std::uint64_t resident_pages;
};

// nullopt: not the text of a stat file. The command in it may hold spaces and parentheses.
std::optional<ProcessStat> ParseProcessStat(absl::string_view text);

// The soft limit of "Max open files" in the text of /proc/self/limits; nullopt if it is unlimited or not there.
std::optional<double> ParseMaxOpenFiles(absl::string_view text);

// The second of the epoch at which the host booted, from the text of /proc/stat.
std::optional<double> ParseBootTime(absl::string_view text);

// Reads the host's /proc. What cannot be read is left out.
void AddProcessMetrics(MetricsPage& page);

}  // namespace memsim

#endif  // MEMSIM_SERVER_METRICS_PROCESS_METRICS_H_
