#include "tests/unit/kernel/procfs/proc_text.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace memsim {
namespace {

std::vector<absl::string_view> Words(absl::string_view line) {
  return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
}

}  // namespace

std::vector<std::string> Lines(absl::string_view text) {
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  // What follows the last end of line is nothing, or the missing end of a line.
  if (lines.back().empty()) {
    lines.pop_back();
  } else {
    lines.back() += "<no end of line>";
  }
  return lines;
}

std::vector<std::string> RowNames(absl::string_view text) {
  std::vector<std::string> names;
  for (const std::string& line : Lines(text)) {
    const std::vector<absl::string_view> words = Words(line);
    names.emplace_back(words.empty() ? "<blank line>" : absl::StripSuffix(words[0], ":"));
  }
  return names;
}

std::map<std::string, std::uint64_t> RowValues(absl::string_view text) {
  std::map<std::string, std::uint64_t> values;
  for (const std::string& line : Lines(text)) {
    const std::vector<absl::string_view> words = Words(line);
    std::uint64_t value = 0;
    if (words.size() < 2 || !absl::SimpleAtoi(words[1], &value)) continue;
    values.emplace(absl::StripSuffix(words[0], ":"), value);
  }
  return values;
}

std::uint64_t SumOfRows(absl::string_view text, absl::string_view name) {
  std::uint64_t sum = 0;
  for (const std::string& line : Lines(text)) {
    const std::vector<absl::string_view> words = Words(line);
    std::uint64_t value = 0;
    if (words.size() >= 2 && words[0] == name && absl::SimpleAtoi(words[1], &value)) sum += value;
  }
  return sum;
}

}  // namespace memsim
