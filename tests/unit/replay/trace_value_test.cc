#include "client/replay/trace_value.h"

#include <gtest/gtest.h>

#include <string>

#include "client/replay/trace_text.h"

namespace memsim::replay {
namespace {

std::vector<TraceValue> Parse(absl::string_view text) {
  std::optional<std::vector<TraceValue>> values = ParseTraceValues(text);
  EXPECT_TRUE(values.has_value()) << text;
  return values.value_or(std::vector<TraceValue>());
}

TEST(TraceValue, NothingIsAnEmptyList) { EXPECT_TRUE(Parse("  ").empty()); }

TEST(TraceValue, ScalarsKeepTheirTextWithoutComments) {
  const std::vector<TraceValue> values = Parse("NULL, 0x100 /* MFD_??? */, PROT_READ|PROT_WRITE");
  ASSERT_EQ(values.size(), 3U);
  EXPECT_EQ(values[0].text, "NULL");
  EXPECT_EQ(values[1].text, "0x100");
  EXPECT_EQ(values[2].text, "PROT_READ|PROT_WRITE");
}

TEST(TraceValue, StringsAreDecodedAndMayHoldAnything) {
  const std::vector<TraceValue> values = Parse(R"("a, \"b\") \n\33[0m\x41", "cut"...)");
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0].text, "a, \"b\") \n\033[0mA");
  EXPECT_EQ(values[1].text, "cut");
}

TEST(TraceValue, DescriptorsHaveAFile) {
  const std::vector<TraceValue> values = Parse(
      "3</etc/a, b>, AT_FDCWD</home>, 4<pipe:[1]>, 0</dev/pts/0<char 136:0>>, 5</tmp/x>(deleted), 6</y (deleted)>");
  ASSERT_EQ(values.size(), 6U);
  EXPECT_EQ(values[0].path, "/etc/a, b");
  EXPECT_EQ(values[0].Number(), 3U);
  EXPECT_EQ(values[1].text, "AT_FDCWD");
  EXPECT_EQ(values[1].path, "/home");
  EXPECT_EQ(values[2].path, "pipe:[1]");
  EXPECT_EQ(values[3].path, "/dev/pts/0");
  EXPECT_EQ(values[4].path, "/tmp/x");
  EXPECT_EQ(values[5].path, "/y");
}

TEST(TraceValue, StructuresAndArraysNest) {
  const std::vector<TraceValue> values = Parse(
      "{flags=CLONE_VM|CLONE_FILES, list=[1, {a=2}]} => {parent_tid=[7]}, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}]");
  ASSERT_EQ(values.size(), 2U);
  ASSERT_NE(values[0].Find("flags"), nullptr);
  EXPECT_EQ(values[0].Find("flags")->Number(), 0x500U);
  ASSERT_NE(values[0].Find("list"), nullptr);
  EXPECT_EQ(values[0].Find("list")->items[1].Find("a")->text, "2");
  EXPECT_EQ(values[0].Find("nothing"), nullptr);
  EXPECT_EQ(values[1].items.size(), 1U);
}

TEST(TraceValue, AnArgumentMayHaveAName) {
  const std::vector<TraceValue> values = Parse("child_stack=NULL, flags=CLONE_VM|SIGCHLD");
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[1].name, "flags");
  EXPECT_EQ(values[1].Number(), 0x100U | 17U);
}

TEST(TraceValue, WhatIsNotClosedIsNoList) {
  for (const char* text : {"\"abc", "[1, 2", "{a=1", "3</etc/passwd", "f(1", "[1}", "1)", "}", "/* abc", "\"abc\\"}) {
    EXPECT_FALSE(ParseTraceValues(text).has_value()) << text;
  }
}

TEST(TraceValue, NestingEndsAtItsLimit) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(ParseTraceValues(nested(kMaxTraceValueDepth)).has_value());
  EXPECT_FALSE(ParseTraceValues(nested(kMaxTraceValueDepth + 1)).has_value());
  EXPECT_FALSE(ParseTraceValues(nested(1'000'000)).has_value());
}

TEST(TraceValue, BracketsOfAnyKindEndAtTheirLimit) {
  const auto nested = [](std::size_t depth) { return "f" + std::string(depth, '(') + std::string(depth, ')'); };
  EXPECT_TRUE(ParseTraceValues(nested(kMaxOpenBrackets)).has_value());
  EXPECT_FALSE(ParseTraceValues(nested(kMaxOpenBrackets + 1)).has_value());
}

TEST(TraceNumber, NumbersOfEveryWriting) {
  EXPECT_EQ(EvaluateTraceNumber("0"), 0U);
  EXPECT_EQ(EvaluateTraceNumber("4096"), 4096U);
  EXPECT_EQ(EvaluateTraceNumber("0x7ffff7fc0000"), 0x7ffff7fc0000U);
  EXPECT_EQ(EvaluateTraceNumber("-1"), ~std::uint64_t{0});
  EXPECT_EQ(EvaluateTraceNumber("18446744073709551615"), ~std::uint64_t{0});
  EXPECT_EQ(EvaluateTraceNumber("0600"), 0600U);
  EXPECT_EQ(EvaluateTraceNumber("8192*1024"), 8192U * 1024);
  EXPECT_EQ(EvaluateTraceNumber("RLIM64_INFINITY"), ~std::uint64_t{0});
  EXPECT_EQ(EvaluateTraceNumber("MAP_PRIVATE|MAP_ANONYMOUS|0x40"), 0x62U);
  EXPECT_EQ(EvaluateTraceNumber("MAP_HUGETLB|21<<MAP_HUGE_SHIFT"), 0x40000U | (21U << 26));
}

TEST(TraceNumber, WhatHasNoValue) {
  for (const char* text :
       {"", "|", "1|", "PROT_NOTHING", "0x", "0xg", "08", "1<<64", "1*", "18446744073709551616", "f(1)"}) {
    EXPECT_EQ(EvaluateTraceNumber(text), std::nullopt) << text;
  }
}

TEST(ClosingParenthesis, IsFoundBehindWhatHidesOthers) {
  EXPECT_EQ(FindClosingParenthesis("1, 2) = 0"), 4U);
  EXPECT_EQ(FindClosingParenthesis("\"a)\", 3</b)>, f(x)) = 0"), 18U);
  EXPECT_EQ(FindClosingParenthesis("1, 2"), std::nullopt);
  EXPECT_EQ(FindClosingParenthesis("1, 2]"), std::nullopt);
}

}  // namespace
}  // namespace memsim::replay
