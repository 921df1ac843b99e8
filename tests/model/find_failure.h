// One seed of the whole-machine model, in a child process, so that an abort is a failure like any other.

#ifndef MEMSIM_TESTS_MODEL_FIND_FAILURE_H_
#define MEMSIM_TESTS_MODEL_FIND_FAILURE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "tests/model/machine_twin.h"

namespace memsim {

// Runs the program of a seed. If machine and model disagree: what they say on stderr, and the shortest program on which
// they do, as C++ to paste. cpus: of the machine; 0: as the seed has it.
std::optional<std::string> FindFailure(std::uint64_t seed, std::uint32_t cpus, Outcome& outcome);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_FIND_FAILURE_H_
