#include "client/replay/proc_text.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace memsim::replay {
namespace {

absl::string_view ConsumeWord(absl::string_view& text) {
  text = absl::StripLeadingAsciiWhitespace(text);
  const absl::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

// "100000000000-100000002000 rw-p 00000000 00:00 0    name". nullopt: the row is no mapping's.
std::optional<MappingRow> ParseRow(absl::string_view text) {
  MappingRow row;
  row.range = ConsumeWord(text);
  const std::pair<absl::string_view, absl::string_view> bounds = absl::StrSplit(row.range, absl::MaxSplits('-', 1));
  if (!absl::SimpleHexAtoi(bounds.first, &row.start) || !absl::SimpleHexAtoi(bounds.second, &row.end)) {
    return std::nullopt;
  }
  row.permissions = ConsumeWord(text);
  row.offset = ConsumeWord(text);
  ConsumeWord(text);  // device
  ConsumeWord(text);  // inode
  row.name = absl::StripAsciiWhitespace(text);
  if (row.permissions.size() != 4) return std::nullopt;
  return row;
}

}  // namespace

std::vector<MappingRow> ParseMaps(absl::string_view maps) {
  std::vector<MappingRow> rows;
  for (const absl::string_view line : absl::StrSplit(maps, '\n', absl::SkipEmpty())) {
    const std::optional<MappingRow> row = ParseRow(line);
    if (row.has_value()) rows.push_back(*row);
  }
  return rows;
}

std::string MapsInside(absl::string_view maps, std::uint64_t low, std::uint64_t high) {
  std::string rows;
  for (const MappingRow& row : ParseMaps(maps)) {
    if (row.start < low || row.start >= high) continue;
    absl::StrAppend(&rows, rows.empty() ? "" : ", ", "\"", row.range, " ", row.permissions, " ", row.offset,
                    row.name.empty() ? "" : " ", row.name, "\"");
  }
  return rows.empty() ? "none" : rows;
}

std::string FieldOf(absl::string_view status, absl::string_view field) {
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    if (absl::ConsumePrefix(&line, field) && absl::ConsumePrefix(&line, ":")) {
      return std::string(absl::StripAsciiWhitespace(line));
    }
  }
  return "none";
}

std::string FieldOfMapping(absl::string_view smaps, std::uint64_t address, absl::string_view field) {
  bool inside = false;
  for (absl::string_view line : absl::StrSplit(smaps, '\n')) {
    const std::optional<MappingRow> row = ParseRow(line);
    if (row.has_value()) inside = row->start <= address && address < row->end;
    if (inside && absl::ConsumePrefix(&line, field) && absl::ConsumePrefix(&line, ":")) {
      return std::string(absl::StripAsciiWhitespace(line));
    }
  }
  return "none";
}

std::optional<FaultCounters> FaultsInStat(absl::string_view stat) {
  // The second field is a name in parentheses, which may hold anything.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == absl::string_view::npos) return std::nullopt;
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::StripAsciiWhitespace(stat.substr(name_end + 1)), ' ');
  FaultCounters counters;
  if (fields.size() < 10 || !absl::SimpleAtoi(fields[7], &counters.minor) ||
      !absl::SimpleAtoi(fields[9], &counters.major)) {
    return std::nullopt;
  }
  return counters;
}

}  // namespace memsim::replay
