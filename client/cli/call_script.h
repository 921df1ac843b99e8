// A file of Calls, for memsim run. One a line:
//
//   # comments, and empty lines
//   mmap --length 64KiB --prot rw --store-as 1     the words of the subcommand, without --machine
//   touch --address $1 --page-count 16 --access write
//   {"store_as": 1, "mmap": {"pid": 1, "length_bytes": 65536, "prot": 3, "flags": 34, "fd": -1}}
//
// A line that begins with { is a Call as JSON, to which no defaults apply. Words may be quoted with ' or ".

#ifndef MEMSIM_CLIENT_CLI_CALL_SCRIPT_H_
#define MEMSIM_CLIENT_CLI_CALL_SCRIPT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "memsim/v1/call.pb.h"

namespace memsim::cli {

// About a million lines, all of which are kept; what is longer is probably no file of calls.
inline constexpr std::size_t kMaxCallScriptBytes = std::size_t{64} << 20;

struct ScriptCall {
  // Counted from 1.
  std::size_t line = 0;
  // "mmap".
  std::string operation;
  v1::Call call;
};

// A usage error names the file and the line of the first mistake. A byte order mark at the beginning means nothing.
absl::StatusOr<std::vector<ScriptCall>> ParseCallScript(absl::string_view file_name, absl::string_view text);

// One line of such a file, which is neither empty nor a comment; its number stays 0.
absl::StatusOr<ScriptCall> ParseCallLine(absl::string_view line);

// The words of a line, without a comment. A usage error if a quote is not closed.
absl::StatusOr<std::vector<std::string>> SplitWords(absl::string_view line);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_CALL_SCRIPT_H_
