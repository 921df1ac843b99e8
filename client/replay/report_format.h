// Reports of replays, for people and for programs.

#ifndef MEMSIM_CLIENT_REPLAY_REPORT_FORMAT_H_
#define MEMSIM_CLIENT_REPLAY_REPORT_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "client/replay/trace_report.h"

namespace memsim::replay {

// Sums over traces.
struct ReplayTotals {
  std::uint64_t traces = 0;
  std::uint64_t wholly_equal = 0;
  std::uint64_t equal = 0;
  std::uint64_t different = 0;
  std::uint64_t skipped = 0;
  std::uint64_t unknown = 0;

  void Add(const TraceReport& report);
};

// The heading of the rows below.
std::string FormatHeading();
// One row: the four counts and the trace; below it the first differences, at most `show`, and the first lines that were
// not understood.
std::string FormatReport(const TraceReport& report, std::size_t show);
// The last rows: the sums, and how many traces are wholly equal.
std::string FormatTotals(const ReplayTotals& totals);

// One object in one line: trace, equal, different, skipped, unknown, differences, skips, unknown_lines, first_pid.
std::string ReportToJson(const TraceReport& report);
// What stands in its place for a trace that could not be replayed: trace, and error with words.
std::string FailureToJson(const std::string& trace, const std::string& error);
// The same of the sums, with trace "total", traces and wholly_equal.
std::string TotalsToJson(const ReplayTotals& totals);

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_REPORT_FORMAT_H_
