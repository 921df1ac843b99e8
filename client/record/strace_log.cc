#include "client/record/strace_log.h"

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace memsim::record {
namespace {

constexpr absl::string_view kUnfinished = " <unfinished ...>";
constexpr absl::string_view kResumedBegin = "<... ";
constexpr absl::string_view kResumedEnd = " resumed>";

// "17 mmap(…" or "17  mmap(…".
bool SplitPid(absl::string_view line, LogLine& result) {
  const std::size_t space = line.find(' ');
  if (space == absl::string_view::npos || !absl::SimpleAtoi(line.substr(0, space), &result.pid)) return false;
  result.text = std::string(absl::StripLeadingAsciiWhitespace(line.substr(space)));
  return true;
}

}  // namespace

std::vector<LogLine> ReadStraceLog(std::istream& log) {
  std::vector<LogLine> lines;
  std::map<std::uint64_t, std::string> begun;
  for (std::string text; std::getline(log, text);) {
    LogLine line;
    if (!SplitPid(text, line)) continue;
    absl::string_view rest = line.text;
    line.call = line.text;
    if (absl::ConsumeSuffix(&rest, kUnfinished)) {
      begun[line.pid] = std::string(rest);
    } else if (absl::ConsumePrefix(&rest, kResumedBegin)) {
      const std::size_t end = rest.find(kResumedEnd);
      const auto beginning = begun.find(line.pid);
      if (end != absl::string_view::npos && beginning != begun.end()) {
        line.call = absl::StrCat(beginning->second, rest.substr(end + kResumedEnd.size()));
        begun.erase(beginning);
      }
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

absl::string_view CallName(absl::string_view text) {
  if (absl::ConsumePrefix(&text, kResumedBegin)) {
    const std::size_t end = text.find(kResumedEnd);
    return end == absl::string_view::npos ? absl::string_view() : text.substr(0, end);
  }
  const std::size_t end = text.find('(');
  if (end == absl::string_view::npos || text.substr(0, end).find(' ') != absl::string_view::npos) return "";
  return text.substr(0, end);
}

}  // namespace memsim::record
