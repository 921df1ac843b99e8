#include "server/base/quoted.h"

#include <string>

#include "gtest/gtest.h"

namespace memsim {
namespace {

TEST(QuotedTest, WhatIsNotPrintableIsEscaped) {
  EXPECT_EQ(Quoted(""), R"("")");
  EXPECT_EQ(Quoted("1/maps"), R"("1/maps")");
  EXPECT_EQ(Quoted("a\n\"\x1b\xff"), R"("a\n\"\x1b\xff")");
}

TEST(QuotedTest, ALongTextIsCutAndTheCutIsMarked) {
  const std::string most(kMaxQuotedBytes, 'x');
  EXPECT_EQ(Quoted(most), "\"" + most + "\"");
  EXPECT_EQ(Quoted(most + "y"), "\"" + most + "…\"");
}

}  // namespace
}  // namespace memsim
