#include "client/cli/arguments.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cli/usage_error.h"

namespace memsim::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<FlagSpec>& Globals() {
  static const auto* const kGlobals =
      new std::vector<FlagSpec>{{"server", "ADDRESS", ""}, {"json", "", ""}, {"help", "", ""}};
  return *kGlobals;
}

CommandSpec Mmap() {
  CommandSpec spec{"mmap", "", "", "", {}, {}, {}};
  spec.flags = {{"length", "SIZE", "", Presence::kRequired},
                {"old-length", "SIZE", ""},
                {"fd", "NUMBER", ""},
                {"mapping", "ROW", "", Presence::kOptional, Repetition::kMany}};
  return spec;
}

CommandSpec Proc() {
  CommandSpec spec{"proc", "", "", "", {}, {}, {}};
  spec.positionals = {{"MACHINE", ""}, {"PATH", "", Presence::kOptional, Repetition::kMany}};
  return spec;
}

absl::StatusOr<Arguments> Parse(const CommandSpec& spec, const std::vector<std::string>& words) {
  return ParseArguments(spec, Globals(), words);
}

std::string Error(const CommandSpec& spec, const std::vector<std::string>& words) {
  const auto arguments = Parse(spec, words);
  EXPECT_FALSE(arguments.ok());
  EXPECT_TRUE(IsUsageError(arguments.status()));
  return std::string(arguments.status().message());
}

