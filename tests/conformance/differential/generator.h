// Draws programs. A seed means the same program on every host.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_GENERATOR_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_GENERATOR_H_

#include <cstdint>

#include "tests/conformance/differential/program.h"

namespace memsim::differential {

Program DrawProgram(std::uint64_t seed);

// Whether a step would work on what drives the program: such a step is in no program.
bool HitsRegion(const Step& step);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_GENERATOR_H_
