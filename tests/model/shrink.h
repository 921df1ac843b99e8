// Running random programs against a model, and shortening those that fail.
//
// A program is a list of operations that is valid whatever is left out of it. It runs in a child process, so that a
// check that aborts is a failure like any other and can be shrunk too.

#ifndef MEMSIM_TESTS_MODEL_SHRINK_H_
#define MEMSIM_TESTS_MODEL_SHRINK_H_

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <vector>

namespace memsim {

// True if run() returned true in a child process; false if it returned false or died. quiet: what it prints is dropped.
inline bool SucceedsInChild(const std::function<bool()>& run, bool quiet) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (quiet && std::freopen("/dev/null", "w", stderr) == nullptr) _exit(2);
    _exit(run() ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Leaves out runs of operations, from halves down to single ones, as long as the program still fails; and begins again
// as long as that helps, for what an operation means may depend on those before it.
template <typename Operation>
std::vector<Operation> Shrink(std::vector<Operation> program,
                              const std::function<bool(const std::vector<Operation>&)>& succeeds) {
  const std::size_t length_before = program.size();
  for (std::size_t length = program.size() / 2; length > 0; length /= 2) {
    for (std::size_t begin = 0; begin + length <= program.size();) {
      std::vector<Operation> shorter(program.begin(), program.begin() + begin);
      shorter.insert(shorter.end(), program.begin() + begin + length, program.end());
      if (SucceedsInChild([&] { return succeeds(shorter); }, true)) {
        begin += length;
      } else {
        program = shorter;
      }
    }
  }
  return program.size() == length_before ? program : Shrink(program, succeeds);
}

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SHRINK_H_
