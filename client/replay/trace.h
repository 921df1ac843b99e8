// A whole trace, in the order in which it is replayed.

#ifndef MEMSIM_CLIENT_REPLAY_TRACE_H_
#define MEMSIM_CLIENT_REPLAY_TRACE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "client/replay/machine_shape.h"
#include "client/replay/trace_line.h"

namespace memsim::replay {

// More than ten hours of a busy program's memory calls; what is longer is probably no trace.
inline constexpr std::size_t kMaxTraceFileBytes = std::size_t{1} << 30;

// A call, the end of a process, or a signal.
struct TraceEvent {
  // Counted from 1. Of a call in two halves: the line where it takes place.
  int line_number = 0;
  // 0: the only process of a log that names none.
  std::uint64_t pid = 0;
  // kCall, kSignal, kExited or kKilled.
  TraceLine line;
};

// A line that is not understood.
struct UnknownLine {
  int line_number = 0;
  std::string reason;
};

struct Trace {
  std::vector<TraceEvent> events;
  std::vector<UnknownLine> unknown_lines;
  MachineShape shape;
};

// Reads a trace, also one that strace wrote to a terminal, see trace_pids.h. A call in two halves takes place where its
// end stands, but one that makes a process where its beginning stands, because its child may run before the parent
// comes back. A byte order mark at the beginning means nothing.
Trace ParseTrace(absl::string_view text);

// NOT_FOUND, or INVALID_ARGUMENT for a file that is no regular file or too long.
absl::StatusOr<Trace> ReadTraceFile(const std::string& path);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_TRACE_H_
