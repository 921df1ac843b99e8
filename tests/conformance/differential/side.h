// One of the two that programs run on: the host's kernel, or a simulated machine.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_SIDE_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_SIDE_H_

#include <cstddef>

#include "absl/status/status.h"

#include "tests/conformance/differential/observation.h"
#include "tests/conformance/differential/program.h"

namespace memsim::differential {

// A program's processes have numbers: 0 at first, then those that DoStep tells to make.
class Side {
 public:
  virtual ~Side() = default;

  // Its files, and its first process. UNAVAILABLE: this side cannot run programs here, and why.
  virtual absl::Status Start(const Program& program) = 0;
  // Begins a step of the process; new_process: the number of the one that it forks, if it does.
  virtual void BeginStep(const Step& step, std::size_t process, std::size_t new_process) = 0;
  // What came of the step that was begun. An error: this side broke down, which says nothing about any rule.
  virtual absl::Status FinishStep(StepOutcome& outcome) = 0;
  // Ends all processes, and forgets the files.
  virtual void End() = 0;
};

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_SIDE_H_
