#include "tests/conformance/levels.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace memsim::replay {

absl::StatusOr<std::map<std::string, Level>> ParseLevels(absl::string_view text) {
  std::map<std::string, Level> levels;
  int line_number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.empty() || words[0][0] == '#') continue;
    Level level;
    if (words.size() != 4 || !absl::SimpleAtod(words[1], &level.equal_share) ||
        !absl::SimpleAtoi(words[2], &level.wholly_equal) || !absl::SimpleAtoi(words[3], &level.most_skipped) ||
        !(level.equal_share >= 0 && level.equal_share <= 100)) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line_number, " is not a folder, a share from 0 to 100 and two counts: ", line));
    }
    if (!levels.emplace(std::string(words[0]), level).second) {
      return absl::InvalidArgumentError(absl::StrCat("line ", line_number, " tells of ", words[0], " again"));
    }
  }
  return levels;
}

}  // namespace memsim::replay
