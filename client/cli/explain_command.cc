// memsim explain MACHINE --write: the call, with the machine as a word as in the commands that look into one, and the
// access as a switch.

#include <utility>

#include "client/cli/command.h"
#include "client/cli/usage_error.h"

namespace memsim::cli {

Command ExplainCommand(Command call) {
  call.spec.positionals.push_back(
      {"MACHINE", "The machine, in place of --machine.", Presence::kOptional, Repetition::kOnce});
  call.spec.flags.push_back({"write", "", "Short for --access write."});
  call.spec.flags.push_back({"execute", "", "Short for --access execute."});
  call.spec.examples.push_back("memsim explain demo --pid 1 --address 0x7ffff7dc0000 --write");
  call.run = [run = std::move(call.run)](const Arguments& arguments, Session& session) -> absl::StatusOr<ExitCode> {
    Arguments plain = arguments;
    if (const auto machine = arguments.Positional(0); machine.has_value()) {
      if (arguments.Has("machine")) return UsageError("the machine is named twice: as a word, and by --machine");
      plain.AddFlag("machine", *machine);
    }
    const int accesses = arguments.Has("write") + arguments.Has("execute") + arguments.Has("access");
    if (accesses > 1) return UsageError("one access at a time: --access, --write or --execute");
    if (arguments.Has("write")) plain.AddFlag("access", "write");
    if (arguments.Has("execute")) plain.AddFlag("access", "execute");
    return run(plain, session);
  };
  return call;
}

}  // namespace memsim::cli
