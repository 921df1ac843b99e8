// The levels that a replay of the recorded traces must reach, from levels.txt.

#ifndef MEMSIM_TESTS_CONFORMANCE_LEVELS_H_
#define MEMSIM_TESTS_CONFORMANCE_LEVELS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace memsim::replay {

struct Level {
  // Percent of the compared answers that are equal.
  double equal_share = 0;
  std::uint64_t wholly_equal = 0;
  // What is skipped is in no share: without this, an operation that is lost would raise the share.
  std::uint64_t most_skipped = 0;
};

// By folder. INVALID_ARGUMENT names the line that is wrong.
absl::StatusOr<std::map<std::string, Level>> ParseLevels(absl::string_view text);

}  // namespace memsim::replay

#endif  // MEMSIM_TESTS_CONFORMANCE_LEVELS_H_
