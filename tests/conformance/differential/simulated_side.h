// Programs on a simulated machine, as it is used in process.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_SIMULATED_SIDE_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_SIMULATED_SIDE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "server/kernel/machine.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/vm/capability.h"
#include "tests/conformance/differential/side.h"

namespace memsim::differential {

class SimulatedSide : public Side {
 public:
  // A machine of this host's memory and vm.* sysctls.
  static MachineSpec SpecOfHost();

  // The effective ones of this process.
  static CapabilitySet CapabilitiesOfHost();

  // A fresh machine for each program. capabilities: of programs that are privileged.
  explicit SimulatedSide(const MachineSpec& spec, CapabilitySet capabilities = CapabilitySet::All())
      : spec_(spec), capabilities_(capabilities) {}

  // For tests: what every outcome goes through before anybody sees it.
  using Falsify = std::function<void(const Step&, StepOutcome&)>;
  void set_falsify(Falsify falsify) { falsify_ = std::move(falsify); }

  absl::Status Start(const Program& program) override;
  void BeginStep(const Step& step, std::size_t process, std::size_t new_process) override;
  absl::Status FinishStep(StepOutcome& outcome) override;
  void End() override;

 private:
  struct Process {
    // 0: there was none.
    Pid pid;
    bool alive = false;
    std::uint64_t minor_faults = 0;
    std::uint64_t major_faults = 0;
  };

  absl::Status OpenFiles(const Program& program);
  std::int64_t Do(const Step& step, std::size_t process, std::size_t new_process);
  std::int64_t Touch(const Step& step, Pid pid, AccessKind access);
  std::int64_t Fork(Pid parent, std::size_t new_process);
  std::int64_t Wait(Pid parent);
  // A digit for each page of the arena: what mincore says of it; - for one that is not mapped.
  std::string IncoreOf(Pid pid);
  void Observe();

  const MachineSpec spec_;
  const CapabilitySet capabilities_;
  Falsify falsify_;
  std::unique_ptr<Machine> machine_;
  std::array<Process, kMaxProcesses> processes_;
  VirtualAddress arena_start_;
  PageCount arena_;
  // Of the step that was begun, and how many were.
  Step step_;
  std::uint64_t steps_ = 0;
  StepOutcome outcome_;
};

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_SIMULATED_SIDE_H_