TEST(ArgumentsTest, ADeclaredLetterStandsForItsFlag) {
  CommandSpec spec = Proc();
  spec.flags = {{"output", "FILE", "", Presence::kRequired}};
  spec.flags[0].letter = 'o';
  const auto arguments = Parse(spec, {"-o", "a", "lab", "--", "-o"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_EQ(arguments->Get("output"), "a");
  EXPECT_THAT(arguments->positionals(), ElementsAre("lab", "-o"));
  EXPECT_THAT(Error(spec, {"lab", "-o"}), HasSubstr("--output needs a value"));
  // In commands that declare none it is a word like others.
  EXPECT_THAT(Parse(Proc(), {"lab", "-o"})->positionals(), ElementsAre("lab", "-o"));
}

TEST(ArgumentsTest, ValuesFollowTheirFlagOrAnEqualsSign) {
  const auto arguments = Parse(Mmap(), {"--length", "64KiB", "--fd=-1", "--json"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_EQ(arguments->Get("length"), "64KiB");
  EXPECT_EQ(arguments->Get("fd"), "-1");
  EXPECT_TRUE(arguments->Has("json"));
  EXPECT_FALSE(arguments->Has("server"));
  EXPECT_EQ(arguments->Get("server"), std::nullopt);
}

TEST(ArgumentsTest, AValueMayBeginWithOneDash) {
  const auto arguments = Parse(Mmap(), {"--fd", "-1", "--length", "1"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_EQ(arguments->Get("fd"), "-1");
}

TEST(ArgumentsTest, AValueMayBeEmptyOrHaveEqualsSigns) {
  const auto arguments = Parse(Mmap(), {"--length=", "--fd=a=b"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_EQ(arguments->Get("length"), "");
  EXPECT_EQ(arguments->Get("fd"), "a=b");
}

TEST(ArgumentsTest, FlagsMayBeWrittenWithUnderscores) {
  const auto arguments = Parse(Mmap(), {"--length", "1", "--old_length", "2"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_EQ(arguments->Get("old-length"), "2");
}

TEST(ArgumentsTest, ABeginningThatNoOtherFlagSharesIsEnough) {
  const auto arguments = Parse(Mmap(), {"--len", "1", "--old=2", "--js", "--m", "row"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_EQ(arguments->Get("length"), "1");
  EXPECT_EQ(arguments->Get("old-length"), "2");
  EXPECT_TRUE(arguments->Has("json"));
  CommandSpec twins = Mmap();
  twins.flags.push_back({"length-limit", "SIZE", ""});
  EXPECT_THAT(Error(twins, {"--len", "1"}), HasSubstr("--len may mean --length or --length-limit"));
  EXPECT_TRUE(Parse(twins, {"--length", "1"}).ok()) << "a whole name is itself";
}

TEST(ArgumentsTest, RepeatedFlagsKeepTheirOrder) {
  const auto arguments = Parse(Mmap(), {"--mapping", "b", "--length", "1", "--mapping", "a"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_THAT(arguments->GetAll("mapping"), ElementsAre("b", "a"));
  EXPECT_THAT(arguments->GetAll("fd"), ElementsAre());
}

TEST(ArgumentsTest, FlagsAndPositionalWordsMix) {
  const auto arguments = Parse(Proc(), {"demo", "--json", "meminfo", "--server", "x:1", "1/maps"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_THAT(arguments->positionals(), ElementsAre("demo", "meminfo", "1/maps"));
  EXPECT_EQ(arguments->Positional(1), "meminfo");
  EXPECT_EQ(arguments->Positional(3), std::nullopt);
}

TEST(ArgumentsTest, AfterTwoDashesAllWordsArePositional) {
  const auto arguments = Parse(Proc(), {"--", "--json", "-h"});
  ASSERT_TRUE(arguments.ok()) << arguments.status();
  EXPECT_THAT(arguments->positionals(), ElementsAre("--json", "-h"));
  EXPECT_FALSE(arguments->Has("json"));
}

TEST(ArgumentsTest, HelpDemandsNothingElse) {
  for (const char* word : {"--help", "-h"}) {
    const auto arguments = Parse(Mmap(), {word});
    ASSERT_TRUE(arguments.ok()) << arguments.status();
    EXPECT_TRUE(arguments->Has("help"));
  }
}

TEST(ArgumentsTest, MistakesNameTheFlagAndTheRemedy) {
  EXPECT_THAT(Error(Mmap(), {"--lenght", "1"}), HasSubstr("no flag --lenght; did you mean --length?"));
  EXPECT_THAT(Error(Mmap(), {}), HasSubstr("needs --length SIZE"));
  EXPECT_THAT(Error(Mmap(), {"--length"}), HasSubstr("--length needs a value: --length SIZE"));
  EXPECT_THAT(Error(Mmap(), {"--length", "--fd", "1"}), HasSubstr("--length needs a value"));
  EXPECT_THAT(Error(Mmap(), {"--length", "1", "--length", "2"}), HasSubstr("--length is given twice"));
  EXPECT_THAT(Error(Mmap(), {"--length", "1", "--json=yes"}), HasSubstr("--json takes no value"));
  EXPECT_THAT(Error(Mmap(), {"--length", "1", "word"}), HasSubstr("\"word\""));
  EXPECT_THAT(Error(Proc(), {}), HasSubstr("needs MACHINE"));
}

TEST(ArgumentsTest, GlobalFlagsStandBeforeTheCommandToo) {
  const std::vector<std::string> words = {"--server", "x:1", "--json", "mmap", "--length", "1"};
  const auto count = CountLeadingFlags(Globals(), words);
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(*count, 3U);
}

TEST(ArgumentsTest, ACommandsFlagBeforeItIsAMistake) {
  const std::vector<std::string> words = {"--length", "1", "mmap"};
  const auto count = CountLeadingFlags(Globals(), words);
  ASSERT_FALSE(count.ok());
  EXPECT_THAT(std::string(count.status().message()), HasSubstr("flags of a command stand after it"));
}

TEST(ArgumentsTest, WhatIsNoUtf8IsRefusedByNameUnlessItIsAFile) {
  EXPECT_EQ(Error(Mmap(), {"--length", "\xff"}), "--length: \"?\" is no UTF-8");
  EXPECT_EQ(Error(Proc(), {"demo", "a\xc3"}), "PATH: \"a?\" is no UTF-8");
  EXPECT_TRUE(Parse(Proc(), {"demo", "\xc3\xa9"}).ok());
  CommandSpec run = Proc();
  run.positionals[1].kind = PositionalKind::kFileName;
  EXPECT_TRUE(Parse(run, {"demo", "\xff"}).ok());
}

TEST(ArgumentsTest, EchoesAreCutAndSteerNoTerminal) {
  EXPECT_THAT(Error(Mmap(), {"--\x1b[31m"}), HasSubstr("no flag --?[31m"));
  EXPECT_LT(Error(Mmap(), {"--" + std::string(100000, 'x')}).size(), 600U);
}

}  // namespace
}  // namespace memsim::cli
