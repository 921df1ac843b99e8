#include "client/replay/trace_line.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "client/library/linux_constants.h"
#include "client/replay/trace_text.h"

namespace memsim::replay {
namespace {

// What a Linux system call can return at most, MAX_ERRNO of include/linux/err.h.
constexpr int kLargestErrno = 4095;
constexpr absl::string_view kUnfinishedMark = "<unfinished ...>";

TraceLine Unknown(absl::string_view reason) {
  TraceLine line;
  line.kind = TraceLine::Kind::kUnknown;
  line.text = std::string(reason);
  return line;
}

bool IsNameLetter(char c) { return absl::ascii_isalnum(c) || c == '_'; }

// Takes the call's name from the front: letters, digits and _, perhaps after an @. Empty: there is none.
std::string ConsumeName(absl::string_view& text) {
  std::size_t length = absl::StartsWith(text, "@") ? 1 : 0;
  while (length < text.size() && IsNameLetter(text[length])) ++length;
  std::string name(text.substr(0, length));
  text.remove_prefix(length);
  return name == "@" ? "" : name;
}

// Takes "1234 " or "[pid  1234] " from the front.
std::optional<std::uint64_t> ConsumePid(absl::string_view& text) {
  absl::string_view rest = text;
  const bool bracketed = absl::ConsumePrefix(&rest, "[pid");
  rest = absl::StripLeadingAsciiWhitespace(rest);
  std::size_t digits = 0;
  while (digits < rest.size() && absl::ascii_isdigit(rest[digits])) ++digits;
  std::uint64_t pid = 0;
  if (!absl::SimpleAtoi(rest.substr(0, digits), &pid)) return std::nullopt;
  rest.remove_prefix(digits);
  if (!absl::ConsumePrefix(&rest, bracketed ? "]" : " ")) return std::nullopt;
  text = absl::StripLeadingAsciiWhitespace(rest);
  return pid;
}

// The errno's number behind "-1 ". nullopt: there is no errno of that name.
std::optional<int> ParseErrorName(absl::string_view text) {
  const std::string name = ConsumeName(text);
  const std::optional<std::uint64_t> number =
      absl::StartsWith(name, "E") ? client::FindConstant(name) : std::optional<std::uint64_t>();
  return number.has_value() ? std::optional<int>(static_cast<int>(*number)) : std::nullopt;
}

// The N of "(errno N)", which strace writes where an errno has no name. nullopt: it is no errno.
std::optional<int> ParseErrorNumber(absl::string_view text) {
  int number = 0;
  if (!absl::ConsumePrefix(&text, "(errno ") || !absl::StrContains(text, ")")) return std::nullopt;
  text = text.substr(0, text.find(')'));
  return absl::SimpleAtoi(text, &number) && number > 0 && number <= kLargestErrno ? std::optional(number)
                                                                                  : std::nullopt;
}

std::optional<TraceResult> ParseResult(absl::string_view text, bool free_text) {
  TraceResult result;
  result.text = std::string(text);
  if (free_text) {
    result.kind = TraceResult::Kind::kText;
    return result;
  }
  if (absl::StartsWith(text, "?")) return result;
  if (absl::StartsWith(text, "-1 E") || absl::StartsWith(text, "-1 (errno ")) {
    text.remove_prefix(3);
    const std::optional<int> error = text[0] == 'E' ? ParseErrorName(text) : ParseErrorNumber(text);
    if (!error.has_value()) return std::nullopt;
    result.kind = TraceResult::Kind::kError;
    result.error_number = *error;
    return result;
  }
  // A number, perhaps with its file, perhaps with a remark in parentheses.
  const std::optional<std::size_t> end = SkipToSeparator(text);
  if (!end.has_value()) return std::nullopt;
  absl::string_view number = text.substr(0, *end);
  if (FindFileName(number) == absl::string_view::npos) number = number.substr(0, number.find(' '));
  const std::optional<std::vector<TraceValue>> values = ParseTraceValues(number);
  if (!values.has_value() || values->size() != 1) return std::nullopt;
  const std::optional<std::uint64_t> value = values->front().Number();
  if (!value.has_value()) return std::nullopt;
  result.kind = TraceResult::Kind::kValue;
  result.value = *value;
  result.path = values->front().path;
  return result;
}

// text is what stands behind the (.
TraceLine ParseCall(std::string name, absl::string_view text) {
  const std::optional<std::size_t> close = FindClosingParenthesis(text);
  if (!close.has_value()) return Unknown("the call's parenthesis is not closed");
  absl::string_view rest = absl::StripLeadingAsciiWhitespace(text.substr(*close + 1));
  if (!absl::ConsumePrefix(&rest, "= ")) return Unknown("no result stands behind the call");
  std::optional<std::vector<TraceValue>> arguments = ParseTraceValues(text.substr(0, *close));
  if (!arguments.has_value()) return Unknown("the call's arguments do not parse");
  std::optional<TraceResult> result =
      ParseResult(absl::StripAsciiWhitespace(rest), /*free_text=*/absl::StartsWith(name, "@"));
  if (!result.has_value()) return Unknown("the call's result is no number and no errno");
  TraceLine line;
  line.kind = TraceLine::Kind::kCall;
  line.text = absl::StrCat(name, "(", text.substr(0, *close), ")");
  line.name = std::move(name);
  line.arguments = *std::move(arguments);
  line.result = *std::move(result);
  return line;
}

// --- SIGSEGV {si_signo=SIGSEGV, …} ---, or --- stopped by SIGTTOU ---
TraceLine ParseSignal(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "--- ") || !absl::EndsWith(text, " ---")) return Unknown("the signal has no end");
  TraceLine line;
  line.kind = TraceLine::Kind::kSignal;
  line.name = ConsumeName(text);
  return absl::StartsWith(line.name, "SIG") ? line : TraceLine();
}

