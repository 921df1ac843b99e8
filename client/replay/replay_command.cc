#include "client/replay/replay_command.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "client/library/errors.h"
#include "client/replay/client_machine.h"
#include "client/replay/difference_groups.h"
#include "client/replay/replay.h"
#include "client/replay/report_format.h"
#include "client/replay/trace.h"

namespace memsim::replay {
namespace {

// More kinds than these are a matter for --show.
constexpr std::size_t kShownGroups = 60;

ReplayEnd EndOf(const TraceReport& report) {
  const bool equal = report.equal > 0 && report.differences.empty() && report.unknown_lines.empty();
  return equal ? ReplayEnd::kEqual : ReplayEnd::kDifferent;
}

}  // namespace

absl::StatusOr<TraceReport> ReplayOnServer(client::Client& client, const Trace& trace,
                                           const ReplayCommandOptions& options) {
  absl::StatusOr<std::unique_ptr<ClientMachine>> machine =
      options.machine.empty() ? ClientMachine::Create(client, trace.shape, options.call_options)
                              : ClientMachine::Use(client, options.machine, options.call_options);
  if (!machine.ok()) return machine.status();
  return ReplayTrace(trace, **machine, options.first_process, options.interrupted);
}

ReplayEnd RunReplay(client::Client& client, const ReplayCommandOptions& options, std::ostream& out,
                    std::ostream& errors) {
  ReplayTotals totals;
  DifferenceGroups groups;
  ReplayEnd end = ReplayEnd::kEqual;
  const auto fail = [&](const std::string& file, const absl::Status& status, ReplayEnd how) {
    const std::string error = client::DescribeError(status);
    if (options.json) out << FailureToJson(file, error) << std::flush;
    errors << "replay: " << file << ": " << error << std::endl;
    end = std::max(end, how);
  };
  if (!options.json) out << FormatHeading() << std::flush;
  for (const std::string& file : options.files) {
    const absl::StatusOr<Trace> trace = ReadTraceFile(file);
    if (!trace.ok()) {
      fail(file, trace.status(), ReplayEnd::kUnreadable);
      continue;
    }
    absl::StatusOr<TraceReport> report = ReplayOnServer(client, *trace, options);
    if (!report.ok()) {
      const bool interrupted = options.interrupted && options.interrupted();
      fail(file, report.status(), interrupted ? ReplayEnd::kInterrupted : ReplayEnd::kFailed);
      if (interrupted) break;
      continue;
    }
    report->trace = file;
    end = std::max(end, EndOf(*report));
    totals.Add(*report);
    if (options.groups) groups.Add(*report);
    out << (options.json ? ReportToJson(*report) : FormatReport(*report, options.show));
    if (!options.json && options.first_process == FirstProcess::kStays && report->first_pid != 0) {
      out << "  its first process stays on " << options.machine << " as pid " << report->first_pid << "\n";
    }
    out << std::flush;
  }
  out << (options.json ? TotalsToJson(totals) : FormatTotals(totals));
  if (options.groups && !options.json) out << groups.Format(kShownGroups);
  out << std::flush;
  return end;
}

}  // namespace memsim::replay
