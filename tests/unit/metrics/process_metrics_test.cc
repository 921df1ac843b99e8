#include "server/metrics/process_metrics.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/metrics/metrics_page.h"

namespace memsim {
namespace {

using testing::HasSubstr;

// Fields 1 to 24 of proc(5), and some of those that follow.
constexpr char kStat[] =
    "4242 (a (b) c) S 1 4242 4242 0 -1 4194560 100 0 3 0 "
    "150 50 0 0 20 0 9 0 123456 1073741824 2048 18446744073709551615 1 1\n";

TEST(ProcessMetricsTest, TheFieldsOfAStatFileAreFoundBehindACommandWithParenthesesAndSpaces) {
  const std::optional<ProcessStat> stat = ParseProcessStat(kStat);
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->user_ticks, 150U);
  EXPECT_EQ(stat->system_ticks, 50U);
  EXPECT_EQ(stat->threads, 9U);
  EXPECT_EQ(stat->start_ticks_after_boot, 123456U);
  EXPECT_EQ(stat->virtual_memory, ByteCount(1073741824));
  EXPECT_EQ(stat->resident_pages, 2048U);
}

TEST(ProcessMetricsTest, ATruncatedOrForeignStatFileIsNone) {
  EXPECT_FALSE(ParseProcessStat("").has_value());
  EXPECT_FALSE(ParseProcessStat("no parenthesis").has_value());
  EXPECT_FALSE(ParseProcessStat("1 (a) S 1 2 3").has_value());
  std::string text = kStat;
  text.replace(text.find("123456"), 6, "beyond");
  EXPECT_FALSE(ParseProcessStat(text).has_value());
}

TEST(ProcessMetricsTest, TheSoftLimitOfOpenFilesIsTheFirstNumberOfItsRow) {
  EXPECT_EQ(ParseMaxOpenFiles("Limit                     Soft Limit           Hard Limit           Units     \n"
                              "Max processes             31823                31823                processes \n"
                              "Max open files            1024                 1048576              files     \n"),
            1024);
  EXPECT_EQ(ParseMaxOpenFiles("Max open files            unlimited            unlimited            files\n"),
            std::nullopt);
  EXPECT_EQ(ParseMaxOpenFiles("Max locked memory         unlimited            unlimited            bytes\n"),
            std::nullopt);
}

TEST(ProcessMetricsTest, TheBootTimeIsTheRowBtime) {
  EXPECT_EQ(ParseBootTime("cpu  1 2 3\nbtime 1700000000\nprocesses 5\n"), 1700000000);
  EXPECT_EQ(ParseBootTime("cpu  1 2 3\n"), std::nullopt);
}

TEST(ProcessMetricsTest, ThisProcessHasEveryNumber) {
  MetricsPage page;
  AddProcessMetrics(page);
  const std::string text = page.Render();
  for (const char* name :
       {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_virtual_memory_bytes ",
        "process_open_fds ", "process_max_fds ", "process_start_time_seconds ", "process_threads "}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + name));
  }
}

}  // namespace
}  // namespace memsim
