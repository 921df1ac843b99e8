// Runs a range of seeds on several processes, one a core.

#ifndef MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_WORKERS_H_
#define MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_WORKERS_H_

#include <cstdint>
#include <functional>

#include "tests/conformance/differential/check_seed.h"

namespace memsim::differential {

struct SeedRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// What a worker process does: made in it, once.
class SeedChecker {
 public:
  virtual ~SeedChecker() = default;
  virtual SeedReport Check(std::uint64_t seed) = 0;
  // For a seed on which Check ended the process.
  virtual SeedReport CheckAborting(std::uint64_t seed) = 0;
};

using MakeSeedChecker = std::function<std::unique_ptr<SeedChecker>()>;
// false: enough has been seen.
using SeedListener = std::function<bool(std::uint64_t seed, const SeedReport& report)>;

// Every seed once, in no order. idle: called about once a second.
void CheckSeeds(SeedRange seeds, std::size_t jobs, const MakeSeedChecker& make_checker, const SeedListener& listener,
                const std::function<void()>& idle);

}  // namespace memsim::differential

#endif  // MEMSIM_TESTS_CONFORMANCE_DIFFERENTIAL_WORKERS_H_
