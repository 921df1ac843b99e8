#include "server/metrics/proc_text.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace memsim {
namespace {

using Words = std::vector<absl::string_view>;

constexpr double kBytesPerKb = 1024;

// boost, promo and cma are left out as node_exporter leaves them out; what follows "protection:" is per CPU.
constexpr std::array<absl::string_view, 7> kZoneRows = {"free", "min", "low", "high", "spanned", "present", "managed"};

Words SplitWords(absl::string_view line) { return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty()); }

std::vector<absl::string_view> Lines(absl::string_view text) { return absl::StrSplit(text, '\n', absl::SkipEmpty()); }

std::optional<double> ToNumber(absl::string_view word) {
  std::int64_t value = 0;
  if (!absl::SimpleAtoi(word, &value)) return std::nullopt;
  return static_cast<double>(value);
}

struct ZoneHeading {
  std::string node;
  std::string zone;
};

// "Node 0, zone   Normal …": the first four words of a row of buddyinfo, and a zone's first line in zoneinfo.
std::optional<ZoneHeading> ParseZoneHeading(const Words& words) {
  if (words.size() < 4 || words[0] != "Node" || words[2] != "zone") return std::nullopt;
  return ZoneHeading{std::string(absl::StripSuffix(words[1], ",")), std::string(words[3])};
}

}  // namespace

std::vector<MeminfoRow> ParseMeminfo(absl::string_view text) {
  std::vector<MeminfoRow> rows;
  for (const absl::string_view line : Lines(text)) {
    const Words words = SplitWords(line);
    if (words.size() < 2 || words.size() > 3) continue;
    absl::string_view name = words[0];
    const std::optional<double> value = ToNumber(words[1]);
    if (!absl::ConsumeSuffix(&name, ":") || !value.has_value()) continue;
    const bool has_unit = words.size() == 3;
    if (has_unit && words[2] != "kB") continue;
    rows.push_back({absl::StrReplaceAll(name, {{"(", "_"}, {")", ""}}),
                    has_unit ? MeminfoUnit::kBytes : MeminfoUnit::kHugePages, *value * (has_unit ? kBytesPerKb : 1)});
  }
  return rows;
}

std::vector<VmstatRow> ParseVmstat(absl::string_view text) {
  std::vector<VmstatRow> rows;
  for (const absl::string_view line : Lines(text)) {
    const Words words = SplitWords(line);
    if (words.size() != 2) continue;
    const std::optional<double> value = ToNumber(words[1]);
    if (value.has_value()) rows.push_back({words[0], *value});
  }
  return rows;
}

std::vector<BuddyinfoRow> ParseBuddyinfo(absl::string_view text) {
  std::vector<BuddyinfoRow> rows;
  for (const absl::string_view line : Lines(text)) {
    const Words words = SplitWords(line);
    const std::optional<ZoneHeading> heading = ParseZoneHeading(words);
    if (!heading.has_value()) continue;
    BuddyinfoRow row{heading->node, heading->zone, {}};
    for (std::size_t i = 4; i < words.size(); ++i) row.free_blocks.push_back(ToNumber(words[i]).value_or(0));
    rows.push_back(row);
  }
  return rows;
}

std::vector<ZoneinfoRow> ParseZoneinfo(absl::string_view text) {
  std::vector<ZoneinfoRow> rows;
  std::optional<ZoneHeading> heading;
  // The same words occur again further down ("high:" of a CPU's page lists), so rows count between "pages" and
  // "protection:" only.
  bool in_pages = false;
  for (const absl::string_view line : Lines(text)) {
    Words words = SplitWords(line);
    if (std::optional<ZoneHeading> next = ParseZoneHeading(words); next.has_value()) {
      heading = std::move(next);
      in_pages = false;
      continue;
    }
    if (!heading.has_value() || words.empty()) continue;
    if (words[0] == "pages") {
      in_pages = true;
      words.erase(words.begin());
    } else if (words[0] == "protection:") {
      in_pages = false;
    }
    if (!in_pages || words.size() != 2) continue;
    const std::optional<double> pages = ToNumber(words[1]);
    const bool wanted = std::find(kZoneRows.begin(), kZoneRows.end(), words[0]) != kZoneRows.end();
    if (wanted && pages.has_value()) rows.push_back({heading->node, heading->zone, std::string(words[0]), *pages});
  }
  return rows;
}

}  // namespace memsim
