// What does not exist on the server, answered with the nearest name that does.

#ifndef MEMSIM_CLIENT_CLI_NOT_FOUND_H_
#define MEMSIM_CLIENT_CLI_NOT_FOUND_H_

#include <string>

#include "absl/status/status.h"

#include "client/cli/arguments.h"
#include "client/cli/session.h"

namespace memsim::cli {

// Of MACHINE_NOT_FOUND: the same with the nearest machine that there is, for which it asks the server. Any other status
// as it is.
absl::Status NameNearestMachine(const absl::Status& status, const CommandSpec& command, const Arguments& arguments,
                                Session& session);
// The same of one machine, as it was typed.
absl::Status NameNearestMachine(const absl::Status& status, const std::string& typed, Session& session);

// Of PROC_PATH_NOT_FOUND: the same with the nearest file that the server's machines have. Any other status as it is.
absl::Status NameNearestProcFile(const absl::Status& status, const std::string& path);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_NOT_FOUND_H_
