// What calls and batches of them may be at most, as the comments of call.proto and execution_service.proto tell.
//
// tests/style/api_test.cc holds these numbers against the server's own, and against those comments.

#ifndef MEMSIM_PROTO_CALL_LIMITS_H_
#define MEMSIM_PROTO_CALL_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace memsim {

// The slots of a machine are numbered from 1 to this one (Call.store_as).
inline constexpr std::uint32_t kMaxSlot = 65535;

// ExecuteBatchRequest.calls and those of their lanes; ConcurrentRequest.lanes.
inline constexpr std::size_t kMaxBatchCalls = 10'000;

// StoreRequest.data, WriteRequest.data, LoadRequest.length_bytes and ReadRequest.length_bytes.
inline constexpr std::size_t kMaxTransferBytes = 16384;

// AdvanceTimeRequest.duration_ns: a year.
inline constexpr std::uint64_t kMaxAdvanceNs = std::uint64_t{365} * 24 * 3600 * 1'000'000'000;

}  // namespace memsim

#endif  // MEMSIM_PROTO_CALL_LIMITS_H_
