#include "tests/conformance/differential/program_run.h"

#include <algorithm>
#include <vector>

#include "tests/conformance/differential/calls.h"

namespace memsim::differential {
namespace {

class ProgramRun {
 public:
  ProgramRun(const Program& program, Side& kernel, Side& simulated)
      : program_(program), kernel_(kernel), simulated_(simulated) {}
  ~ProgramRun() {
    kernel_.End();
    simulated_.End();
  }

  absl::StatusOr<RunReport> Run(const StepWatcher& watch, Comparing comparing) {
    if (absl::Status started = kernel_.Start(program_); !started.ok()) return started;
    if (absl::Status started = simulated_.Start(program_); !started.ok()) return started;
    RunReport report;
    for (std::size_t i = 0; i < program_.steps.size(); ++i) {
      if (!MeansSomething(program_.steps[i])) continue;
      const std::size_t process = living_[program_.steps[i].process % living_.size()];
      StepOutcome on_kernel;
      StepOutcome on_machine;
      if (absl::Status done = DoStep(program_.steps[i], process, on_kernel, on_machine); !done.ok()) return done;
      ++report.steps;
      if (watch) watch(i, process, on_kernel);
      std::string differences = comparing == Comparing::kYes ? Compare(on_kernel, on_machine) : "";
      if (!differences.empty()) {
        report.mismatch = Mismatch{i, std::move(differences)};
        break;
      }
      Follow(program_.steps[i], process, on_kernel);
    }
    return report;
  }

 private:
  bool MeansSomething(const Step& step) const {
    const CallKind kind = Calls()[step.call].kind;
    if (kind == CallKind::kFork) return processes_ < kMaxProcesses;
    return kind != CallKind::kExit || living_.size() > 1;
  }

  // The kernel works while the machine is asked.
  absl::Status DoStep(const Step& step, std::size_t process, StepOutcome& on_kernel, StepOutcome& on_machine) {
    kernel_.BeginStep(step, process, processes_);
    simulated_.BeginStep(step, process, processes_);
    absl::Status done = kernel_.FinishStep(on_kernel);
    done.Update(simulated_.FinishStep(on_machine));
    return done;
  }

  void Follow(const Step& step, std::size_t process, const StepOutcome& outcome) {
    const CallKind kind = Calls()[step.call].kind;
    if (kind == CallKind::kFork && outcome.value >= 0) living_.push_back(processes_++);
    if (kind == CallKind::kExit) std::erase(living_, process);
  }

  const Program& program_;
  Side& kernel_;
  Side& simulated_;
  std::size_t processes_ = 1;
  std::vector<std::size_t> living_{0};
};

}  // namespace

absl::StatusOr<RunReport> RunProgram(const Program& program, Side& kernel, Side& simulated, const StepWatcher& watch,
                                     Comparing comparing) {
  return ProgramRun(program, kernel, simulated).Run(watch, comparing);
}

}  // namespace memsim::differential
