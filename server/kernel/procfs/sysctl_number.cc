#include "server/kernel/procfs/sysctl_number.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"

namespace memsim {
namespace {

// PAGE_SIZE - 1 and TMPBUFLEN - 1.
constexpr std::size_t kMostText = 4095;
constexpr std::size_t kMostDigits = 21;

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

char At(absl::string_view text, std::size_t place) { return place < text.size() ? text[place] : '\0'; }

// _parse_integer_fixup_radix: takes the 0x of a number in base 16.
unsigned TakeBase(absl::string_view& text) {
  if (At(text, 0) != '0') return 10;
  if ((At(text, 1) | 0x20) != 'x' || DigitOf(At(text, 2)) >= 16) return 8;
  text.remove_prefix(2);
  return 16;
}

// strtoul_lenient: takes the digits. nullopt: more than 64 bits.
std::optional<std::uint64_t> TakeDigits(absl::string_view& text, unsigned base) {
  std::uint64_t value = 0;
  for (; static_cast<unsigned>(DigitOf(At(text, 0))) < base; text.remove_prefix(1)) {
    const auto digit = static_cast<std::uint64_t>(DigitOf(text[0]));
    if (value > (UINT64_MAX - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return value;
}

absl::string_view SkipSpaces(absl::string_view text) {
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text[0]))) text.remove_prefix(1);
  return text;
}

bool MayFollow(char c) { return c == ' ' || c == '\t' || c == '\n'; }

}  // namespace

std::optional<SysctlNumber> ParseSysctlNumber(absl::string_view text) {
  const absl::string_view begin = SkipSpaces(text.substr(0, kMostText));
  // It is copied before it is read, and what has no room there is cut off.
  absl::string_view rest = begin.substr(0, kMostDigits);
  SysctlNumber number;
  if (rest.size() > 1 && rest[0] == '-') {
    number.negative = true;
    rest.remove_prefix(1);
  }
  if (rest.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(rest[0]))) return std::nullopt;
  const unsigned base = TakeBase(rest);
  const std::optional<std::uint64_t> value = TakeDigits(rest, base);
  if (!value.has_value()) return std::nullopt;
  const std::size_t length = std::min(begin.size(), kMostDigits) - rest.size();
  if (length == kMostDigits || (length < begin.size() && !MayFollow(begin[length]))) return std::nullopt;
  number.magnitude = *value;
  number.taken = ByteCount(text.size() - SkipSpaces(begin.substr(length)).size());
  return number;
}

}  // namespace memsim
