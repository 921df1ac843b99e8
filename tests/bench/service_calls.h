// The calls with which memsimd and the empty echo service are compared, and answers of the size that a machine gives.

#ifndef MEMSIM_TESTS_BENCH_SERVICE_CALLS_H_
#define MEMSIM_TESTS_BENCH_SERVICE_CALLS_H_

#include <cstdint>
#include <vector>

#include "memsim/v1/answer.pb.h"
#include "memsim/v1/call.pb.h"
#include "proto/operations.h"

namespace memsim::bench {

inline constexpr int kCallsPerBatch = 1'000;

// The paths that both servers serve.
inline constexpr char kExecuteBatchPath[] = "/memsim.v1.ExecutionService/ExecuteBatch";
inline constexpr char kExecutePath[] = "/memsim.v1.ExecutionService/Execute";

// What is called over and over, each round leaving the machine as it was. kPages: a page is allocated and freed, the
// least that a call can do and be of use. kMemory: a page is mapped, stored to, and unmapped.
enum class Mix { kPages, kMemory };

// One round, in a machine's process `pid`; what a call gives, the next ones find in `slot`.
std::vector<v1::Call> Round(Mix mix, std::uint32_t pid, std::uint32_t slot);

// As many rounds as a batch holds, and the rest with calls that do nothing.
std::vector<v1::Call> Batch(Mix mix, std::uint32_t pid, std::uint32_t slot);

// REQUIRES: the call has one.
const Operation& OperationOf(const v1::Call& call);

// Fills an empty answer as a machine would that has executed `sequence` calls, but for what the numbers say.
void FillLikeAMachine(v1::Call::OperationCase operation, std::uint64_t sequence, v1::Answer& answer);

}  // namespace memsim::bench

#endif  // MEMSIM_TESTS_BENCH_SERVICE_CALLS_H_
