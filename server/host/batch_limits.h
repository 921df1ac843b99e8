// What one batch may hold.

#ifndef MEMSIM_SERVER_HOST_BATCH_LIMITS_H_
#define MEMSIM_SERVER_HOST_BATCH_LIMITS_H_

#include <cstddef>

#include "absl/status/status.h"

namespace memsim {

struct BatchLimits {
  // About a millisecond of work, and answers that fit into one message many times over.
  std::size_t calls = 10'000;
  // gRPC's own default for a message.
  std::size_t bytes = 4U << 20;
};

// BATCH_TOO_LARGE above the limit. Bytes are those of the message as it was sent, so that they can be checked before it
// is parsed.
absl::Status CheckBatchBytes(std::size_t bytes, const BatchLimits& limits);
absl::Status CheckBatchCalls(std::size_t calls, const BatchLimits& limits);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_BATCH_LIMITS_H_
