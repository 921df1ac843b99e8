#include "client/record/pid_numbers.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace memsim::record {
namespace {

using Names = absl::string_view;

constexpr std::array<Names, 4> kMakers = {"fork", "vfork", "clone", "clone3"};
// Calls that answer a pid.
constexpr std::array<Names, 6> kAnswerPids = {"wait4", "getpid", "getppid", "gettid", "set_tid_address", "getpgrp"};
// Calls whose first argument is one.
constexpr std::array<Names, 9> kTakePids = {"wait4",   "kill",    "tkill",         "tgkill",    "prlimit64",
                                            "getpgid", "setpgid", "migrate_pages", "move_pages"};

template <std::size_t N>
bool IsIn(const std::array<Names, N>& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Where the result begins. npos: the line has none.
std::size_t ResultOf(absl::string_view text) {
  const std::size_t equals = text.rfind(" = ");
  return equals == absl::string_view::npos ? equals : equals + 3;
}

std::size_t DigitsAt(absl::string_view text, std::size_t begin) {
  std::size_t end = begin;
  while (end < text.size() && absl::ascii_isdigit(text[end])) ++end;
  return end - begin;
}

}  // namespace

PidNumbers::PidNumbers(const std::vector<LogLine>& lines) {
  for (const LogLine& line : lines) {
    See(line.pid);
    if (!IsIn(kMakers, CallName(line.text))) continue;
    const std::size_t result = ResultOf(line.text);
    std::uint64_t child = 0;
    if (result != std::string::npos && absl::SimpleAtoi(line.text.substr(result), &child)) See(child);
  }
}

std::string PidNumbers::RewriteAt(std::size_t begin, absl::string_view text) const {
  std::uint64_t pid = 0;
  const std::size_t digits = DigitsAt(text, begin);
  const auto known = absl::SimpleAtoi(text.substr(begin, digits), &pid) ? numbers_.find(pid) : numbers_.end();
  if (known == numbers_.end()) return std::string(text);
  return absl::StrCat(text.substr(0, begin), known->second, text.substr(begin + digits));
}

std::string PidNumbers::RewriteBehind(absl::string_view before, absl::string_view text) const {
  std::string rewritten(text);
  for (std::size_t at = rewritten.find(before.data(), 0, before.size()); at != std::string::npos;
       at = rewritten.find(before.data(), at + 1, before.size())) {
    rewritten = RewriteAt(at + before.size(), rewritten);
  }
  return rewritten;
}

std::string PidNumbers::Rewrite(absl::string_view text) const {
  const absl::string_view name = CallName(text);
  std::string rewritten(text);
  if (IsIn(kMakers, name) || IsIn(kAnswerPids, name)) {
    if (const std::size_t result = ResultOf(rewritten); result != std::string::npos) {
      rewritten = RewriteAt(result, rewritten);
    }
  }
  // Where a call goes on, its first argument stands on another line.
  if (IsIn(kTakePids, name) && !absl::StartsWith(text, "<")) rewritten = RewriteAt(name.size() + 1, rewritten);
  for (const absl::string_view before : {"/proc/", "parent_tid=[", "si_pid="}) {
    rewritten = RewriteBehind(before, rewritten);
  }
  return rewritten;
}

}  // namespace memsim::record
