// The machine's only randomness: a generator whose algorithm is part of what a seed means, so it never changes.

#ifndef MEMSIM_SERVER_BASE_RANDOM_H_
#define MEMSIM_SERVER_BASE_RANDOM_H_

#include <cstdint>

#include "server/base/digest.h"

namespace memsim {

// SplitMix64 (Steele, Lea, Flood 2014): one word of state, any seed good, the same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next();
  // Uniform in [0, bound). REQUIRES: bound > 0.
  std::uint64_t Below(std::uint64_t bound);

  void DigestTo(Digest& digest) const { digest.Add(state_); }

 private:
  std::uint64_t state_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_BASE_RANDOM_H_
