#include "client/replay/report_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/replay/difference_groups.h"

namespace memsim::replay {
namespace {

using testing::HasSubstr;
using testing::Not;

TraceReport Sample() {
  TraceReport report;
  report.trace = "sort.strace";
  report.equal = 7;
  report.first_pid = 2;
  report.differences = {{12, "mmap(NULL, \"x\")", "0x1000", "ENOMEM"}, {13, "brk(NULL)", "0", "1"}};
  report.skips = {{20, "mlock", "machines have no such call"}};
  report.unknown_lines = {{30, "no \"call\""}};
  return report;
}

TEST(ReportFormat, ARowHasFourCountsAndTheTrace) {
  EXPECT_EQ(FormatReport(Sample(), 0),
            "         7          2          1          1  sort.strace\n"
            "  line 30 is not understood: no \"call\"\n");
}

TEST(ReportFormat, DifferencesAreShownUpToTheNumberAskedFor) {
  const std::string one = FormatReport(Sample(), 1);
  EXPECT_THAT(one, HasSubstr("line 12: mmap(NULL, \"x\")\n      kernel: 0x1000\n      ours:   ENOMEM\n"));
  EXPECT_THAT(one, Not(HasSubstr("line 13")));
  EXPECT_THAT(one, HasSubstr("and 1 more differences"));
  EXPECT_THAT(FormatReport(Sample(), 2), HasSubstr("line 13"));
  EXPECT_THAT(FormatReport(Sample(), 2), Not(HasSubstr("more differences")));
}

TEST(ReportFormat, OnlyTheFirstUnknownLinesAreShown) {
  TraceReport report;
  for (int i = 1; i <= 100; ++i) report.unknown_lines.push_back({i, "garbage"});
  const std::string text = FormatReport(report, 0);
  EXPECT_THAT(text, HasSubstr("line 5 is"));
  EXPECT_THAT(text, Not(HasSubstr("line 6 is")));
  EXPECT_THAT(text, HasSubstr("and 95 more lines"));
}

TEST(ReportFormat, TotalsSumUpAndCountWhollyEqualTraces) {
  TraceReport clean;
  clean.equal = 5;
  TraceReport silent;
  TraceReport skipping;
  skipping.equal = 5;
  skipping.skips = {{1, "mlock", "no"}};
  ReplayTotals totals;
  totals.Add(Sample());
  totals.Add(clean);
  totals.Add(silent);
  totals.Add(skipping);
  EXPECT_EQ(totals.wholly_equal, 1U) << "a skipped line is not equal, and neither is a trace that compares nothing";
  EXPECT_EQ(FormatTotals(totals),
            "        17          2          2          1  total\n"
            "wholly equal: 1 of 4 traces\n");
  EXPECT_EQ(TotalsToJson(totals),
            "{\"trace\":\"total\",\"equal\":17,\"different\":2,\"skipped\":2,\"unknown\":1,\"traces\":4,\"wholly_"
            "equal\":1}\n");
}

TEST(ReportFormat, JsonIsOneObjectInOneLine) {
  EXPECT_EQ(
      ReportToJson(Sample()),
      "{\"trace\":\"sort.strace\",\"equal\":7,\"different\":2,\"skipped\":1,\"unknown\":1,\"first_pid\":2,"
      "\"differences\":[{\"line\":12,\"call\":\"mmap(NULL, \\\"x\\\")\",\"kernel\":\"0x1000\",\"ours\":\"ENOMEM\"},"
      "{\"line\":13,\"call\":\"brk(NULL)\",\"kernel\":\"0\",\"ours\":\"1\"}],"
      "\"skips\":[{\"line\":20,\"call\":\"mlock\",\"reason\":\"machines have no such call\"}],"
      "\"unknown_lines\":[{\"line\":30,\"reason\":\"no \\\"call\\\"\"}]}\n");
}

TEST(ReportFormat, ATraceThatCouldNotBeReplayedHasAnObjectToo) {
  EXPECT_EQ(FailureToJson("a \"b\"", "NOT_FOUND: no"), "{\"trace\":\"a \\\"b\\\"\",\"error\":\"NOT_FOUND: no\"}\n");
}

TEST(DifferenceGroups, TheMostFrequentComeFirst) {
  DifferenceGroups groups;
  TraceReport report = Sample();
  report.differences.push_back({14, "mmap(1)", "0x2000", "ENOMEM"});
  groups.Add(report);
  const std::string text = groups.Format(10);
  EXPECT_THAT(text, HasSubstr("       2  mmap               kernel an address, ours ENOMEM"));
  EXPECT_THAT(text, HasSubstr("sort.strace:12"));
  EXPECT_LT(text.find("mmap"), text.find("brk"));
  EXPECT_THAT(text, HasSubstr("mlock"));
  EXPECT_THAT(groups.Format(1), Not(HasSubstr("brk")));
  EXPECT_EQ(DifferenceGroups().Format(5), "");
}

}  // namespace
}  // namespace memsim::replay
