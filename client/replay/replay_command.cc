#include "client/replay/replay_command.h"

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

}  // namespace

absl::StatusOr<TraceReport> ReplayFile(client::Client& client, const std::string& file, const std::string& machine,
                                       FirstProcess first_process) {
  absl::StatusOr<Trace> trace = ReadTraceFile(file);
  if (!trace.ok()) return trace.status();
  absl::StatusOr<std::unique_ptr<ClientMachine>> replayed =
      machine.empty() ? ClientMachine::Create(client, trace->shape) : ClientMachine::Use(client, machine);
  if (!replayed.ok()) return replayed.status();
  absl::StatusOr<TraceReport> report = ReplayTrace(*trace, **replayed, first_process);
  if (report.ok()) report->trace = file;
  return report;
}

int RunReplay(client::Client& client, const ReplayCommandOptions& options, std::ostream& out, std::ostream& errors) {
  ReplayTotals totals;
  DifferenceGroups groups;
  bool failed = false;
  if (!options.json) out << FormatHeading() << std::flush;
  for (const std::string& file : options.files) {
    absl::StatusOr<TraceReport> report = ReplayFile(client, file, options.machine, options.first_process);
    if (!report.ok()) {
      errors << "replay: " << file << ": " << client::DescribeError(report.status()) << std::endl;
      failed = true;
      continue;
    }
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
  if (failed) return kExitFailed;
  return totals.different == 0 ? kExitEqual : kExitDifferent;
}

}  // namespace memsim::replay
