// Programs as traces: what the kernel said to each step, in the format of the traces that stand beside this folder.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_TRACE_TEXT_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_TRACE_TEXT_H_

#include <string>

#include "absl/status/statusor.h"

#include "tests/conformance/differential/side.h"

namespace memsim::differential {

// Steps that access several pages as that many steps, for a trace tells of each access.
Program WithSingleTouches(const Program& program);

// Runs the program on the kernel alone. title: behind "# ", what the trace is.
absl::StatusOr<std::string> RecordTrace(const Program& program, Side& kernel, const std::string& title);

// "mmap(0x100000000000, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)".
std::string PrintStep(const Program& program, const Step& step);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_TRACE_TEXT_H_
