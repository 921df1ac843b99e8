// Random Calls, drawn from the messages' own descriptors: an operation that is added to the API is drawn too.

#ifndef MEMSIM_TESTS_MODEL_RANDOM_CALLS_H_
#define MEMSIM_TESTS_MODEL_RANDOM_CALLS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "memsim/v1/call.pb.h"
#include "server/base/random.h"
#include "server/kernel/machine.h"

namespace memsim {

// Mostly something that a program could mean: few processes, an arena of 64 pages, the constants of Linux. Sometimes
// anything. Half of them name a CPU; one in twenty runs on several at the same time.
v1::Call DrawCall(Random& random);

// Six processes, the first of them (pid 2) with a program, in one seed of three of mappings that execve names, and
// sixteen pages at 2^44, and then random calls.
std::vector<v1::Call> DrawCalls(std::uint64_t seed, int count);

// What somebody sends who knows nothing, or whose line is bad: random bytes, and valid calls with wrong bits. Only what
// the decoder takes for a Call.
std::vector<v1::Call> DrawDamagedCalls(std::uint64_t seed, int count);

// Any spec that MachineSpec::Validate takes, often at one of its limits, and now and then beyond.
MachineSpec DrawSpec(Random& random, ByteCount most_memory);

// A small machine, mostly of 4 or 64 CPUs; its spec depends on the seed.
std::unique_ptr<Machine> MachineOfSeed(std::uint64_t seed);

// The calls as C++ that can be pasted as a test.
std::string Paste(std::uint64_t seed, const std::vector<v1::Call>& calls);
// The calls that Paste printed.
std::vector<v1::Call> ParseCalls(const std::vector<std::string>& texts);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_RANDOM_CALLS_H_
