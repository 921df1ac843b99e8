// `memsim replay`: replays trace files on a server's machines and prints reports.

#ifndef MEMSIM_CLIENT_REPLAY_REPLAY_COMMAND_H_
#define MEMSIM_CLIENT_REPLAY_REPLAY_COMMAND_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "client/library/client.h"
#include "client/replay/replay_session.h"
#include "client/replay/trace.h"
#include "client/replay/trace_report.h"

namespace memsim::replay {

struct ReplayCommandOptions {
  // The trace files, in order.
  std::vector<std::string> files;
  // An existing machine, on which all traces run one after another. Empty: each gets a new machine of the recorded
  // shape, which is deleted afterwards.
  std::string machine;
  // How many differences of each trace to print. 0: none.
  std::size_t show = 0;
  // One JSON object a line instead of text: one a trace with all differences, and a last one whose trace is "total".
  bool json = false;
  // Prints what the differences and skips of all traces have in common, the most frequent first. Text only.
  bool groups = false;
  // With kStays, and an existing machine: the first process of each trace does not exit, so that its maps can be read
  // afterwards.
  FirstProcess first_process = FirstProcess::kEnds;
  // Of each RPC.
  client::CallOptions call_options;
  // Asked before each line. Once it is true nothing more is replayed, and machines that were made are deleted. Empty:
  // nothing interrupts.
  std::function<bool()> interrupted;
};

// How a replay of several files ends; of several ends, the last one here.
enum class ReplayEnd : std::uint8_t {
  // In each trace something was compared, every line was understood, and all that was compared is equal.
  kEqual,
  // Not so.
  kDifferent,
  // The server refused or did not answer.
  kFailed,
  // A file could not be read.
  kUnreadable,
  // Files were left out, as options.interrupted said so.
  kInterrupted,
};

// Replays one trace. The status is the server's.
absl::StatusOr<TraceReport> ReplayOnServer(client::Client& client, const Trace& trace,
                                           const ReplayCommandOptions& options);

// Replays all files, printing reports to out as they come, and what failed to errors; with json, an object with the
// error takes the report's place. One file's failure does not stop the others.
ReplayEnd RunReplay(client::Client& client, const ReplayCommandOptions& options, std::ostream& out,
                    std::ostream& errors);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_REPLAY_COMMAND_H_
