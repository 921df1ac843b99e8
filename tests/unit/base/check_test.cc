#include "server/base/check.h"

#include "gtest/gtest.h"

namespace memsim {
namespace {

TEST(CheckTest, WhatHoldsCostsOneLookAndNoValues) {
  int asked = 0;
  int values = 0;
  MEMSIM_CHECK(++asked == 1, ++values);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(values, 0);
}

TEST(CheckDeathTest, WhatDoesNotHoldIsPrintedWithItsValuesAndEndsTheProgram) {
  const int two = 2;
  EXPECT_DEATH(MEMSIM_CHECK(two == 3), "check_test.cc:[0-9]+: check failed: two == 3\n");
  EXPECT_DEATH(MEMSIM_CHECK(two == 3, two), "two == 3 .2 = 0x2.");
  EXPECT_DEATH(MEMSIM_CHECK(two == 3, two, 31), "two == 3 .2 = 0x2, 31 = 0x1f.");
}

}  // namespace
}  // namespace memsim
