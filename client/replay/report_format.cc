#include "client/replay/report_format.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "client/library/json_text.h"

namespace memsim::replay {
namespace {

// Enough to see what kind of file it is that was given.
constexpr std::size_t kShownUnknownLines = 5;

constexpr char kRowFormat[] = "%10d %10d %10d %10d  %s\n";

std::string Row(std::uint64_t equal, std::uint64_t different, std::uint64_t skipped, std::uint64_t unknown,
                const std::string& name) {
  return absl::StrFormat(kRowFormat, equal, different, skipped, unknown, name);
}

std::string Counts(std::uint64_t equal, std::uint64_t different, std::uint64_t skipped, std::uint64_t unknown) {
  return absl::StrCat("\"equal\":", equal, ",\"different\":", different, ",\"skipped\":", skipped,
                      ",\"unknown\":", unknown);
}

}  // namespace

void ReplayTotals::Add(const TraceReport& report) {
  ++traces;
  if (report.WhollyEqual()) ++wholly_equal;
  equal += report.equal;
  different += report.differences.size();
  skipped += report.skips.size();
  unknown += report.unknown_lines.size();
}

std::string FormatHeading() {
  return absl::StrFormat("%10s %10s %10s %10s  %s\n", "equal", "different", "skipped", "unknown", "trace");
}

std::string FormatReport(const TraceReport& report, std::size_t show) {
  std::string text = Row(report.equal, report.differences.size(), report.skips.size(), report.unknown_lines.size(),
                         client::Printable(report.trace));
  for (std::size_t i = 0; i < std::min(show, report.differences.size()); ++i) {
    const Difference& difference = report.differences[i];
    absl::StrAppend(&text, "  line ", difference.line_number, ": ", client::Printable(difference.call),
                    "\n      kernel: ", client::Printable(difference.kernel),
                    "\n      ours:   ", client::Printable(difference.ours), "\n");
  }
  if (show > 0 && report.differences.size() > show) {
    absl::StrAppend(&text, "  and ", report.differences.size() - show, " more differences\n");
  }
  const std::size_t shown_unknown = std::min(kShownUnknownLines, report.unknown_lines.size());
  for (std::size_t i = 0; i < shown_unknown; ++i) {
    const UnknownLine& line = report.unknown_lines[i];
    absl::StrAppend(&text, "  line ", line.line_number, " is not understood: ", client::Printable(line.reason), "\n");
  }
  if (report.unknown_lines.size() > shown_unknown) {
    absl::StrAppend(&text, "  and ", report.unknown_lines.size() - shown_unknown, " more lines\n");
  }
  return text;
}

std::string FormatTotals(const ReplayTotals& totals) {
  return absl::StrCat(Row(totals.equal, totals.different, totals.skipped, totals.unknown, "total"),
                      "wholly equal: ", totals.wholly_equal, " of ", totals.traces,
                      totals.traces == 1 ? " trace\n" : " traces\n");
}

std::string ReportToJson(const TraceReport& report) {
  std::string json =
      absl::StrCat("{\"trace\":", client::JsonString(report.trace), ",",
                   Counts(report.equal, report.differences.size(), report.skips.size(), report.unknown_lines.size()));
  absl::StrAppend(&json, ",\"first_pid\":", report.first_pid, ",\"differences\":[");
  for (std::size_t i = 0; i < report.differences.size(); ++i) {
    const Difference& difference = report.differences[i];
    absl::StrAppend(&json, i == 0 ? "" : ",", "{\"line\":", difference.line_number,
                    ",\"call\":", client::JsonString(difference.call));
    absl::StrAppend(&json, ",\"kernel\":", client::JsonString(difference.kernel),
                    ",\"ours\":", client::JsonString(difference.ours), "}");
  }
  absl::StrAppend(&json, "],\"skips\":[");
  for (std::size_t i = 0; i < report.skips.size(); ++i) {
    const Skip& skip = report.skips[i];
    absl::StrAppend(&json, i == 0 ? "" : ",", "{\"line\":", skip.line_number,
                    ",\"call\":", client::JsonString(skip.call), ",\"reason\":", client::JsonString(skip.reason), "}");
  }
  absl::StrAppend(&json, "],\"unknown_lines\":[");
  for (std::size_t i = 0; i < report.unknown_lines.size(); ++i) {
    const UnknownLine& line = report.unknown_lines[i];
    absl::StrAppend(&json, i == 0 ? "" : ",", "{\"line\":", line.line_number,
                    ",\"reason\":", client::JsonString(line.reason), "}");
  }
  return absl::StrCat(json, "]}\n");
}

std::string FailureToJson(const std::string& trace, const std::string& error) {
  return absl::StrCat("{\"trace\":", client::JsonString(trace), ",\"error\":", client::JsonString(error), "}\n");
}

std::string TotalsToJson(const ReplayTotals& totals) {
  return absl::StrCat("{\"trace\":\"total\",", Counts(totals.equal, totals.different, totals.skipped, totals.unknown),
                      ",\"traces\":", totals.traces, ",\"wholly_equal\":", totals.wholly_equal, "}\n");
}

}  // namespace memsim::replay
