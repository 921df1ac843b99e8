// What goes to standard error when a command fails.

#ifndef MEMSIM_CLIENT_CLI_PRINT_ERROR_H_
#define MEMSIM_CLIENT_CLI_PRINT_ERROR_H_

#include "absl/status/status.h"

#include "client/cli/command.h"
#include "client/cli/session.h"

namespace memsim::cli {

// Prints the status and, of a usage error, how the command is called; nullptr: of no command. Returns the exit code
// that it means.
ExitCode PrintError(const absl::Status& status, const Command* command, Session& session);

// The same for output that was not taken, as by a full disk.
// REQUIRES: session.out() has failed.
ExitCode PrintUnwritable(Session& session);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_PRINT_ERROR_H_
