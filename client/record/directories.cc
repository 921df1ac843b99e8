#include "client/record/directories.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

#include "client/replay/trace_text.h"

namespace memsim::record {
namespace {

// The name in "AT_FDCWD</home>, …" or "3</tmp>) = 0", from the < on. Empty: it names nothing that is there.
std::string NameIn(absl::string_view text) {
  const std::optional<std::size_t> end = replay::SkipFileName(text, 0);
  if (!end.has_value() || *end < 3 || text[1] != '/') return "";
  return replay::DecodeString(text.substr(1, *end - 2));
}

// Where the process is after a call. Empty: that is not told.
std::string DirectoryAfter(const std::string& here, absl::string_view call) {
  const bool succeeded = absl::EndsWith(call, " = 0");
  if (absl::ConsumePrefix(&call, "chdir(\"")) {
    // The quote before it belongs to the string.
    const absl::string_view quoted(call.data() - 1, call.size() + 1);
    const std::optional<std::size_t> end = replay::SkipString(quoted, 0);
    if (!succeeded || !end.has_value()) return "";
    const std::string path = replay::DecodeString(quoted.substr(1, *end - 2));
    return absl::StartsWith(path, "/") ? path : absl::StrCat(here, "/", path);
  }
  const bool changes = absl::StartsWith(call, "fchdir(");
  const std::size_t begin = changes ? call.find('<') : call.find("AT_FDCWD<");
  if (begin == absl::string_view::npos || (changes && !succeeded)) return "";
  return NameIn(call.substr(call.find('<', begin)));
}

bool MakesProcess(absl::string_view name) {
  return name == "fork" || name == "vfork" || name == "clone" || name == "clone3";
}

}  // namespace

void Directories::Follow(const LogLine& line) {
  std::string& here = of_.try_emplace(line.pid, of_last_parent_).first->second;
  if (std::string after = DirectoryAfter(here, line.call); !after.empty()) here = std::move(after);
  if (!MakesProcess(CallName(line.call))) return;
  // A call that is read whole tells its child, and another may have begun to make one since.
  std::uint64_t child = 0;
  const std::size_t result = line.call.rfind(" = ");
  if (result != std::string::npos && absl::SimpleAtoi(line.call.substr(result + 3), &child)) {
    of_.try_emplace(child, here);
  } else {
    of_last_parent_ = here;
  }
}

}  // namespace memsim::record
