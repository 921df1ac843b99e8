// A command of memsim: what it is called with, and what it does.

#ifndef MEMSIM_CLIENT_CLI_COMMAND_H_
#define MEMSIM_CLIENT_CLI_COMMAND_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"

#include "client/cli/arguments.h"
#include "client/cli/session.h"

namespace memsim::cli {

// The program's exit codes.
enum class ExitCode {
  kFine = 0,
  // The machine answered with an errno or a signal, or the service refused or did not answer.
  kFailed = 1,
  // What was typed makes no sense.
  kUsage = 2,
  // As a shell tells of a program that SIGINT or SIGTERM ended: 128 and the signal's number.
  kInterrupted = 130,
  kTerminated = 143,
};

struct Command {
  CommandSpec spec;
  // A status is printed by the caller, and decides the exit code.
  std::function<absl::StatusOr<ExitCode>(const Arguments&, Session&)> run;
};

// Every command, in the order in which help lists them. Built once.
const std::vector<Command>& Commands();

// Each file of commands gives its own.
std::vector<Command> MachineCommands();
std::vector<Command> LookCommands();
Command WatchCommand();
Command FreeCommand();
Command LocksCommand();
Command ConstantsCommand();
Command TracepointsCommand();
Command RunCommand();
Command RecordCommand();
Command ReplayCommand();
std::vector<Command> CallCommands();
// The command of the call explain, with what people need not spell out.
Command ExplainCommand(Command call);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_COMMAND_H_
