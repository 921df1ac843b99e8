// The Calls of a random program that the model follows, for whoever sends them in another way.

#ifndef MEMSIM_TESTS_MODEL_CALLED_PROGRAM_H_
#define MEMSIM_TESTS_MODEL_CALLED_PROGRAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "memsim/v1/answer.pb.h"
#include "memsim/v1/call.pb.h"
#include "server/kernel/machine_spec.h"

namespace memsim {

struct CalledProgram {
  // With all defaults filled in.
  MachineSpec spec;
  std::vector<v1::Call> calls;
  // What they were answered one by one, and the digests at the end.
  std::vector<v1::Answer> answers;
  std::string state_digest;
  std::string answer_digest;
};

// cpus: of the machine; 0: as the seed has it. Aborts where the model does not agree.
CalledProgram CallsOfSeed(std::uint64_t seed, std::uint32_t cpus = 0);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_CALLED_PROGRAM_H_
