// Replays a trace on a machine: the same calls in, the same answers out, or a list of where they differ.

#ifndef MEMSIM_CLIENT_REPLAY_REPLAY_H_
#define MEMSIM_CLIENT_REPLAY_REPLAY_H_

#include <functional>

#include "absl/status/statusor.h"

#include "client/replay/replay_machine.h"
#include "client/replay/replay_session.h"
#include "client/replay/trace.h"
#include "client/replay/trace_report.h"

namespace memsim::replay {

// The report's trace is left empty. A status that is not OK means that the service failed half-way, or CANCELLED that
// interrupted, which is asked before each line, said so. Empty: nothing interrupts.
absl::StatusOr<TraceReport> ReplayTrace(const Trace& trace, ReplayMachine& machine,
                                        FirstProcess first_process = FirstProcess::kEnds,
                                        const std::function<bool()>& interrupted = nullptr);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_REPLAY_H_
