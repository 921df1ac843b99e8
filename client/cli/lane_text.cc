#include "client/cli/lane_text.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

#include "client/cli/call_script.h"
#include "client/cli/quantities.h"
#include "client/cli/usage_error.h"
#include "client/library/json_text.h"

namespace memsim::cli {
namespace {

// At the semicolons that stand in no quotes.
std::vector<std::string> SplitCalls(absl::string_view text) {
  std::vector<std::string> calls(1);
  char quote = 0;
  for (const char c : text) {
    if (c == ';' && quote == 0) {
      calls.emplace_back();
      continue;
    }
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    }
    calls.back() += c;
  }
  return calls;
}

}  // namespace

absl::Status ParseLane(absl::string_view text, v1::Lane& lane) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  const absl::StatusOr<std::uint64_t> cpu = ParseUnsigned(absl::StripAsciiWhitespace(parts.first));
  if (!cpu.ok() || *cpu > UINT32_MAX) {
    return UsageError("\"", client::Printable(text), "\" is no lane; write CPU: CALL; CALL, as in '0: spawn; spawn'");
  }
  lane.set_cpu(static_cast<std::uint32_t>(*cpu));
  for (const std::string& call : SplitCalls(parts.second)) {
    const absl::string_view line = absl::StripAsciiWhitespace(call);
    if (line.empty()) continue;
    absl::StatusOr<ScriptCall> parsed = ParseCallLine(line);
    if (!parsed.ok()) return parsed.status();
    *lane.add_calls() = std::move(parsed->call);
  }
  return absl::OkStatus();
}

}  // namespace memsim::cli
