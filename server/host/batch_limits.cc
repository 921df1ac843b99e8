#include "server/host/batch_limits.h"

#include "absl/strings/str_cat.h"

#include "server/calls/misuse.h"

namespace memsim {
namespace {

absl::Status Check(std::size_t count, std::size_t limit, absl::string_view unit) {
  if (count <= limit) return absl::OkStatus();
  return MisuseStatus(v1::ERROR_REASON_BATCH_TOO_LARGE,
                      absl::StrCat("this has ", count, " ", unit, ", of at most ", limit, "; split it"));
}

}  // namespace

std::size_t CountCalls(const v1::ExecuteBatchRequest& batch) {
  auto count = static_cast<std::size_t>(batch.calls_size());
  for (const v1::Call& call : batch.calls()) {
    if (!call.has_concurrent()) continue;
    for (const v1::Lane& lane : call.concurrent().lanes()) count += static_cast<std::size_t>(lane.calls_size());
  }
  return count;
}

absl::Status CheckBatchWireBytes(std::size_t bytes, const BatchLimits& limits) {
  return Check(bytes, limits.wire_bytes, "bytes");
}

absl::Status CheckBatchMemory(std::size_t bytes, const BatchLimits& limits) {
  return Check(bytes, limits.memory_bytes, "bytes once it is parsed");
}

absl::Status CheckBatchCalls(std::size_t calls, const BatchLimits& limits) {
  return Check(calls, limits.calls, "calls with those of lanes");
}

}  // namespace memsim
