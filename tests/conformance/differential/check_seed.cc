#include "tests/conformance/differential/check_seed.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"

#include "tests/conformance/differential/generator.h"
#include "tests/conformance/differential/program_run.h"
#include "tests/conformance/differential/shrink.h"
#include "tests/conformance/differential/trace_text.h"

namespace memsim::differential {
namespace {

// A mismatch is one if it is there so many times in a row.
constexpr int kRepetitions = 3;

bool Disagrees(const Program& program, Sides sides) {
  for (int i = 0; i < kRepetitions; ++i) {
    const absl::StatusOr<RunReport> report = RunProgram(program, sides.kernel, sides.simulated);
    if (!report.ok() || !report->mismatch.has_value()) return false;
  }
  return true;
}

std::string Title(std::uint64_t seed) { return absl::StrCat("found by the differential test with seed ", seed); }

std::string DescribeMismatch(const Program& program, Sides sides) {
  const absl::StatusOr<RunReport> report = RunProgram(program, sides.kernel, sides.simulated);
  if (!report.ok() || !report->mismatch.has_value()) return "the smallest program agrees\n";
  const Step& step = program.steps[report->mismatch->step];
  std::string text =
      absl::StrCat(PrintStep(program, step), " by process ", step.process, "\n", report->mismatch->differences);
  const absl::StatusOr<std::string> trace = RecordTrace(program, sides.kernel, Title(program.seed));
  absl::StrAppend(&text, trace.ok() ? *trace : trace.status().ToString());
  return text;
}

}  // namespace

SeedReport CheckSeed(std::uint64_t seed, const HostTraits& traits, Sides sides) {
  const Program program = FitToHost(DrawProgram(seed), traits);
  if (!IsComparable(program, traits)) return {SeedVerdict::kPassedOver, 0, ""};
  const absl::StatusOr<RunReport> report = RunProgram(program, sides.kernel, sides.simulated);
  if (!report.ok()) return {SeedVerdict::kBroken, 0, absl::StrCat(report.status().ToString(), "\n")};
  if (!report->mismatch.has_value()) return {SeedVerdict::kAgreed, report->steps, ""};
  if (!Disagrees(program, sides)) {
    return {
        SeedVerdict::kUnsteady, report->steps,
        absl::StrCat(PrintStep(program, program.steps[report->mismatch->step]), "\n", report->mismatch->differences)};
  }
  const Program smallest = Shrink(program, [&](const Program& candidate) { return Disagrees(candidate, sides); });
  return {SeedVerdict::kMismatch, report->steps, DescribeMismatch(smallest, sides)};
}

SeedReport CheckAbortingSeed(std::uint64_t seed, const HostTraits& traits,
                             const std::function<absl::StatusOr<std::unique_ptr<Side>>()>& make_kernel,
                             const std::function<std::unique_ptr<Side>()>& make_simulated) {
  const auto aborts = [&](const Program& program) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      const absl::StatusOr<std::unique_ptr<Side>> kernel = make_kernel();
      if (!kernel.ok()) _exit(1);
      _exit(RunProgram(program, **kernel, *make_simulated()).ok() ? 0 : 1);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status);
  };
  const Program program = FitToHost(DrawProgram(seed), traits);
  if (!aborts(program)) return {SeedVerdict::kUnsteady, 0, "the simulator aborted, but not again\n"};
  const Program smallest = Shrink(program, aborts);
  std::string text = "the simulator aborts\n";
  if (const absl::StatusOr<std::unique_ptr<Side>> kernel = make_kernel(); kernel.ok()) {
    const absl::StatusOr<std::string> trace = RecordTrace(smallest, **kernel, Title(seed));
    absl::StrAppend(&text, trace.ok() ? *trace : trace.status().ToString());
  }
  return {SeedVerdict::kBroken, 0, text};
}

}  // namespace memsim::differential
