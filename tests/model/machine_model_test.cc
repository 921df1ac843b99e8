// Random programs of all operations on a whole Machine and on its slow model. See README.md.

#include <cstdint>

#include "gtest/gtest.h"

#include "tests/model/machine_program.h"
#include "tests/model/machine_twin.h"
#include "tests/model/seeds.h"
#include "tests/model/shrink.h"

namespace memsim {
namespace {

// About four seconds in a release build.
constexpr std::uint64_t kSeeds = 300;

TEST(MachineModelTest, RandomProgramsAgreeWithTheSlowModel) {
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + Seeds(kSeeds); ++seed) {
    Program program = DrawProgram(seed);
    if (SucceedsInChild([&program] { return Agrees(program); }, false)) continue;
    program.operations = Shrink<Operation>(program.operations, [&program](const std::vector<Operation>& shorter) {
      Program candidate = program;
      candidate.operations = shorter;
      return Agrees(candidate);
    });
    SucceedsInChild([&program] { return Agrees(program); }, false);
    ADD_FAILURE() << "seed " << seed << "; the shortest failing program:\n" << Paste(program);
    return;
  }
}

}  // namespace
}  // namespace memsim
