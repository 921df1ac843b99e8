#include "tests/model/find_failure.h"

#include <sys/mman.h>

#include <new>
#include <vector>

#include "server/base/check.h"
#include "tests/model/machine_program.h"
#include "tests/model/shrink.h"

namespace memsim {
namespace {

// What a child process tells its parent.
class SharedOutcome {
 public:
  SharedOutcome() {
    void* memory = mmap(nullptr, sizeof(Outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MEMSIM_CHECK(memory != MAP_FAILED);
    outcome_ = new (memory) Outcome;
  }
  ~SharedOutcome() { munmap(outcome_, sizeof(Outcome)); }
  SharedOutcome(const SharedOutcome&) = delete;
  SharedOutcome& operator=(const SharedOutcome&) = delete;

  Outcome& operator*() { return *outcome_; }

 private:
  Outcome* outcome_;
};

}  // namespace

std::optional<std::string> FindFailure(std::uint64_t seed, std::uint32_t cpus, Outcome& outcome) {
  MachineProgram program = DrawProgram(seed, cpus);
  SharedOutcome shared;
  const bool agrees = SucceedsInChild([&] { return Agrees(program, *shared); }, false);
  outcome = *shared;
  if (agrees) return std::nullopt;
  program.operations =
      Shrink<MachineOperation>(program.operations, [&program](const std::vector<MachineOperation>& shorter) {
        MachineProgram candidate = program;
        candidate.operations = shorter;
        return Agrees(candidate);
      });
  SucceedsInChild([&program] { return Agrees(program); }, false);
  return Paste(program);
}

}  // namespace memsim
