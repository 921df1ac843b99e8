// One seed from its program to what is to be told of it.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_CHECK_SEED_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_CHECK_SEED_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

#include "tests/conformance/differential/host_traits.h"
#include "tests/conformance/differential/side.h"

namespace memsim::differential {

enum class SeedVerdict : std::uint8_t {
  kAgreed,
  // The sides disagree, each time.
  kMismatch,
  // They disagreed once, and then they agreed: something outside of the program decides.
  kUnsteady,
  // This host cannot be compared with on it.
  kPassedOver,
  // A side broke down, or the simulator aborted.
  kBroken,
};

struct SeedReport {
  SeedVerdict verdict = SeedVerdict::kAgreed;
  std::uint64_t steps = 0;
  // What differs and the smallest program that does, as a trace; or what broke. Empty where all agreed.
  std::string text;
};

// The two sides that programs run on.
struct Sides {
  Side& kernel;
  Side& simulated;
};

SeedReport CheckSeed(std::uint64_t seed, const HostTraits& traits, Sides sides);

// The same for a seed on which the simulator aborts: each run is in a child process, on sides of its own.
SeedReport CheckAbortingSeed(std::uint64_t seed, const HostTraits& traits,
                             const std::function<absl::StatusOr<std::unique_ptr<Side>>()>& make_kernel,
                             const std::function<std::unique_ptr<Side>()>& make_simulated);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_CHECK_SEED_H_
