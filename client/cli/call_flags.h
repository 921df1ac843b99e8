// One subcommand per Call, derived from the Call descriptor: its flags, and the Call that a command line means.

#ifndef MEMSIM_CLIENT_CLI_CALL_FLAGS_H_
#define MEMSIM_CLIENT_CLI_CALL_FLAGS_H_

#include "absl/status/statusor.h"

#include "client/cli/arguments.h"
#include "memsim/v1/call.pb.h"
#include "proto/operations.h"

namespace memsim::cli {

// Name, help, flags and examples of the operation's subcommand, without those flags that say where a call runs
// (--machine …).
CommandSpec CallCommandSpec(const Operation& operation);

// The Call that the arguments mean, store_as included. What a person left out has the values of call_hints.h; a process
// is pid 1, init.
absl::StatusOr<v1::Call> CallFromArguments(const Operation& operation, const Arguments& arguments);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_CALL_FLAGS_H_
