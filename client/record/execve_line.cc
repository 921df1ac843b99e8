#include "client/record/execve_line.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "client/record/strace_log.h"
#include "client/replay/trace_text.h"

namespace memsim::record {
namespace {

// Longer strings of data than strace's own default are left out.
constexpr std::size_t kMaxDataBytes = 32;

bool HasData(absl::string_view call) {
  constexpr std::array<absl::string_view, 12> kNames = {"read",   "write",    "pread64", "pwrite64",
                                                        "readv",  "writev",   "preadv",  "pwritev",
                                                        "sendto", "recvfrom", "sendmsg", "recvmsg"};
  return std::find(kNames.begin(), kNames.end(), call) != kNames.end();
}

// Where each argument of an execve begins and ends.
struct Parts {
  absl::string_view path;
  absl::string_view arguments;
  // With its brackets; empty: strace shows only where it is.
  absl::string_view environment;
};

std::optional<Parts> SplitExecve(absl::string_view text) {
  if (!absl::ConsumePrefix(&text, "execve(")) return std::nullopt;
  Parts parts;
  if (!absl::StartsWith(text, "\"")) return std::nullopt;
  const std::optional<std::size_t> path_end = replay::SkipString(text, 0);
  if (!path_end.has_value()) return std::nullopt;
  parts.path = text.substr(0, *path_end);
  text.remove_prefix(*path_end);
  if (!absl::ConsumePrefix(&text, ", ") || !absl::StartsWith(text, "[")) return std::nullopt;
  const std::optional<std::size_t> arguments_end = replay::SkipBracketed(text, 0);
  if (!arguments_end.has_value()) return std::nullopt;
  parts.arguments = text.substr(0, *arguments_end);
  text.remove_prefix(*arguments_end);
  if (!absl::ConsumePrefix(&text, ", ") || !absl::StartsWith(text, "[")) return parts;
  if (const auto end = replay::SkipBracketed(text, 0); end.has_value()) parts.environment = text.substr(0, *end);
  return parts;
}

std::string Unquoted(absl::string_view quoted) { return replay::DecodeString(quoted.substr(1, quoted.size() - 2)); }

// The strings in "["a", "b"]"; what strace cut off is missing.
std::vector<std::string> Strings(absl::string_view list) {
  std::vector<std::string> strings;
  for (std::size_t quote = list.find('"'); quote != absl::string_view::npos;) {
    const std::optional<std::size_t> end = replay::SkipString(list, quote);
    if (!end.has_value()) break;
    strings.push_back(Unquoted(list.substr(quote, *end - quote)));
    quote = list.find('"', *end);
  }
  return strings;
}

std::string WithoutData(absl::string_view text) {
  std::string shorter;
  while (true) {
    const std::size_t quote = text.find('"');
    const std::optional<std::size_t> end =
        quote == absl::string_view::npos ? std::nullopt : replay::SkipString(text, quote);
    if (!end.has_value()) return absl::StrCat(shorter, text);
    const bool is_long = *end - quote > kMaxDataBytes;
    absl::StrAppend(&shorter, text.substr(0, quote), is_long ? "\"\"..." : text.substr(quote, *end - quote));
    text.remove_prefix(*end);
    if (is_long) absl::ConsumePrefix(&text, "...");
  }
}

}  // namespace

std::optional<Program> SucceededExecve(absl::string_view call) {
  if (!absl::EndsWith(call, " = 0")) return std::nullopt;
  const std::optional<Parts> parts = SplitExecve(call);
  if (!parts.has_value()) return std::nullopt;
  Program program;
  program.path = Unquoted(parts->path);
  program.arguments = Strings(parts->arguments);
  program.environment = Strings(parts->environment);
  // Linux gives a program that gets no argument an empty one.
  if (program.arguments.empty()) program.arguments.emplace_back();
  return program;
}

std::string ShortLine(absl::string_view text) {
  if (HasData(CallName(text))) return WithoutData(text);
  const std::optional<Parts> parts = SplitExecve(text);
  if (!parts.has_value() || parts->environment.empty()) return std::string(text);
  const std::size_t count = Strings(parts->environment).size();
  const auto begin = static_cast<std::size_t>(parts->environment.data() - text.data());
  return absl::StrCat(text.substr(0, begin), "[/* ", count, count == 1 ? " var" : " vars", " */]",
                      text.substr(begin + parts->environment.size()));
}

}  // namespace memsim::record
