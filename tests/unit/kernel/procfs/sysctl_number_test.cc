// What Linux 6.18 answered when these texts were written to a sysctl.

#include "server/kernel/procfs/sysctl_number.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace memsim {
namespace {

// "-16 of 4 bytes", or "EINVAL".
std::string Parse(absl::string_view text) {
  const std::optional<SysctlNumber> number = ParseSysctlNumber(text);
  if (!number.has_value()) return "EINVAL";
  return absl::StrCat(number->negative ? "-" : "", number->magnitude, " of ", number->taken.value(), " bytes");
}

TEST(SysctlNumberTest, ANumberIsTakenWithTheWhiteSpaceAroundIt) {
  EXPECT_EQ(Parse("7\n"), "7 of 2 bytes");
  EXPECT_EQ(Parse("8"), "8 of 1 bytes");
  EXPECT_EQ(Parse(" 9 "), "9 of 3 bytes");
  EXPECT_EQ(Parse("\t6\n\n"), "6 of 4 bytes");
  EXPECT_EQ(Parse("\v6"), "6 of 2 bytes");
  EXPECT_EQ(Parse("-1"), "-1 of 2 bytes");
  EXPECT_EQ(Parse("-0"), "-0 of 2 bytes");
}

TEST(SysctlNumberTest, WhatFollowsTheNumberIsLeft) {
  EXPECT_EQ(Parse("10 11"), "10 of 3 bytes");
  EXPECT_EQ(Parse("12 x"), "12 of 3 bytes");
  EXPECT_EQ(Parse("1 -1"), "1 of 2 bytes");
}

TEST(SysctlNumberTest, BasesAreThoseOfC) {
  EXPECT_EQ(Parse("0x10"), "16 of 4 bytes");
  EXPECT_EQ(Parse("0XfF"), "255 of 4 bytes");
  EXPECT_EQ(Parse("010"), "8 of 3 bytes");
  EXPECT_EQ(Parse("0"), "0 of 1 bytes");
}

TEST(SysctlNumberTest, AllElseIsInvalid) {
  for (const absl::string_view text :
       {"\n", " ", "08", "+5", "5x", "6\v", "6\r\n", "1,2", "0x", "0xg", "-", "--1", "- 1", "x"}) {
    EXPECT_EQ(Parse(text), "EINVAL") << text;
  }
  EXPECT_EQ(Parse(absl::string_view("5\0", 2)), "EINVAL");
}

TEST(SysctlNumberTest, NumbersHave64BitsAndAtMost20Characters) {
  EXPECT_EQ(Parse("18446744073709551615"), "18446744073709551615 of 20 bytes");
  EXPECT_EQ(Parse("18446744073709551616"), "EINVAL");
  EXPECT_EQ(Parse("99999999999999999999999"), "EINVAL");
  EXPECT_EQ(Parse("00000000000000000005"), "5 of 20 bytes");
  EXPECT_EQ(Parse("000000000000000000005"), "EINVAL");
  EXPECT_EQ(Parse("000000000000000000000000005"), "EINVAL");
}

TEST(SysctlNumberTest, OnlyTheFirst4095BytesAreLookedAt) {
  EXPECT_EQ(Parse(std::string(4094, ' ') + "7"), "7 of 4095 bytes");
  EXPECT_EQ(Parse(std::string(4095, ' ') + "7"), "EINVAL");
  EXPECT_EQ(Parse(std::string(4000, ' ') + "7" + std::string(998, ' ')), "7 of 4999 bytes");
  EXPECT_EQ(Parse("7" + std::string(4998, ' ')), "7 of 4999 bytes");
}

}  // namespace
}  // namespace memsim
