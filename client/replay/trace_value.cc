#include "client/replay/trace_value.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

#include "client/replay/trace_text.h"

namespace memsim::replay {
namespace {

std::string WithoutComments(absl::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t begin = text.find("/*");
    kept.append(text.data(), begin == absl::string_view::npos ? text.size() : begin);
    if (begin == absl::string_view::npos) break;
    const std::size_t end = text.find("*/", begin + 2);
    if (end == absl::string_view::npos) break;
    text.remove_prefix(end + 2);
  }
  return std::string(absl::StripAsciiWhitespace(kept));
}

// "flags" in "flags=CLONE_VM". Empty: the argument has no name.
absl::string_view NameBefore(absl::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && (absl::ascii_isalnum(text[length]) || text[length] == '_')) ++length;
  const bool assigned = length > 0 && length + 1 < text.size() && text[length] == '=' && text[length + 1] != '=';
  return assigned && absl::ascii_islower(text[0]) ? text.substr(0, length) : absl::string_view();
}

std::optional<TraceValue> ParseValue(absl::string_view text, int depth);

std::optional<std::vector<TraceValue>> ParseList(absl::string_view text, int depth) {
  if (depth > kMaxTraceValueDepth) return std::nullopt;
  std::vector<TraceValue> values;
  if (absl::StripAsciiWhitespace(text).empty()) return values;
  while (true) {
    const std::optional<std::size_t> end = SkipToSeparator(text);
    if (!end.has_value()) return std::nullopt;
    std::optional<TraceValue> value = ParseValue(absl::StripAsciiWhitespace(text.substr(0, *end)), depth);
    if (!value.has_value()) return std::nullopt;
    values.push_back(*std::move(value));
    if (*end == text.size()) return values;
    if (text[*end] != ',') return std::nullopt;
    text.remove_prefix(*end + 1);
  }
}

std::optional<TraceValue> ParseBracketed(absl::string_view text, TraceValue::Kind kind, int depth) {
  const std::optional<std::size_t> end = SkipBracketed(text, 0);
  if (!end.has_value()) return std::nullopt;
  std::optional<std::vector<TraceValue>> items = ParseList(text.substr(1, *end - 2), depth + 1);
  if (!items.has_value()) return std::nullopt;
  TraceValue value;
  value.kind = kind;
  value.items = *std::move(items);
  return value;
}

std::optional<TraceValue> ParseString(absl::string_view text) {
  const std::optional<std::size_t> end = SkipString(text, 0);
  if (!end.has_value()) return std::nullopt;
  TraceValue value;
  value.kind = TraceValue::Kind::kString;
  value.text = DecodeString(text.substr(1, *end - 2));
  return value;
}

// A scalar, perhaps with the name of a file behind it.
std::optional<TraceValue> ParseScalar(absl::string_view text) {
  TraceValue value;
  const std::size_t angle = FindFileName(text);
  if (angle == absl::string_view::npos) {
    value.text = WithoutComments(text);
    return value;
  }
  const std::optional<std::size_t> end = SkipFileName(text, angle);
  if (!end.has_value()) return std::nullopt;
  value.kind = TraceValue::Kind::kDescriptor;
  value.text = WithoutComments(text.substr(0, angle));
  absl::string_view path = text.substr(angle + 1, *end - angle - 2);
  // What -yy adds: 0</dev/pts/0<char 136:0>>.
  const std::size_t device = path.find('<');
  if (device != absl::string_view::npos) path = path.substr(0, device);
  if (absl::EndsWith(path, " (deleted)")) path.remove_suffix(10);
  value.path = DecodeString(path);
  return value;
}

std::optional<TraceValue> ParseValue(absl::string_view text, int depth) {
  const absl::string_view name = NameBefore(text);
  if (!name.empty()) text = absl::StripLeadingAsciiWhitespace(text.substr(name.size() + 1));
  std::optional<TraceValue> value;
  if (absl::StartsWith(text, "\"")) {
    value = ParseString(text);
  } else if (absl::StartsWith(text, "[")) {
    value = ParseBracketed(text, TraceValue::Kind::kArray, depth);
  } else if (absl::StartsWith(text, "{")) {
    value = ParseBracketed(text, TraceValue::Kind::kStruct, depth);
  } else {
    value = ParseScalar(text);
  }
  if (value.has_value()) value->name = std::string(name);
  return value;
}

}  // namespace

const TraceValue* TraceValue::Find(absl::string_view item_name) const {
  for (const TraceValue& item : items) {
    if (item.name == item_name) return &item;
  }
  return nullptr;
}

std::optional<std::uint64_t> TraceValue::Number() const {
  if (kind != Kind::kScalar && kind != Kind::kDescriptor) return std::nullopt;
  return EvaluateTraceNumber(text);
}

std::optional<std::vector<TraceValue>> ParseTraceValues(absl::string_view text) { return ParseList(text, 0); }

std::optional<std::size_t> FindClosingParenthesis(absl::string_view text) {
  std::size_t position = 0;
  while (true) {
    const std::optional<std::size_t> end = SkipToSeparator(text.substr(position));
    if (!end.has_value() || position + *end >= text.size()) return std::nullopt;
    position += *end;
    if (text[position] == ')') return position;
    if (text[position] != ',') return std::nullopt;
    ++position;
  }
}

}  // namespace memsim::replay
