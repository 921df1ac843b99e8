// Makes a program on which the two sides disagree as small as it gets.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_SHRINK_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_SHRINK_H_

#include <functional>

#include "tests/conformance/differential/program.h"

namespace memsim::differential {

// Leaves out steps and files, and simplifies arguments, until nothing that is left can be made smaller alone and still
// fails. fails: whether the sides disagree on a program. REQUIRES: fails(program).
Program Shrink(Program program, const std::function<bool(const Program&)>& fails);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_SHRINK_H_
