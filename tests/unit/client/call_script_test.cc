#include "client/cli/call_script.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cli/usage_error.h"

namespace memsim::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Error(absl::string_view text) {
  const auto calls = ParseCallScript("calls.txt", text);
  EXPECT_FALSE(calls.ok());
  EXPECT_TRUE(IsUsageError(calls.status()));
  return std::string(calls.status().message());
}

TEST(CallScriptTest, WordsAndJsonAndComments) {
  const auto calls = ParseCallScript("calls.txt",
                                     "# a comment\n"
                                     "\n"
                                     "mmap --length 64KiB --store-as 1   # another\r\n"
                                     "  exit-group --pid 2\n"
                                     "{\"store_as\": 2, \"brk\": {\"pid\": 1}}");
  ASSERT_TRUE(calls.ok()) << calls.status();
  ASSERT_EQ(calls->size(), 3U);
  EXPECT_EQ((*calls)[0].line, 3U);
  EXPECT_EQ((*calls)[0].operation, "mmap");
  EXPECT_EQ((*calls)[0].call.store_as(), 1U);
  EXPECT_EQ((*calls)[1].line, 4U);
  EXPECT_EQ((*calls)[1].operation, "exit_group");
  EXPECT_EQ((*calls)[2].line, 5U);
  EXPECT_EQ((*calls)[2].operation, "brk");
  EXPECT_EQ((*calls)[2].call.ShortDebugString(), "store_as: 2 brk { pid: 1 }") << "no defaults in JSON";
}

TEST(CallScriptTest, NothingIsNoCalls) { EXPECT_TRUE(ParseCallScript("calls.txt", "\n# only this\n")->empty()); }

TEST(CallScriptTest, AByteOrderMarkIsPassedOver) {
  const auto calls = ParseCallScript("calls.txt",
                                     "\xef\xbb\xbf"
                                     "brk\n");
  ASSERT_TRUE(calls.ok()) << calls.status();
  EXPECT_EQ(calls->size(), 1U);
  EXPECT_THAT(Error("brk\n\xef\xbb\xbf"
                    "brk\n"),
              HasSubstr("calls.txt:2"))
      << "at the beginning only";
}

TEST(CallScriptTest, MistakesAreRepeatedUpToALimit) { EXPECT_LT(Error(std::string(200000, '[')).size(), 600U); }

TEST(CallScriptTest, MistakesNameTheFileAndTheLine) {
  EXPECT_THAT(Error("brk\nmmpa --length 1\n"), HasSubstr("calls.txt:2: there is no call \"mmpa\"; did you mean mmap?"));
  EXPECT_THAT(Error("mmap --lenght 1"),
              HasSubstr("calls.txt:1: memsim mmap has no flag --lenght; did you mean --length?"));
  EXPECT_THAT(Error("mmap --length 1 --machine demo"), HasSubstr("no flag --machine"));
  EXPECT_THAT(Error("memsim brk --pid 1"), HasSubstr("calls.txt:1: leave out \"memsim\""));
  EXPECT_THAT(Error("\n\n{\"mmap\": 5}"), HasSubstr("calls.txt:3: no Call as JSON"));
  EXPECT_THAT(Error("{}"), HasSubstr("no operation"));
  EXPECT_THAT(Error("{"), HasSubstr("calls.txt:1"));
  EXPECT_THAT(Error("unlink --path '/x"), HasSubstr("a ' is not closed"));
  EXPECT_THAT(Error("\x01\xff\xfe garbage"), HasSubstr("calls.txt:1"));
}

TEST(SplitWordsTest, QuotesKeepBlanksAndMakeEmptyWords) {
  EXPECT_THAT(*SplitWords("a 'b c' \"d 'e'\" ''"), ElementsAre("a", "b c", "d 'e'", ""));
  EXPECT_THAT(*SplitWords("a--b'c d'e"), ElementsAre("a--bc de"));
  EXPECT_THAT(*SplitWords("a#b #c"), ElementsAre("a#b"));
  EXPECT_THAT(*SplitWords("'#' x"), ElementsAre("#", "x"));
  EXPECT_THAT(*SplitWords(" \t "), ElementsAre());
}

}  // namespace
}  // namespace memsim::cli
