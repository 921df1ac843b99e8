// EvaluateTraceNumber: sums of constants, as strace writes them.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

#include "client/library/linux_constants.h"
#include "client/replay/trace_value.h"

namespace memsim::replay {
namespace {

std::optional<std::uint64_t> ParseOctal(absl::string_view digits) {
  std::uint64_t value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '7' || value >> 61 != 0) return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

std::optional<std::uint64_t> Atom(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (text.empty()) return std::nullopt;
  if (text == "NULL") return 0;
  std::uint64_t value = 0;
  if (absl::StartsWith(text, "0x")) return absl::SimpleHexAtoi(text, &value) ? std::optional(value) : std::nullopt;
  if (text[0] == '0') return ParseOctal(text);
  if (text[0] == '-') {
    std::int64_t negative = 0;
    return absl::SimpleAtoi(text, &negative) ? std::optional(static_cast<std::uint64_t>(negative)) : std::nullopt;
  }
  if (absl::ascii_isdigit(text[0])) return absl::SimpleAtoi(text, &value) ? std::optional(value) : std::nullopt;
  return client::FindConstant(text);
}

std::optional<std::uint64_t> Product(absl::string_view text) {
  std::uint64_t product = 1;
  for (const absl::string_view factor : absl::StrSplit(text, '*')) {
    const std::optional<std::uint64_t> value = Atom(factor);
    if (!value.has_value()) return std::nullopt;
    product *= *value;
  }
  return product;
}

std::optional<std::uint64_t> Term(absl::string_view text) {
  const std::size_t shift = text.find("<<");
  if (shift == absl::string_view::npos) return Product(text);
  const std::optional<std::uint64_t> value = Product(text.substr(0, shift));
  const std::optional<std::uint64_t> distance = Atom(text.substr(shift + 2));
  if (!value.has_value() || !distance.has_value() || *distance > 63) return std::nullopt;
  return *value << *distance;
}

}  // namespace

std::optional<std::uint64_t> EvaluateTraceNumber(absl::string_view text) {
  std::uint64_t bits = 0;
  for (const absl::string_view part : absl::StrSplit(text, '|')) {
    const std::optional<std::uint64_t> term = Term(part);
    if (!term.has_value()) return std::nullopt;
    bits |= *term;
  }
  return bits;
}

}  // namespace memsim::replay
