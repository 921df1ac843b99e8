// A program under strace.

#ifndef MEMSIM_CLIENT_RECORD_STRACE_RUN_H_
#define MEMSIM_CLIENT_RECORD_STRACE_RUN_H_

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "client/record/child.h"

namespace memsim::record {

// The program of that name in the folders of a PATH, or the file if the name has a slash; absolute. nullopt: there is
// none that may be executed.
std::optional<std::string> FindProgram(absl::string_view name, absl::string_view path);

// Runs a program to its end, and writes what strace saw to the file `log`. SIGINT and SIGQUIT end the program and not
// this process. The program's own exit code is no failure. FAILED_PRECONDITION: there is no strace, or it cannot trace
// here; the message says what to do.
absl::Status RunUnderStrace(const Program& program, const std::string& log);

}  // namespace memsim::record

#endif  // MEMSIM_CLIENT_RECORD_STRACE_RUN_H_
