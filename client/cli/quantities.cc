#include "client/cli/quantities.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "client/cli/usage_error.h"
#include "client/library/json_text.h"

namespace memsim::cli {
namespace {

constexpr std::uint64_t kUnlimited = UINT64_MAX;

struct SizeUnit {
  char letter;
  int shift;
};
constexpr std::array<SizeUnit, 4> kSizeUnits = {{{'t', 40}, {'g', 30}, {'m', 20}, {'k', 10}}};

// Cuts the unit off the text: the shift that it stands for. "KB" is refused.
absl::StatusOr<int> ConsumeUnit(absl::string_view& text) {
  const std::string lower = absl::AsciiStrToLower(text);
  if (absl::StartsWith(lower, "0x")) return 0;
  for (const SizeUnit& unit : kSizeUnits) {
    const std::string letter(1, unit.letter);
    if (absl::EndsWith(lower, letter + "ib")) return text.remove_suffix(3), unit.shift;
    if (absl::EndsWith(lower, letter)) return text.remove_suffix(1), unit.shift;
    if (absl::EndsWith(lower, letter + "b")) {
      return UsageError("\"", client::Printable(text), "\" may mean 1000 or 1024; write ",
                        absl::AsciiStrToUpper(letter), "iB");
    }
  }
  if (absl::EndsWith(lower, "b")) text.remove_suffix(1);
  return 0;
}

// Whether it is one, however large.
bool IsWholeNumber(absl::string_view number) {
  const bool hexadecimal = absl::StartsWithIgnoreCase(number, "0x");
  if (hexadecimal) number.remove_prefix(2);
  const auto is_digit = hexadecimal ? absl::ascii_isxdigit : absl::ascii_isdigit;
  return !number.empty() && std::all_of(number.begin(), number.end(), is_digit);
}

std::string Decimal(double value, absl::string_view unit) {
  std::string number = absl::StrFormat("%.1f", value);
  if (absl::EndsWith(number, ".0")) number.resize(number.size() - 2);
  return absl::StrCat(number, " ", unit);
}

}  // namespace

absl::StatusOr<std::uint64_t> ParseUnsigned(absl::string_view text) {
  std::uint64_t value = 0;
  const bool hexadecimal = absl::StartsWithIgnoreCase(text, "0x");
  const bool parsed = hexadecimal ? absl::SimpleHexAtoi(text, &value) : absl::SimpleAtoi(text, &value);
  if (!parsed) return UsageError("\"", client::Printable(text), "\" is no whole number from 0 to 2^64 - 1");
  return value;
}

absl::StatusOr<std::int64_t> ParseSigned(absl::string_view text) {
  std::int64_t value = 0;
  const bool hexadecimal = absl::StartsWithIgnoreCase(text, "0x") || absl::StartsWithIgnoreCase(text, "-0x");
  const bool parsed = hexadecimal ? absl::SimpleHexAtoi(text, &value) : absl::SimpleAtoi(text, &value);
  if (!parsed) return UsageError("\"", client::Printable(text), "\" is no whole number from -2^63 to 2^63 - 1");
  return value;
}

absl::StatusOr<std::uint64_t> ParseSize(absl::string_view text) {
  absl::string_view number = absl::StripAsciiWhitespace(text);
  const absl::StatusOr<int> shift = ConsumeUnit(number);
  if (!shift.ok()) return shift.status();
  number = absl::StripAsciiWhitespace(number);
  if (const auto whole = ParseUnsigned(number); whole.ok()) {
    if (*whole > (UINT64_MAX >> *shift))
      return UsageError("\"", client::Printable(text), "\" is more than 2^64 - 1 bytes");
    return *whole << *shift;
  }
  if (IsWholeNumber(number)) return UsageError("\"", client::Printable(text), "\" is more than 2^64 - 1 bytes");
  double fraction = 0;
  const bool plain = number.find_first_not_of("0123456789.") == absl::string_view::npos;
  if (!plain || *shift == 0 || !absl::SimpleAtod(number, &fraction)) {
    return UsageError("\"", client::Printable(text), "\" is no size; write bytes, or 64KiB, 1.5GiB, 0x1000");
  }
  const double bytes = std::ldexp(fraction, *shift);
  if (bytes != std::floor(bytes)) return UsageError("\"", client::Printable(text), "\" is no whole number of bytes");
  // Beyond 2^53 a double has lost digits, and no machine is that large.
  if (bytes > std::ldexp(1.0, 53))
    return UsageError("\"", client::Printable(text), "\" is too large for a fraction; write whole units");
  return static_cast<std::uint64_t>(bytes);
}

absl::StatusOr<std::int64_t> ParseSignedSize(absl::string_view text) {
  absl::string_view magnitude = text;
  const bool negative = absl::ConsumePrefix(&magnitude, "-");
  const absl::StatusOr<std::uint64_t> size = ParseSize(magnitude);
  if (!size.ok()) return size.status();
  // There is one more below zero than above.
  if (*size > static_cast<std::uint64_t>(INT64_MAX) + (negative ? 1 : 0)) {
    return UsageError("\"", client::Printable(text), "\" is not from -2^63 to 2^63 - 1 bytes");
  }
  return static_cast<std::int64_t>(negative ? -*size : *size);
}

absl::StatusOr<std::uint64_t> ParseLimit(absl::string_view text) {
  if (absl::EqualsIgnoreCase(text, "unlimited")) return kUnlimited;
  return ParseSize(text);
}

absl::StatusOr<std::uint64_t> ParseNanoseconds(absl::string_view text) {
  struct TimeUnit {
    const char* name;
    std::uint64_t nanoseconds;
  };
  // Those that end in another one come first.
  static constexpr TimeUnit kTimeUnits[] = {{"ns", 1},
                                            {"us", 1000},
                                            {"ms", 1'000'000},
                                            {"min", 60'000'000'000},
                                            {"s", 1'000'000'000},
                                            {"h", 3'600'000'000'000}};
  absl::string_view number = absl::StripAsciiWhitespace(text);
  std::uint64_t unit = 1;
  for (const TimeUnit& known : kTimeUnits) {
    if (!absl::ConsumeSuffix(&number, known.name)) continue;
    unit = known.nanoseconds;
    break;
  }
  number = absl::StripAsciiWhitespace(number);
  if (const auto whole = ParseUnsigned(number); whole.ok() && *whole <= UINT64_MAX / unit) return *whole * unit;
  const auto no_time = [text] {
    return UsageError("\"", client::Printable(text), "\" is no time; write nanoseconds, or 10us, 1.5ms, 2s, 1min, 1h");
  };
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(number, absl::MaxSplits('.', 1));
  std::uint64_t whole = 0;
  if (!parts.first.empty() &&
      (!absl::ascii_isdigit(static_cast<unsigned char>(parts.first[0])) || !absl::SimpleAtoi(parts.first, &whole))) {
    return no_time();
  }
  const absl::string_view decimals = parts.second.substr(0, parts.second.find_last_not_of('0') + 1);
  if (parts.second.empty() || parts.second.find_first_not_of("0123456789") != absl::string_view::npos ||
      whole >= UINT64_MAX / unit) {
    return no_time();
  }
  std::uint64_t nanoseconds = whole * unit;
  for (const char digit : decimals) {
    if (unit % 10 != 0) {
      return UsageError("\"", client::Printable(text), "\" is no whole number of nanoseconds");
    }
    unit /= 10;
    nanoseconds += static_cast<std::uint64_t>(digit - '0') * unit;
  }
  return nanoseconds;
}

std::string FormatSize(std::uint64_t bytes) {
  for (const SizeUnit& unit : kSizeUnits) {
    const std::uint64_t size = std::uint64_t{1} << unit.shift;
    if (bytes < size) continue;
    const std::string name =
        absl::StrCat(std::string(1, absl::ascii_toupper(static_cast<unsigned char>(unit.letter))), "iB");
    if (bytes % size == 0) return absl::StrCat(bytes / size, " ", name);
    return Decimal(static_cast<double>(bytes) / static_cast<double>(size), name);
  }
  return absl::StrCat(bytes, " B");
}

std::string FormatLimit(std::uint64_t bytes) { return bytes == kUnlimited ? "unlimited" : FormatSize(bytes); }

std::string FormatAddress(std::uint64_t address) { return absl::StrCat("0x", absl::Hex(address)); }

std::string FormatNanoseconds(std::uint64_t nanoseconds) {
  const auto value = static_cast<double>(nanoseconds);
  if (nanoseconds < 1000) return absl::StrCat(nanoseconds, " ns");
  if (nanoseconds < 1000000) return Decimal(value / 1e3, "us");
  if (nanoseconds < 1000000000) return Decimal(value / 1e6, "ms");
  return Decimal(value / 1e9, "s");
}

std::string FormatCount(std::uint64_t count, absl::string_view noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace memsim::cli
