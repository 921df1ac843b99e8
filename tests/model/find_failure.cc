#include "tests/model/find_failure.h"

#include <sys/mman.h>

#include <vector>

#include "server/base/check.h"
#include "tests/model/machine_program.h"
#include "tests/model/machine_twin.h"
#include "tests/model/shrink.h"

namespace memsim {
namespace {

// A number that a child process tells its parent.
class SharedNumber {
 public:
  SharedNumber() {
    void* memory = mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MEMSIM_CHECK(memory != MAP_FAILED);
    value_ = static_cast<std::uint64_t*>(memory);
  }
  ~SharedNumber() { munmap(value_, sizeof(*value_)); }
  SharedNumber(const SharedNumber&) = delete;
  SharedNumber& operator=(const SharedNumber&) = delete;

  std::uint64_t& value() { return *value_; }

 private:
  std::uint64_t* value_;
};

}  // namespace

std::optional<std::string> FindFailure(std::uint64_t seed, std::uint32_t cpus, std::uint64_t* executed) {
  MachineProgram program = DrawProgram(seed, cpus);
  SharedNumber calls;
  const bool agrees = SucceedsInChild([&] { return Agrees(program, calls.value()); }, false);
  if (executed != nullptr) *executed = calls.value();
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
