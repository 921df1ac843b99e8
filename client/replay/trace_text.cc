#include "client/replay/trace_text.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace memsim::replay {
namespace {

bool IsOpening(char c) { return c == '(' || c == '[' || c == '{'; }
bool IsClosing(char c) { return c == ')' || c == ']' || c == '}'; }

char ClosingOf(char opening) { return opening == '(' ? ')' : opening == '[' ? ']' : '}'; }

bool IsOctal(char c) { return c >= '0' && c <= '7'; }

int HexDigit(char c) { return absl::ascii_isdigit(c) ? c - '0' : absl::ascii_tolower(c) - 'a' + 10; }

bool BeginsFileName(absl::string_view text, std::size_t at) {
  if (text[at] != '<' || at == 0 || at + 1 == text.size()) return false;
  if (text[at + 1] == '<' || text[at + 1] == '=' || text[at + 1] == ' ') return false;
  return absl::ascii_isdigit(text[at - 1]) || absl::EndsWith(text.substr(0, at), "AT_FDCWD");
}

// Reads the escape that follows a backslash at position, which moves behind it.
char DecodeEscape(absl::string_view quoted, std::size_t& position) {
  const char letter = quoted[position++];
  switch (letter) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'v':
      return '\v';
    case 'f':
      return '\f';
    case 'x': {
      int value = 0;
      for (int digits = 0; digits < 2 && position < quoted.size() && absl::ascii_isxdigit(quoted[position]); ++digits) {
        value = value * 16 + HexDigit(quoted[position++]);
      }
      return static_cast<char>(value);
    }
    default:
      break;
  }
  if (!IsOctal(letter)) return letter;
  int value = letter - '0';
  for (int digits = 1; digits < 3 && position < quoted.size() && IsOctal(quoted[position]); ++digits) {
    value = value * 8 + (quoted[position++] - '0');
  }
  return static_cast<char>(value);
}

}  // namespace

std::optional<std::size_t> SkipString(absl::string_view text, std::size_t begin) {
  for (std::size_t at = begin + 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      return at + 1;
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> SkipFileName(absl::string_view text, std::size_t begin) {
  std::size_t open = 0;
  for (std::size_t at = begin; at < text.size(); ++at) {
    if (text[at] == '<') ++open;
    if (text[at] == '>' && --open == 0) return at + 1;
  }
  return std::nullopt;
}

std::optional<std::size_t> SkipBracketed(absl::string_view text, std::size_t begin) {
  // A stack of the closers awaited, instead of recursion: any line may come, and a line may be all brackets.
  std::string awaited;
  std::size_t at = begin;
  while (at < text.size()) {
    if (text[at] == '"') {
      const std::optional<std::size_t> end = SkipString(text, at);
      if (!end.has_value()) return std::nullopt;
      at = *end;
      continue;
    }
    if (BeginsFileName(text, at)) {
      const std::optional<std::size_t> end = SkipFileName(text, at);
      if (!end.has_value()) return std::nullopt;
      at = *end;
      continue;
    }
    if (text.substr(at, 2) == "/*") {
      const std::size_t end = text.find("*/", at + 2);
      if (end == absl::string_view::npos) return std::nullopt;
      at = end + 2;
      continue;
    }
    if (IsOpening(text[at])) awaited.push_back(ClosingOf(text[at]));
    if (awaited.size() > kMaxOpenBrackets) return std::nullopt;
    if (IsClosing(text[at])) {
      if (awaited.empty() || awaited.back() != text[at]) return std::nullopt;
      awaited.pop_back();
    }
    ++at;
    if (awaited.empty()) return at;
  }
  return std::nullopt;
}

std::optional<std::size_t> SkipToSeparator(absl::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::optional<std::size_t> end = at + 1;
    if (text[at] == ',' || IsClosing(text[at])) return at;
    if (text[at] == '"') {
      end = SkipString(text, at);
    } else if (IsOpening(text[at])) {
      end = SkipBracketed(text, at);
    } else if (BeginsFileName(text, at)) {
      end = SkipFileName(text, at);
    } else if (text.substr(at, 2) == "/*") {
      const std::size_t close = text.find("*/", at + 2);
      end = close == absl::string_view::npos ? std::nullopt : std::optional<std::size_t>(close + 2);
    } else if (text.substr(at, 2) == "<<") {
      end = at + 2;
    }
    if (!end.has_value()) return std::nullopt;
    at = *end;
  }
  return at;
}

std::size_t FindFileName(absl::string_view text) {
  for (std::size_t at = text.find('<'); at != absl::string_view::npos; at = text.find('<', at + 1)) {
    if (BeginsFileName(text, at)) return at;
    if (text.substr(at, 2) == "<<") ++at;
  }
  return absl::string_view::npos;
}

std::string DecodeString(absl::string_view quoted) {
  std::string decoded;
  decoded.reserve(quoted.size());
  for (std::size_t at = 0; at < quoted.size();) {
    if (quoted[at] != '\\' || at + 1 == quoted.size()) {
      decoded.push_back(quoted[at++]);
      continue;
    }
    ++at;
    decoded.push_back(DecodeEscape(quoted, at));
  }
  return decoded;
}

}  // namespace memsim::replay
