// What one batch may hold.

#ifndef MEMSIM_SERVER_HOST_BATCH_LIMITS_H_
#define MEMSIM_SERVER_HOST_BATCH_LIMITS_H_

#include <cstddef>

#include "absl/status/status.h"

#include "memsim/v1/execution_service.pb.h"

namespace memsim {

struct BatchLimits {
  // Of cheap calls some milliseconds of work, and answers that fit into one message many times over.
  std::size_t calls = 10'000;
  // Of the message as it was sent, so that they can be checked before it is parsed: gRPC's own default for a message.
  std::size_t wire_bytes = 4U << 20;
  // Of memory, once it is parsed. Ten thousand small calls take a megabyte or two, and large ones two to four times
  // their bytes on the wire; only messages of mostly empty parts (two bytes each on the wire) reach this.
  std::size_t memory_bytes = 32U << 20;
};

// The batch's calls, and those of their lanes.
std::size_t CountCalls(const v1::ExecuteBatchRequest& batch);

// BATCH_TOO_LARGE above the limit.
absl::Status CheckBatchWireBytes(std::size_t bytes, const BatchLimits& limits);
absl::Status CheckBatchMemory(std::size_t bytes, const BatchLimits& limits);
absl::Status CheckBatchCalls(std::size_t calls, const BatchLimits& limits);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_BATCH_LIMITS_H_
