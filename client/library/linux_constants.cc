#include "client/library/linux_constants.h"

#include <string.h>  // strerrorname_np, strerrordesc_np and sigabbrev_np, which know no locale

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

#include "client/library/linux_constant_tables.h"
#include "client/library/nearest_name.h"

namespace memsim::client {
namespace {

// EHWPOISON, the last of asm-generic/errno.h.
constexpr int kLastErrorNumber = 133;
// SIGSYS, the last that is not a real-time signal.
constexpr int kLastSignal = 31;
// strace shows these errors inside the kernel when a signal interrupts a call (include/linux/errno.h).
constexpr LinuxConstant kRestarts[] = {
    {"ERESTARTSYS", 512, 0}, {"ERESTARTNOINTR", 513, 0}, {"ERESTARTNOHAND", 514, 0}, {"ERESTART_RESTARTBLOCK", 516, 0}};
constexpr LinuxConstant kErrorSpellings[] = {{"EWOULDBLOCK", 11, 0}, {"EDEADLOCK", 35, 0}, {"ENOTSUP", 95, 0}};

absl::Span<const LinuxConstant> ErrorNumbers() {
  static const auto* const kTable = [] {
    auto* const table = new std::vector<LinuxConstant>;
    for (int number = 1; number <= kLastErrorNumber; ++number) {
      const char* const name = strerrorname_np(number);
      if (name != nullptr) table->push_back({name, static_cast<std::uint64_t>(number), ~std::uint64_t{0}});
    }
    table->insert(table->end(), std::begin(kErrorSpellings), std::end(kErrorSpellings));
    table->insert(table->end(), std::begin(kRestarts), std::end(kRestarts));
    return table;
  }();
  return *kTable;
}

absl::Span<const LinuxConstant> SignalNumbers() {
  static const auto* const kTable = [] {
    auto* const table = new std::vector<LinuxConstant>;
    for (int number = 1; number <= kLastSignal; ++number) {
      const char* const name = sigabbrev_np(number);
      if (name == nullptr) continue;
      // The table keeps views, so the text lives as long as the program.
      const auto* const text = new std::string(absl::StrCat("SIG", name));
      table->push_back({*text, static_cast<std::uint64_t>(number), ~std::uint64_t{0}});
    }
    return table;
  }();
  return *kTable;
}

const absl::flat_hash_map<absl::string_view, std::uint64_t>& ConstantsByName() {
  static const auto* const kByName = [] {
    auto* const by_name = new absl::flat_hash_map<absl::string_view, std::uint64_t>;
    for (const ConstantFamily& family : ConstantFamilies()) {
      for (const LinuxConstant& constant : family.constants) by_name->emplace(constant.name, constant.value);
    }
    return by_name;
  }();
  return *kByName;
}

// As C reads a number: 0x hexadecimal, a leading 0 octal.
std::optional<std::uint64_t> ParseNumber(absl::string_view text) {
  std::uint64_t value = 0;
  if (absl::StartsWithIgnoreCase(text, "0x")) {
    if (absl::SimpleHexAtoi(text, &value)) return value;
    return std::nullopt;
  }
  if (text.size() > 1 && text[0] == '0') {
    for (const char c : text.substr(1)) {
      if (c < '0' || c > '7' || value >> 61 != 0) return std::nullopt;
      value = value * 8 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
  }
  std::int64_t negative = 0;
  if (absl::SimpleAtoi(text, &value)) return value;
  if (absl::SimpleAtoi(text, &negative)) return static_cast<std::uint64_t>(negative);
  return std::nullopt;
}

std::optional<std::uint64_t> FindInFamily(const ConstantFamily& family, absl::string_view word) {
  for (const LinuxConstant& constant : family.constants) {
    if (absl::EqualsIgnoreCase(constant.name, word)) return constant.value;
    absl::string_view short_name = constant.name;
    if (!absl::ConsumePrefix(&short_name, family.prefix)) absl::ConsumePrefix(&short_name, "__GFP_");
    if (absl::EqualsIgnoreCase(short_name, word)) return constant.value;
  }
  return std::nullopt;
}

const LinuxConstant* FindWholeName(const ConstantFamily& family, absl::string_view word) {
  for (const LinuxConstant& constant : family.constants) {
    if (absl::EqualsIgnoreCase(constant.name, word)) return &constant;
  }
  return nullptr;
}

std::optional<std::uint64_t> FindBorrowed(const ConstantFamily& family, absl::string_view word) {
  const ConstantFamily* const lender = FindConstantFamily(family.borrows);
  const LinuxConstant* const constant = lender == nullptr ? nullptr : FindWholeName(*lender, word);
  return constant == nullptr ? std::nullopt : std::optional<std::uint64_t>(constant->value);
}

// "rwx", "r--": protection as /proc/PID/maps writes it.
std::optional<std::uint64_t> ParseProtectionLetters(absl::string_view word) {
  std::uint64_t prot = 0;
  for (const char c : word) {
    const std::uint64_t bit = c == 'r' ? 1 : c == 'w' ? 2 : c == 'x' ? 4 : 0;
    if (c != '-' && (bit == 0 || (prot & bit) != 0)) return std::nullopt;
    prot |= bit;
  }
  return word.empty() ? std::nullopt : std::optional<std::uint64_t>(prot);
}

std::optional<std::uint64_t> ParseWord(const ConstantFamily& family, absl::string_view word) {
  if (const auto number = ParseNumber(word)) return number;
  const std::pair<absl::string_view, absl::string_view> shift = absl::StrSplit(word, absl::MaxSplits("<<", 1));
  if (!shift.second.empty()) {
    const auto left = ParseWord(family, shift.first);
    const auto right = ParseWord(family, shift.second);
    if (!left.has_value() || !right.has_value() || *right > 63) return std::nullopt;
    return *left << *right;
  }
  if (const auto value = FindInFamily(family, word)) return value;
  if (const auto value = FindBorrowed(family, word)) return value;
  if (family.name == "PROT") return ParseProtectionLetters(word);
  return std::nullopt;
}

// The family of which a part of the word is a whole name, as of MAP_SHARED in 1<<MAP_SHARED. nullptr: of none.
const ConstantFamily* FamilyOf(absl::string_view word) {
  for (const absl::string_view part : absl::StrSplit(word, "<<")) {
    for (const ConstantFamily& family : ConstantFamilies()) {
      if (FindWholeName(family, part) != nullptr) return &family;
    }
  }
  return nullptr;
}

absl::Status UnknownWord(const ConstantFamily& family, absl::string_view word) {
  if (const ConstantFamily* const other = FamilyOf(word); other != nullptr && other->name != family.name) {
    return absl::InvalidArgumentError(absl::StrCat("\"", word, "\" is a ", other->name, " constant, and this takes ",
                                                   family.name, " constants, such as ", family.constants[0].name,
                                                   ", or a number"));
  }
  std::vector<std::string> names;
  for (const LinuxConstant& constant : family.constants) {
    const absl::string_view short_name = absl::StripPrefix(constant.name, family.prefix);
    names.emplace_back(absl::StartsWithIgnoreCase(word, family.prefix) ? constant.name : short_name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", word, "\" is neither a ", family.name, " constant nor a number", DidYouMean(word, names)));
}

}  // namespace

absl::Span<const ConstantFamily> ConstantFamilies() {
  static const auto* const kFamilies = [] {
    const auto tables = ConstantTables();
    auto* const families = new std::vector<ConstantFamily>(tables.begin(), tables.end());
    families->push_back({"SIG", "SIG", SignalNumbers()});
    families->push_back({"E", "E", ErrorNumbers()});
    return families;
  }();
  return *kFamilies;
}

const ConstantFamily* FindConstantFamily(absl::string_view name) {
  for (const ConstantFamily& family : ConstantFamilies()) {
    if (family.name == name) return &family;
  }
  return nullptr;
}

std::optional<std::uint64_t> FindConstant(absl::string_view name) {
  const auto found = ConstantsByName().find(name);
  if (found == ConstantsByName().end()) return std::nullopt;
  return found->second;
}

absl::StatusOr<std::uint64_t> ParseConstants(const ConstantFamily& family, absl::string_view text) {
  std::uint64_t value = 0;
  for (const absl::string_view part : absl::StrSplit(text, '|')) {
    const absl::string_view word = absl::StripAsciiWhitespace(part);
    const auto parsed = ParseWord(family, word);
    if (!parsed.has_value()) return UnknownWord(family, word);
    value |= *parsed;
  }
  return value;
}

std::string FormatConstants(const ConstantFamily& family, std::uint64_t value) {
  std::vector<std::string> words;
  std::uint64_t decided = 0;
  std::uint64_t named = 0;
  for (const LinuxConstant& constant : family.constants) {
    if (constant.mask == 0 || (constant.mask & decided) != 0 || (value & constant.mask) != constant.value) continue;
    words.emplace_back(constant.name);
    decided |= constant.mask;
    named |= constant.value;
  }
  if (const std::uint64_t rest = value & ~named; rest != 0) {
    // A plain number without a name is likelier to be known in decimal: an advice, a command.
    const bool plain = !family.constants.empty() && family.constants[0].mask == ~std::uint64_t{0} && words.empty();
    words.push_back(plain && rest < 1000 ? absl::StrCat(rest) : absl::StrCat("0x", absl::Hex(rest)));
  }
  return words.empty() ? "0" : absl::StrJoin(words, "|");
}

std::string ErrorNumberName(int error_number) {
  for (const LinuxConstant& constant : ErrorNumbers()) {
    if (constant.value == static_cast<std::uint64_t>(error_number)) return std::string(constant.name);
  }
  return absl::StrCat("E", error_number);
}

std::string SignalName(int signal_number) {
  for (const LinuxConstant& constant : SignalNumbers()) {
    if (constant.value == static_cast<std::uint64_t>(signal_number)) return std::string(constant.name);
  }
  return absl::StrCat("SIG", signal_number);
}

std::string ErrorNumberText(int error_number) {
  const char* const text = strerrordesc_np(error_number);
  return text != nullptr ? std::string(text) : absl::StrCat("Unknown error ", error_number);
}

std::string SignalCodeName(int signal_number, int code) {
  const auto value = static_cast<std::uint64_t>(code);
  for (const absl::string_view family_name : {signal_number == 11 ? "SEGV" : signal_number == 7 ? "BUS" : "SI", "SI"}) {
    for (const LinuxConstant& constant : FindConstantFamily(family_name)->constants) {
      if (constant.value == value) return std::string(constant.name);
    }
  }
  return absl::StrCat(code);
}

}  // namespace memsim::client
