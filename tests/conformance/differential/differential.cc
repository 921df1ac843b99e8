// Random programs on this host's kernel and on simulated machines: all that they see must be equal.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

#include "tests/conformance/differential/check_seed.h"
#include "tests/conformance/differential/host_kernel.h"
#include "tests/conformance/differential/host_traits.h"
#include "tests/conformance/differential/simulated_side.h"
#include "tests/conformance/differential/workers.h"

namespace memsim::differential {
namespace {

constexpr char kHelp[] =
    R"(Random programs of memory calls, each on this host's kernel and on a simulated machine. After every step the result,
the mappings, faults, residency and sizes must be equal. A mismatch is printed with the smallest program that shows it,
as a trace for tests/conformance/traces.

usage: differential [--seeds FIRST..LAST] [--jobs N] [--mismatches N]

  --seeds FIRST..LAST   each seed is a program, the same on every host (1..2000)
  --jobs N              so many at a time (one for each core)
  --mismatches N        end after so many (20)

Exit: 0 all agree, 1 some do not, 2 wrong usage, 77 this host cannot be compared with, and why.

  differential                              the programs of tests/run
  differential --seeds 17..17               one of them again
  nice differential --seeds 1..100000       half an hour
)";
constexpr int kSkipped = 77;
constexpr int kWrongUsage = 2;

struct Options {
  SeedRange seeds{1, 2000};
  std::size_t jobs = std::max(1U, std::thread::hardware_concurrency());
  std::uint64_t mismatches = 20;
};

std::optional<SeedRange> ParseSeeds(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> ends = absl::StrSplit(text, absl::MaxSplits("..", 1));
  SeedRange range;
  if (!absl::SimpleAtoi(ends.first, &range.first) || !absl::SimpleAtoi(ends.second, &range.last)) return std::nullopt;
  if (range.first > range.last) return std::nullopt;
  return range;
}

std::optional<Options> ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const absl::string_view name = argv[i];
    if (i + 1 == argc) return std::nullopt;
    const absl::string_view value = argv[i + 1];
    bool understood = false;
    if (name == "--seeds") {
      const std::optional<SeedRange> seeds = ParseSeeds(value);
      understood = seeds.has_value();
      if (understood) options.seeds = *seeds;
    } else if (name == "--jobs") {
      understood = absl::SimpleAtoi(value, &options.jobs) && options.jobs > 0;
    } else if (name == "--mismatches") {
      understood = absl::SimpleAtoi(value, &options.mismatches) && options.mismatches > 0;
    }
    if (!understood) return std::nullopt;
  }
  return options;
}

std::string LauncherPath() {
  char path[PATH_MAX] = {};
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
  const std::string self(path, static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  return self.substr(0, self.rfind('/') + 1) + "native_launcher";
}

class HostSeedChecker : public SeedChecker {
 public:
  HostSeedChecker() : simulated_(SimulatedSide::SpecOfHost(), SimulatedSide::CapabilitiesOfHost()) {}

  SeedReport Check(std::uint64_t seed) override {
    if (kernel_ == nullptr) {
      absl::StatusOr<std::unique_ptr<HostKernel>> made = HostKernel::Create(LauncherPath());
      if (!made.ok()) return {SeedVerdict::kBroken, 0, absl::StrCat(made.status().ToString(), "\n")};
      kernel_ = *std::move(made);
    }
    SeedReport report = CheckSeed(seed, traits_, {*kernel_, simulated_});
    // What broke may stay broken.
    if (report.verdict == SeedVerdict::kBroken) kernel_ = nullptr;
    return report;
  }

  SeedReport CheckAborting(std::uint64_t seed) override {
    return CheckAbortingSeed(
        seed, traits_, [] { return HostKernel::Create(LauncherPath()); },
        [] {
          return std::make_unique<SimulatedSide>(SimulatedSide::SpecOfHost(), SimulatedSide::CapabilitiesOfHost());
        });
  }

 private:
  const HostTraits traits_ = HostTraits::OfHost();
  std::unique_ptr<HostKernel> kernel_;
  SimulatedSide simulated_;
};

class Tally {
 public:
  explicit Tally(const Options& options) : options_(options) {}

  bool Add(std::uint64_t seed, const SeedReport& report) {
    ++programs_;
    steps_ += report.steps;
    if (report.verdict == SeedVerdict::kPassedOver) ++passed_over_;
    if (report.verdict == SeedVerdict::kUnsteady) ++unsteady_;
    const bool wrong = report.verdict == SeedVerdict::kMismatch || report.verdict == SeedVerdict::kBroken;
    if (wrong) ++wrong_;
    if (!report.text.empty()) {
      std::printf("%s seed %llu: %s\n", wrong ? "MISMATCH" : "unsteady", static_cast<unsigned long long>(seed),
                  report.text.c_str());
      std::fflush(stdout);
    }
    return wrong_ < options_.mismatches;
  }

  void PrintProgress() {
    constexpr std::chrono::seconds kInterval(10);
    const auto now = std::chrono::steady_clock::now();
    if (now - told_ < kInterval) return;
    told_ = now;
    PrintSummary();
  }

  void PrintSummary() const {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    const auto n = [](std::uint64_t number) { return static_cast<unsigned long long>(number); };
    std::printf(
        "%llu of %llu programs, %llu steps, %llu differ, %llu unsteady, %llu not comparable here; %.0f programs a "
        "second\n",
        n(programs_), n(options_.seeds.last - options_.seeds.first + 1), n(steps_), n(wrong_), n(unsteady_),
        n(passed_over_), static_cast<double>(programs_) / seconds);
    std::fflush(stdout);
  }

  bool AllAgree() const { return wrong_ == 0; }

 private:
  const Options& options_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point told_ = began_;
  std::uint64_t programs_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t wrong_ = 0;
  std::uint64_t unsteady_ = 0;
  std::uint64_t passed_over_ = 0;
};

int Run(const Options& options) {
  absl::Status host = CheckHostKernel();
  if (host.ok()) host = HostKernel::Create(LauncherPath()).status();
  if (!host.ok()) {
    std::printf("skipped: %s\n", std::string(host.message()).c_str());
    return kSkipped;
  }
  Tally tally(options);
  CheckSeeds(
      options.seeds, options.jobs, [] { return std::make_unique<HostSeedChecker>(); },
      [&](std::uint64_t seed, const SeedReport& report) { return tally.Add(seed, report); },
      [&] { tally.PrintProgress(); });
  tally.PrintSummary();
  return tally.AllAgree() ? 0 : 1;
}

int Main(int argc, char** argv) {
  if (argc == 2 && (absl::string_view(argv[1]) == "--help" || absl::string_view(argv[1]) == "-h")) {
    std::fputs(kHelp, stdout);
    return 0;
  }
  const std::optional<Options> options = ParseOptions(argc, argv);
  if (!options.has_value()) {
    std::fputs(kHelp, stderr);
    return kWrongUsage;
  }
  return Run(*options);
}

}  // namespace
}  // namespace memsim::differential

int main(int argc, char** argv) { return memsim::differential::Main(argc, argv); }