// +++ exited with 0 +++, +++ killed by SIGSEGV (core dumped) +++
TraceLine ParseExit(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "+++ ") || !absl::ConsumeSuffix(&text, " +++")) return Unknown("the exit has no end");
  TraceLine line;
  if (absl::ConsumePrefix(&text, "exited with ")) {
    line.kind = TraceLine::Kind::kExited;
    return absl::SimpleAtoi(text, &line.status) ? line : Unknown("the exit has no status");
  }
  if (absl::ConsumePrefix(&text, "killed by ")) {
    line.kind = TraceLine::Kind::kKilled;
    line.name = ConsumeName(text);
    const std::optional<std::uint64_t> number = client::FindConstant(line.name);
    if (!number.has_value()) return Unknown("killed by no known signal");
    line.status = 128 + static_cast<int>(*number);
    return line;
  }
  // +++ superseded by execve in pid 12 +++
  return absl::StartsWith(text, "superseded") ? TraceLine() : Unknown("no known exit");
}

TraceLine ParseResumed(absl::string_view text) {
  absl::ConsumePrefix(&text, "<... ");
  TraceLine line;
  line.kind = TraceLine::Kind::kResumed;
  line.name = ConsumeName(text);
  text = absl::StripLeadingAsciiWhitespace(text);
  if (line.name.empty() || !absl::ConsumePrefix(&text, "resumed>")) return Unknown("no call is resumed");
  line.text = std::string(text);
  return line;
}

TraceLine ParseBody(absl::string_view text) {
  if (text.empty() || absl::StartsWith(text, "strace: Process ")) return TraceLine();
  if (absl::StartsWith(text, "---")) return ParseSignal(text);
  if (absl::StartsWith(text, "+++")) return ParseExit(text);
  if (absl::StartsWith(text, "<... ")) return ParseResumed(text);
  std::string name = ConsumeName(text);
  if (name.empty() || !absl::ConsumePrefix(&text, "(")) return Unknown("the line is no call, signal or exit");
  if (absl::ConsumeSuffix(&text, kUnfinishedMark)) {
    TraceLine line;
    line.kind = TraceLine::Kind::kUnfinished;
    line.name = std::move(name);
    line.text = std::string(text);
    return line;
  }
  return ParseCall(std::move(name), text);
}

}  // namespace

TraceLine ParseTraceLine(absl::string_view line) {
  if (line.size() > kMaxTraceLineBytes) return Unknown("the line is longer than 1 MiB");
  absl::string_view text = absl::StripTrailingAsciiWhitespace(line);
  if (absl::ConsumePrefix(&text, "#")) {
    TraceLine header;
    header.kind = TraceLine::Kind::kHeader;
    header.text = std::string(absl::StripLeadingAsciiWhitespace(text));
    return header;
  }
  const std::optional<std::uint64_t> pid = ConsumePid(text);
  TraceLine parsed = ParseBody(text);
  parsed.pid = pid;
  return parsed;
}

std::optional<AttachRemark> FindAttachRemark(absl::string_view line) {
  constexpr absl::string_view kBegin = "strace: Process ";
  line = absl::StripTrailingAsciiWhitespace(line);
  const std::size_t begin = line.rfind(kBegin);
  if (begin == absl::string_view::npos) return std::nullopt;
  absl::string_view pid = line.substr(begin + kBegin.size());
  AttachRemark remark;
  if (!absl::ConsumeSuffix(&pid, " attached") || !absl::SimpleAtoi(pid, &remark.pid)) return std::nullopt;
  remark.before = line.substr(0, begin);
  return remark;
}

TraceLine JoinTraceLine(const TraceLine& unfinished, const TraceLine& resumed) {
  TraceLine line = ParseCall(unfinished.name, absl::StrCat(unfinished.text, resumed.text));
  line.pid = unfinished.pid;
  return line;
}

TraceLine EndTraceLine(const TraceLine& unfinished) {
  TraceLine line = ParseCall(unfinished.name, absl::StrCat(unfinished.text, ") = ?"));
  line.pid = unfinished.pid;
  return line;
}

}  // namespace memsim::replay
