// Help texts, made from what the commands declare.

#ifndef MEMSIM_CLIENT_CLI_HELP_H_
#define MEMSIM_CLIENT_CLI_HELP_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "client/cli/arguments.h"
#include "client/cli/command.h"

namespace memsim::cli {

// What memsim is, every command with its summary, the global flags.
std::string OverviewHelp(const std::vector<Command>& commands);

// The commands of a group, "machine".
std::string GroupHelp(const std::vector<Command>& commands, absl::string_view group);

// One command: usage, description, arguments, flags, examples.
std::string CommandHelp(const CommandSpec& command);

// "memsim watch [MACHINE] [COUNTER…] [FLAGS]".
std::string UsageLine(const CommandSpec& command);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_HELP_H_
