// Tracepoints and events as the API's messages.

#ifndef MEMSIM_SERVER_RPC_EVENT_MESSAGES_H_
#define MEMSIM_SERVER_RPC_EVENT_MESSAGES_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"

#include "memsim/v1/machine_service.pb.h"
#include "server/kernel/observe/trace_ring.h"
#include "server/kernel/observe/tracepoint_set.h"

namespace memsim {

// More than there are systems and events that anybody has to name by hand.
inline constexpr int kMaxPatterns = 100;
// Twice the longest name.
inline constexpr std::size_t kMaxPatternBytes = 100;

// What the patterns match; no patterns: all. FIELD_INVALID: too many or too long ones, or one that matches nothing.
absl::StatusOr<TracepointSet> ReadPatterns(const google::protobuf::RepeatedPtrField<std::string>& patterns);

void TracepointToMessage(Tracepoint point, v1::Tracepoint& message);

enum class EventDetail { kText, kTextAndFields };
// REQUIRES: the record is one of the batch.
void EventToMessage(const TraceBatch& batch, const TraceRecord& record, EventDetail detail, v1::Event& message);

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_EVENT_MESSAGES_H_
