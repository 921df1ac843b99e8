#include "tests/model/called_program.h"

#include "server/base/check.h"
#include "tests/model/machine_twin.h"

namespace memsim {

CalledProgram CallsOfSeed(std::uint64_t seed, std::uint32_t cpus) {
  const MachineProgram program = DrawProgram(seed, cpus);
  MachineTwin twin(program);
  MEMSIM_CHECK(RunAll(twin, program).empty(), seed);
  const CalledMachine& called = twin.machine();
  return {called.machine().spec(), called.calls(), called.answers(), called.machine().StateDigest(),
          called.machine().AnswerDigest()};
}

}  // namespace memsim
