// How many random programs a test runs. See README.md.

#ifndef MEMSIM_TESTS_MODEL_SEEDS_H_
#define MEMSIM_TESTS_MODEL_SEEDS_H_

#include <cstdint>
#include <cstdlib>

namespace memsim {

inline std::uint64_t NumberFromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* number = std::getenv(name);
  return number == nullptr ? otherwise : std::strtoull(number, nullptr, 10);
}

// MEMSIM_MODEL_SEEDS, or what takes seconds.
inline std::uint64_t Seeds(std::uint64_t otherwise) { return NumberFromEnvironment("MEMSIM_MODEL_SEEDS", otherwise); }

// MEMSIM_MODEL_FIRST_SEED: to go on where another run ended, or to repeat a failure.
inline std::uint64_t FirstSeed() { return NumberFromEnvironment("MEMSIM_MODEL_FIRST_SEED", 1); }

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SEEDS_H_
