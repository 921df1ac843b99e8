#include "server/rpc/event_messages.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/quoted.h"
#include "server/calls/misuse.h"
#include "server/kernel/procfs/event_text.h"

namespace memsim {
namespace {

absl::Status PatternsInvalid(const std::string& problem) {
  return MisuseStatus(v1::ERROR_REASON_FIELD_INVALID, problem);
}

}  // namespace

absl::StatusOr<TracepointSet> ReadPatterns(const google::protobuf::RepeatedPtrField<std::string>& patterns) {
  if (patterns.empty()) return MatchTracepoints("*");
  if (patterns.size() > kMaxPatterns) {
    return PatternsInvalid(absl::StrCat("there are ", patterns.size(), " patterns; write at most ", kMaxPatterns,
                                        ", with * for any letters"));
  }
  TracepointSet wanted;
  for (int i = 0; i < patterns.size(); ++i) {
    const std::string& pattern = patterns[i];
    if (pattern.size() > kMaxPatternBytes) {
      return PatternsInvalid(
          absl::StrCat("patterns[", i, "] has ", pattern.size(), " bytes; no name of an event has ", kMaxPatternBytes));
    }
    const TracepointSet matched = MatchTracepoints(pattern);
    if (pattern.empty()) {
      return PatternsInvalid(absl::StrCat("patterns[", i,
                                          "] is \"\", which no event of a machine matches; write * for "
                                          "all of them, or their names as GetTracepoints tells them"));
    }
    if (matched.empty()) {
      const std::string nearest = NearestTracepoint(pattern);
      return PatternsInvalid(absl::StrCat(
          "patterns[", i, "] is ", Quoted(pattern), ", which no event of a machine matches; ",
          nearest.empty() ? "" : absl::StrCat("did you mean ", nearest, "? "), "GetTracepoints tells all of them"));
    }
    wanted |= matched;
  }
  return wanted;
}

void TracepointToMessage(Tracepoint point, v1::Tracepoint& message) {
  message.set_name(TracepointName(point));
  for (const absl::string_view field : TracepointFields(point)) message.add_fields(std::string(field));
  message.set_help(std::string(InfoOf(point).help));
}

void EventToMessage(const TraceBatch& batch, const TraceRecord& record, EventDetail detail, v1::Event& message) {
  message.set_virtual_time_ns(record.time.value());
  message.set_cpu(record.cpu.value());
  message.set_pid(record.pid.value());
  message.set_comm(EventComm(batch, record));
  message.set_name(TracepointName(record.point));
  message.set_text(EventText(batch, record));
  if (detail == EventDetail::kText) return;
  for (EventField& field : EventFields(batch, record)) {
    v1::EventField& shown = *message.add_fields();
    shown.set_name(std::string(field.name));
    shown.set_value(std::move(field.value));
  }
}

}  // namespace memsim
