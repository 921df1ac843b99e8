#include "server/metrics/metrics_page.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memsim {
namespace {

TEST(MetricsPageTest, AnEmptyPageIsEmptyText) { EXPECT_EQ(MetricsPage().Render(), ""); }

TEST(MetricsPageTest, SamplesOfOneFamilyStandTogetherWhoeverAddedThem) {
  MetricsPage page;
  page.family("a_total", MetricType::kCounter, "First.").Add({{"who", "one"}}, 1);
  page.family("b", MetricType::kGauge, "Second.").Add({}, -2.5);
  page.family("a_total", MetricType::kCounter, "First.").Add({{"who", "two"}}, 3);
  EXPECT_EQ(page.Render(),
            "# HELP a_total First.\n"
            "# TYPE a_total counter\n"
            "a_total{who=\"one\"} 1\n"
            "a_total{who=\"two\"} 3\n"
            "# HELP b Second.\n"
            "# TYPE b gauge\n"
            "b -2.5\n");
}

TEST(MetricsPageTest, QuotesBackslashesAndLineEndsAreEscapedInLabelsAndHelp) {
  MetricsPage page;
  page.family("a", MetricType::kUntyped, "Back\\slash\nand line.").Add({{"x", "q\"b\\n\n."}}, 1);
  EXPECT_EQ(page.Render(),
            "# HELP a Back\\\\slash\\nand line.\n"
            "# TYPE a untyped\n"
            "a{x=\"q\\\"b\\\\n\\n.\"} 1\n");
}

TEST(MetricsPageTest, WholeNumbersUpTo2To53ArePrintedExactly) {
  MetricsPage page;
  page.family("a", MetricType::kGauge, "Big.").Add({}, 4398046511104.0 * 2047 + 1);
  EXPECT_THAT(page.Render(), testing::HasSubstr("a 9002801208229889\n"));
}

TEST(MetricsPageTest, BucketsAccumulateAndTheLastOneHoldsEverything) {
  MetricsPage page;
  page.family("h_seconds", MetricType::kHistogram, "Times.").AddHistogram({{"m", "x"}}, {0.001, 0.5}, {3, 0, 2}, 7.25);
  EXPECT_EQ(page.Render(),
            "# HELP h_seconds Times.\n"
            "# TYPE h_seconds histogram\n"
            "h_seconds_count{m=\"x\"} 5\n"
            "h_seconds_sum{m=\"x\"} 7.25\n"
            "h_seconds_bucket{m=\"x\",le=\"0.001\"} 3\n"
            "h_seconds_bucket{m=\"x\",le=\"0.5\"} 3\n"
            "h_seconds_bucket{m=\"x\",le=\"+Inf\"} 5\n");
}

using MetricsPageDeathTest = testing::Test;

TEST(MetricsPageDeathTest, ANameThatPrometheusWouldRefuseStopsTheProgram) {
  MetricsPage page;
  EXPECT_DEATH(page.family("9lives", MetricType::kGauge, "No."), "IsMetricName");
  EXPECT_DEATH(page.family("a-b", MetricType::kGauge, "No."), "IsMetricName");
  EXPECT_DEATH(page.family("", MetricType::kGauge, "No."), "IsMetricName");
}

TEST(MetricsPageDeathTest, OneNameHasOneType) {
  MetricsPage page;
  page.family("a", MetricType::kGauge, "Yes.").Add({}, 1);
  EXPECT_DEATH(page.family("a", MetricType::kCounter, "No."), "check failed");
}

}  // namespace
}  // namespace memsim
