#include "server/metrics/proc_text.h"

#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace memsim {
namespace {

constexpr double kBytesPerKb = 1024;

std::vector<absl::string_view> Lines(absl::string_view text) { return absl::StrSplit(text, '\n', absl::SkipEmpty()); }

std::optional<double> ToNumber(absl::string_view word) {
  std::int64_t value = 0;
  if (!absl::SimpleAtoi(word, &value)) return std::nullopt;
  return static_cast<double>(value);
}

}  // namespace

std::vector<absl::string_view> SplitWords(absl::string_view line) {
  return absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
}

std::vector<MeminfoRow> ParseMeminfo(absl::string_view text) {
  std::vector<MeminfoRow> rows;
  for (const absl::string_view line : Lines(text)) {
    const std::vector<absl::string_view> words = SplitWords(line);
    if (words.size() < 2 || words.size() > 3) continue;
    absl::string_view name = words[0];
    const std::optional<double> value = ToNumber(words[1]);
    if (!absl::ConsumeSuffix(&name, ":") || !value.has_value()) continue;
    const bool has_unit = words.size() == 3;
    if (has_unit && words[2] != "kB") continue;
    rows.push_back({absl::StrReplaceAll(name, {{"(", "_"}, {")", ""}}),
                    has_unit ? MeminfoUnit::kBytes : MeminfoUnit::kCountOfHugePages,
                    *value * (has_unit ? kBytesPerKb : 1)});
  }
  return rows;
}

std::vector<VmstatRow> ParseVmstat(absl::string_view text) {
  std::vector<VmstatRow> rows;
  for (const absl::string_view line : Lines(text)) {
    const std::vector<absl::string_view> words = SplitWords(line);
    if (words.size() != 2) continue;
    const std::optional<double> value = ToNumber(words[1]);
    if (value.has_value()) rows.push_back({words[0], *value});
  }
  return rows;
}

std::vector<SlabinfoRow> ParseSlabinfo(absl::string_view text) {
  std::vector<SlabinfoRow> rows;
  for (const absl::string_view line : Lines(text)) {
    const std::vector<absl::string_view> words = SplitWords(line);
    // Behind these six come tunables and slabs.
    if (words.size() < 7 || words[6] != ":") continue;
    const auto active = ToNumber(words[1]), objects = ToNumber(words[2]), size = ToNumber(words[3]),
               per_slab = ToNumber(words[4]), pages = ToNumber(words[5]);
    if (!active || !objects || !size || !per_slab || !pages) continue;
    rows.push_back({words[0], *active, *objects, *size, *per_slab, *pages});
  }
  return rows;
}

}  // namespace memsim
