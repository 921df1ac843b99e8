// One trace being replayed on one machine.
//
// Translators turn lines into Calls and say what each is for. The session gathers Calls into batches, since addresses
// in a trace are literals and so most calls depend on no answer; it runs a batch when it is full, when a translator
// asks for an answer, or before it reads the machine's /proc. What the answers are compared with is kept beside the
// calls.
//
// Thread-compatible.

#ifndef MEMSIM_CLIENT_REPLAY_REPLAY_SESSION_H_
#define MEMSIM_CLIENT_REPLAY_REPLAY_SESSION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

#include "client/replay/answer_text.h"
#include "client/replay/replay_machine.h"
#include "client/replay/trace.h"
#include "client/replay/trace_report.h"
#include "client/replay/traced_files.h"
#include "client/replay/traced_process.h"
#include "client/replay/traced_segments.h"
#include "memsim/v1/call.pb.h"

namespace memsim::replay {

// What becomes of a trace's first process when the trace says that it ends.
enum class FirstProcess : std::uint8_t {
  kEnds,
  // It stays, so that somebody can look at it.
  kStays,
};

class ReplaySession {
 public:
  // Both must outlive the session.
  ReplaySession(const Trace& trace, ReplayMachine& machine, FirstProcess first_process);

  // --- The line at hand
  // REQUIRES: index is one of the trace's events.
  void SetEvent(std::size_t index);
  const TraceEvent& event() const { return trace_.events[event_index_]; }
  std::size_t event_index() const { return event_index_; }

  // --- Calls for it
  // Runs the call some time, and compares the text of its answer with the kernel's.
  void Compare(v1::Call call, std::string kernel, AnswerText text);
  // Runs the call some time. If it fails, the line is skipped; but one errno may be none.
  void Apply(v1::Call call, int forgiven_errno = 0);
  // Runs the call some time, whatever it answers.
  void Prepare(v1::Call call);
  // Runs the call after all that wait, and returns its answer. nullopt: the service failed, or the call was misused,
  // which skips the line.
  std::optional<v1::Answer> Ask(const v1::Call& call);
  // The same for a call that must succeed: what it returns. nullopt also if it fails, which skips the line: "open
  // answered ENOMEM".
  std::optional<std::uint64_t> Demand(const v1::Call& call, absl::string_view name);
  // Reads a file of /proc after all calls that wait. nullopt: the service failed, or has no such file, which skips the
  // line.
  std::optional<std::string> ReadProc(const std::string& path);
  // The same, without a skip.
  std::optional<std::string> TryReadProc(const std::string& path);
  // Compares what was read.
  void CompareTexts(const std::string& kernel, const std::string& ours);
  // Counts the line as one that the machine cannot do. Only the first reason counts.
  void Skip(absl::string_view reason);
  // Counts the line as one that is not understood.
  void NotUnderstood(absl::string_view reason);
  // Keeps the line out of every count, whatever becomes of it.
  void CountNothing() { counted_[event_index_] = true; }

  // Runs what waits.
  void Flush();
  // Not OK: the service failed, and nothing more will happen.
  const absl::Status& status() const { return status_; }

  // --- The state that the trace has brought about
  const Trace& trace() const { return trace_; }
  TracedProcesses& processes() { return processes_; }
  TracedFiles& files() { return files_; }
  TracedSegments& segments() { return segments_; }
  TraceReport& report() { return report_; }
  // Whether the process is the one that stays.
  bool KeepsRunning(const TracedProcess& process) const {
    return first_process_ == FirstProcess::kStays && process.machine_pid == report_.first_pid;
  }

 private:
  struct Waiting {
    enum class Purpose : std::uint8_t { kCompare, kApply, kPrepare } purpose;
    std::size_t event_index;
    std::string kernel;
    AnswerText text;
    int forgiven_errno = 0;
  };

  void Enqueue(v1::Call call, Waiting waiting);
  void Settle(const Waiting& waiting, const v1::Answer& answer);
  void CountComparison(std::size_t event_index, const std::string& kernel, const std::string& ours);
  void SkipEvent(std::size_t event_index, absl::string_view reason);

  const Trace& trace_;
  ReplayMachine& machine_;
  const FirstProcess first_process_;
  absl::Status status_;
  TracedProcesses processes_;
  TracedFiles files_;
  TracedSegments segments_;
  TraceReport report_;
  std::size_t event_index_ = 0;
  // By event: whether the line is in one of the four counts already, or belongs into none. What sets it counts; so no
  // line is in two.
  std::vector<bool> counted_;
  std::vector<v1::Call> calls_;
  // Parallel to calls_.
  std::vector<Waiting> waiting_;
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_REPLAY_SESSION_H_
