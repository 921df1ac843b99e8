#include <iterator>
#include <utility>

#include "client/cli/command.h"

namespace memsim::cli {
namespace {

void Append(std::vector<Command> more, std::vector<Command>& commands) {
  std::move(more.begin(), more.end(), std::back_inserter(commands));
}

}  // namespace

// Commands of one section stand together, for help lists them in this order.
const std::vector<Command>& Commands() {
  static const auto* const kCommands = [] {
    auto* const commands = new std::vector<Command>;
    Append(MachineCommands(), *commands);
    Append(LookCommands(), *commands);
    Append({WatchCommand(), FreeCommand(), LocksCommand()}, *commands);
    Append({RunCommand(), RecordCommand(), ReplayCommand()}, *commands);
    Append(CallCommands(), *commands);
    Append({ConstantsCommand(), TracepointsCommand()}, *commands);
    return commands;
  }();
  return *kCommands;
}

}  // namespace memsim::cli
