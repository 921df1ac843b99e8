#include "client/replay/replay.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "client/replay/call_table.h"
#include "client/replay/own_memory.h"
#include "client/replay/process_calls.h"

namespace memsim::replay {
namespace {

// Whether a line of this row and result would be counted, or would do anything.
bool HasEffect(const CallRow& row, const TraceResult& result) {
  if (result.kind == TraceResult::Kind::kText) return true;
  // exit_group does not return; no other call that did not return has an answer.
  if (result.kind == TraceResult::Kind::kNone) return row.call_class == CallClass::kApplied;
  // What failed changed nothing: there is nothing to apply.
  return row.call_class != CallClass::kApplied || row.translate != nullptr || result.Succeeded();
}

void ReplayCall(ReplaySession& session, const TraceEvent& event) {
  const CallRow* row = FindCallRow(event.line);
  if (row == nullptr || !HasEffect(*row, event.line.result)) return;
  if (row->call_class == CallClass::kFollowed) session.CountNothing();
  TracedProcess* process = session.processes().Find(event.pid);
  if (process == nullptr) process = &StartProcess(session, event.pid);
  if (process->machine_pid == 0) {
    session.Skip(process->missing);
    return;
  }
  // What it populates beside the memory that the trace tells of, faults too.
  if (event.line.name == "mlockall") process->last_faults.reset();
  if (row->call_class == CallClass::kObserved) UseOwnMemory(session, *process);
  if (row->translate == nullptr) {
    session.Skip("machines have no such call");
    return;
  }
  row->translate(session, *process, event.line);
}

void ReplayEvent(ReplaySession& session, const TraceEvent& event) {
  switch (event.line.kind) {
    case TraceLine::Kind::kCall:
      ReplayCall(session, event);
      break;
    case TraceLine::Kind::kExited:
    case TraceLine::Kind::kKilled:
      if (TracedProcess* process = session.processes().Find(event.pid); process != nullptr) {
        EndProcess(session, *process, event.line.status);
      }
      break;
    default:
      // A signal that did not kill changed no memory.
      break;
  }
}

}  // namespace

absl::StatusOr<TraceReport> ReplayTrace(const Trace& trace, ReplayMachine& machine, FirstProcess first_process,
                                        const std::function<bool()>& interrupted) {
  ReplaySession session(trace, machine, first_process);
  for (std::size_t i = 0; i < trace.events.size() && session.status().ok(); ++i) {
    if (interrupted && interrupted()) return absl::CancelledError("interrupted before its last line");
    session.SetEvent(i);
    ReplayEvent(session, trace.events[i]);
  }
  session.Flush();
  if (!session.status().ok()) return session.status();
  TraceReport report = std::move(session.report());
  const auto by_line = [](const auto& a, const auto& b) { return a.line_number < b.line_number; };
  std::stable_sort(report.unknown_lines.begin(), report.unknown_lines.end(), by_line);
  std::stable_sort(report.skips.begin(), report.skips.end(), by_line);
  return report;
}

}  // namespace memsim::replay
