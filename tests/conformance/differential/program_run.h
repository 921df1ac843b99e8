// Runs a program on both sides, step by step, and compares.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_PROGRAM_RUN_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_PROGRAM_RUN_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

#include "tests/conformance/differential/side.h"

namespace memsim::differential {

struct Mismatch {
  // In the program.
  std::size_t step = 0;
  // A line for each thing that differs.
  std::string differences;
};

struct RunReport {
  // nullopt: all agreed.
  std::optional<Mismatch> mismatch;
  // That were done, until the mismatch.
  std::size_t steps = 0;
};

// Sees each step that was done: by which process, and what the kernel said.
using StepWatcher = std::function<void(std::size_t step, std::size_t process, const StepOutcome& kernel)>;

enum class Comparing : bool { kNo, kYes };

// An error: a side broke down. Steps that mean nothing are passed over: a fork when no process may be added, an exit of
// the last one.
absl::StatusOr<RunReport> RunProgram(const Program& program, Side& kernel, Side& simulated,
                                     const StepWatcher& watch = nullptr, Comparing comparing = Comparing::kYes);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_PROGRAM_RUN_H_
