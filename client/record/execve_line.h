// What an execve in a log was called with, and how a trace tells of it.

#ifndef MEMSIM_CLIENT_RECORD_EXECVE_LINE_H_
#define MEMSIM_CLIENT_RECORD_EXECVE_LINE_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

#include "client/record/child.h"

namespace memsim::record {

// Of a call "execve("file", ["a", "b"], ["NAME=value"]) = 0". The path is as the program gave it, and there is no
// directory. nullopt: it is another call, or it failed.
std::optional<Program> SucceededExecve(absl::string_view call);

// The line as traces have it: of an environment only the number of its variables, and of bytes that are read and
// written, which may be many and anything, nothing.
std::string ShortLine(absl::string_view text);

}  // namespace memsim::record

#endif  // MEMSIM_CLIENT_RECORD_EXECVE_LINE_H_
