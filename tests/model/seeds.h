// How many random programs a test runs. See README.md.

#ifndef MEMSIM_TESTS_MODEL_SEEDS_H_
#define MEMSIM_TESTS_MODEL_SEEDS_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"

namespace memsim {

inline std::uint64_t NumberFromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr) return otherwise;
  std::uint64_t number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  std::fprintf(stderr, "%s is '%s'; it must be a number\n", name, text);
  std::exit(2);
}

// MEMSIM_MODEL_SEEDS, or what takes seconds.
inline std::uint64_t Seeds(std::uint64_t otherwise) { return NumberFromEnvironment("MEMSIM_MODEL_SEEDS", otherwise); }

// MEMSIM_MODEL_FIRST_SEED: to go on where another run ended, or to repeat a failure.
inline std::uint64_t FirstSeed() { return NumberFromEnvironment("MEMSIM_MODEL_FIRST_SEED", 1); }

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SEEDS_H_
