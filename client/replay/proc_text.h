// Rows of a machine's /proc, in a trace's words.

#ifndef MEMSIM_CLIENT_REPLAY_PROC_TEXT_H_
#define MEMSIM_CLIENT_REPLAY_PROC_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace memsim::replay {

// A process's fault counters since it began.
struct FaultCounters {
  std::uint64_t minor = 0;
  std::uint64_t major = 0;
};

// A row of PID/maps. Its views are into the text that was parsed.
struct MappingRow {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  // "555555554000-555555556000"
  absl::string_view range;
  // "rw-p"
  absl::string_view permissions;
  absl::string_view offset;
  absl::string_view name;
};

// The rows that are mappings.
std::vector<MappingRow> ParseMaps(absl::string_view maps);

// The mappings of PID/maps that start inside [low, high): "lo-hi perms offset name", each in quotes, with commas
// between; "none".
std::string MapsInside(absl::string_view maps, std::uint64_t low, std::uint64_t high);

// What stands behind "field:" in PID/status. "none": there is no such row.
std::string FieldOf(absl::string_view status, absl::string_view field);

// The same of the mapping that holds the address, in PID/smaps.
std::string FieldOfMapping(absl::string_view smaps, std::uint64_t address, absl::string_view field);

// Fields 10 and 12 of PID/stat. nullopt: it has not so many.
std::optional<FaultCounters> FaultsInStat(absl::string_view stat);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_PROC_TEXT_H_
