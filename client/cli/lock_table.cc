#include "client/cli/lock_table.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace memsim::cli {
namespace {

// "12.34" microseconds.
std::optional<std::uint64_t> Nanoseconds(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, '.');
  std::uint64_t whole = 0;
  std::uint64_t hundredths = 0;
  if (parts.second.size() != 2 || !absl::SimpleAtoi(parts.first, &whole) ||
      !absl::SimpleAtoi(parts.second, &hundredths))
    return std::nullopt;
  return whole * 1000 + hundredths * 10;
}

// Five columns from `first` on.
std::optional<LockTimes> Times(const std::vector<absl::string_view>& columns, std::size_t first) {
  LockTimes times;
  const auto min = Nanoseconds(columns[first + 1]);
  const auto max = Nanoseconds(columns[first + 2]);
  const auto total = Nanoseconds(columns[first + 3]);
  const auto average = Nanoseconds(columns[first + 4]);
  if (!absl::SimpleAtoi(columns[first], &times.count) || !min || !max || !total || !average) return std::nullopt;
  times.min_ns = *min;
  times.max_ns = *max;
  times.total_ns = *total;
  times.average_ns = *average;
  return times;
}

std::optional<LockRow> ParseRow(absl::string_view line) {
  // A name may have a colon, the columns have none.
  const std::size_t colon = line.rfind(':');
  if (colon == absl::string_view::npos) return std::nullopt;
  const std::vector<absl::string_view> columns = absl::StrSplit(line.substr(colon + 1), ' ', absl::SkipEmpty());
  if (columns.size() != 12) return std::nullopt;
  LockRow row;
  row.name = std::string(absl::StripAsciiWhitespace(line.substr(0, colon)));
  const auto waits = Times(columns, 1);
  const auto holds = Times(columns, 7);
  if (!waits || !holds || !absl::SimpleAtoi(columns[6], &row.bounces)) return std::nullopt;
  row.waits = *waits;
  row.holds = *holds;
  return row;
}

}  // namespace

std::vector<LockRow> ParseLockStat(absl::string_view text) {
  std::vector<LockRow> rows;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (std::optional<LockRow> row = ParseRow(line)) rows.push_back(*std::move(row));
  }
  return rows;
}

}  // namespace memsim::cli
