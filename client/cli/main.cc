// memsim: the command line of the simulated machines.

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/command_line.h"
#include "client/cli/local_server.h"
#include "client/cli/session.h"

namespace {

std::optional<std::string> Environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  const std::vector<std::string> words(argv + 1, argv + argc);
  memsim::cli::Session session({std::cin, std::cout, std::cerr, Environment("MEMSIM_SERVER"),
                                Environment("MEMSIM_MACHINE"), memsim::cli::StartLocalServer});
  return static_cast<int>(memsim::cli::RunCommandLine(words, session));
}
