// Runs fresh random programs against the whole-machine model for as long as asked. See soak.

#include <cstdint>
#include <cstdio>
#include <optional>
#include <random>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

#include "server/base/digest.h"
#include "server/kernel/machine_spec.h"
#include "tests/model/find_failure.h"

namespace memsim {
namespace {

constexpr absl::Duration kBetweenReports = absl::Seconds(10);
constexpr std::uint32_t kMostCpus = MachineSpec::kMaxCpus;

struct Options {
  absl::Duration time = absl::InfiniteDuration();
  std::uint64_t calls = UINT64_MAX;
  std::uint64_t seed = 0;
  std::uint32_t cpus = 0;
};

// Empty, or what is wrong.
std::string ReadOption(absl::string_view name, absl::string_view value, Options& options) {
  const std::string problem = absl::StrCat(name, " is '", value, "'; it must be ");
  if (name == "--for") {
    if (absl::ParseDuration(value, &options.time) && options.time > absl::ZeroDuration()) return "";
    return problem + "a time: 30s, 10m or 2h";
  }
  if (name == "--calls") {
    return absl::SimpleAtoi(value, &options.calls) && options.calls > 0 ? "" : problem + "a number above 0";
  }
  if (name == "--seed") {
    return absl::SimpleAtoi(value, &options.seed) && options.seed > 0 ? "" : problem + "a number above 0";
  }
  if (name == "--cpus") {
    const bool valid = absl::SimpleAtoi(value, &options.cpus) && options.cpus > 0 && options.cpus <= kMostCpus;
    return valid ? "" : absl::StrCat(problem, "1 to ", kMostCpus);
  }
  return absl::StrCat("there is no option '", name, "'; the options are --for, --calls, --seed and --cpus");
}

std::optional<Options> ReadOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string problem =
        i + 1 < argc ? ReadOption(argv[i], argv[i + 1], options) : absl::StrCat(argv[i], " needs a value");
    if (problem.empty()) continue;
    std::fprintf(stderr, "soak: %s\n", problem.c_str());
    return std::nullopt;
  }
  // Small enough to be typed again.
  if (options.seed == 0) options.seed = 1 + std::random_device()() % 1'000'000'000;
  return options;
}

int Soak(const Options& options) {
  const absl::Time start = absl::Now();
  absl::Time next_report = start + kBetweenReports;
  std::uint64_t calls = 0;
  std::uint64_t seed = options.seed;
  // Over all programs: the same seeds, the same digest, in whatever build.
  Digest digest;
  const auto report = [&](const char* state) {
    const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
    std::printf("%s: seeds %llu to %llu, %llu calls in %.0f s, %.0f calls/s, digest %s\n", state,
                static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(calls), seconds, static_cast<double>(calls) / seconds,
                digest.ToHex().c_str());
    std::fflush(stdout);
  };
  std::printf("first seed %llu\n", static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  for (;; ++seed) {
    Outcome outcome;
    const std::optional<std::string> failure = FindFailure(seed, options.cpus, outcome);
    calls += outcome.calls;
    digest.Add(outcome.digests.ToHex());
    if (failure.has_value()) {
      report("disagreement");
      std::printf("seed %llu; the shortest failing program:\n%s", static_cast<unsigned long long>(seed),
                  failure->c_str());
      return 1;
    }
    const absl::Time now = absl::Now();
    if (calls >= options.calls || now >= start + options.time) break;
    if (now < next_report) continue;
    report("so far");
    next_report = now + kBetweenReports;
  }
  report("agreed");
  return 0;
}

}  // namespace
}  // namespace memsim

int main(int argc, char** argv) {
  const std::optional<memsim::Options> options = memsim::ReadOptions(argc, argv);
  return options.has_value() ? memsim::Soak(*options) : 2;
}
