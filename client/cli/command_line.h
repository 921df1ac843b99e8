// The whole program but its process: words in, exit code out.

#ifndef MEMSIM_CLIENT_CLI_COMMAND_LINE_H_
#define MEMSIM_CLIENT_CLI_COMMAND_LINE_H_

#include <string>

#include "absl/types/span.h"

#include "client/cli/command.h"
#include "client/cli/session.h"

namespace memsim::cli {

// Runs what the words (without the program's name) ask for. Errors are written to session.err().
ExitCode RunCommandLine(absl::Span<const std::string> words, Session& session);

// The command whose name the words begin with, and how many words that took. A usage error names the nearest command;
// nullptr with an OK status: the words are a group's name alone, or there are none.
struct FoundCommand {
  const Command* command = nullptr;
  std::size_t word_count = 0;
};
absl::StatusOr<FoundCommand> FindCommand(absl::Span<const std::string> words);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_COMMAND_LINE_H_
