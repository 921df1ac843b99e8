#include "client/cli/lock_table.h"

#include <vector>

#include "gtest/gtest.h"

namespace memsim::cli {
namespace {

TEST(LockTableTest, RowsAreReadAndEverythingElseIsPassedOver) {
  const std::vector<LockRow> rows = ParseLockStat(
      "lock_stat version 0.4\n"
      "-----\n"
      "     class name    con-bounces    contentions   waittime-min\n"
      "\n"
      "   &zone->lock Normal:   1   1   0.05   0.06   0.07   0.08   3   2   0.02   1.29   1301.50   0.66\n"
      "   -----------\n"
      "   &zone->lock              1                               Normal\n");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].name, "&zone->lock Normal");
  EXPECT_EQ(rows[0].bounces, 3U);
  EXPECT_EQ(rows[0].waits.count, 1U);
  EXPECT_EQ(rows[0].waits.average_ns, 80U);
  EXPECT_EQ(rows[0].holds.count, 2U);
  EXPECT_EQ(rows[0].holds.total_ns, 1'301'500U);
}

TEST(LockTableTest, AHalfRowIsNone) {
  EXPECT_TRUE(ParseLockStat("a: 1 2 3\n").empty());
  EXPECT_TRUE(ParseLockStat("a: 1 1 x.05 0.06 0.07 0.08 3 2 0.02 1.29 1.50 0.66\n").empty());
}

}  // namespace
}  // namespace memsim::cli
