#include "client/library/json_text.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace memsim::client {
namespace {

// A report's line should fit a screen's few lines.
constexpr std::size_t kLongestPrintable = 400;

// The length of the UTF-8 sequence at the front. 0: there is none.
std::size_t SequenceLength(absl::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  if (length > 2 && ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f) ||
                     (lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f))) {
    return 0;
  }
  return length;
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string JsonString(absl::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    const char c = text[0];
    if (length == 0) {
      json += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<std::uint8_t>(c) < 0x20) {
      absl::StrAppendFormat(&json, "\\u%04x", static_cast<std::uint8_t>(c));
    } else {
      json.append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return json + "\"";
}

std::string Printable(absl::string_view text) {
  std::string printable;
  while (!text.empty() && printable.size() < kLongestPrintable) {
    const std::size_t length = SequenceLength(text);
    const std::uint8_t lead = static_cast<std::uint8_t>(text[0]);
    // The second block of control characters, U+0080 to U+009F, steers terminals as the first does.
    const bool second_block = length == 2 && lead == 0xc2 && static_cast<std::uint8_t>(text[1]) < 0xa0;
    if (length == 0 || lead < 0x20 || lead == 0x7f || second_block) {
      printable += '?';
    } else {
      printable.append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return text.empty() ? printable : absl::StrCat(printable, "...");
}

std::string SpellOutBytes(absl::string_view text) {
  std::string spelt;
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) {
      absl::StrAppendFormat(&spelt, "\\x%02x", static_cast<std::uint8_t>(text[0]));
    } else {
      spelt.append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return spelt;
}

}  // namespace memsim::client
