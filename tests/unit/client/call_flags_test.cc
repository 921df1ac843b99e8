#include "client/cli/call_flags.h"

#include <algorithm>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "client/cli/call_hints.h"
#include "client/cli/call_script.h"
#include "client/cli/usage_error.h"

namespace memsim::cli {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<v1::Call> Parse(const char* operation, const std::vector<std::string>& words) {
  const Operation& found = *FindOperation(operation);
  const auto arguments = ParseArguments(CallCommandSpec(found), {}, words);
  if (!arguments.ok()) return arguments.status();
  return CallFromArguments(found, *arguments);
}

TEST(CallFlagsTest, MmapIsPrivateAndAnonymousAndInInitUnlessItIsSaid) {
  const auto call = Parse("mmap", {"--length", "64KiB"});
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->ShortDebugString(), "mmap { pid: 1 length_bytes: 65536 prot: 3 flags: 34 fd: -1 }");
}

TEST(CallFlagsTest, MmapOfAFileIsNotAnonymous) {
  const auto call = Parse("mmap", {"--length", "4096", "--fd", "3", "--prot", "r"});
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->ShortDebugString(), "mmap { pid: 1 length_bytes: 4096 prot: 1 flags: 2 fd: 3 }");
}

TEST(CallFlagsTest, WhatIsSaidBeatsTheDefault) {
  const auto call = Parse("mmap", {"--length", "0", "--flags", "0", "--prot", "NONE", "--pid", "$2", "--fd", "0"});
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->ShortDebugString(), "mmap { pid_slot: 2 }");
}

TEST(CallFlagsTest, TheAnswerGoesIntoASlot) {
  EXPECT_EQ(Parse("fork", {"--store-as", "65535"})->store_as(), 65535U);
  EXPECT_EQ(Parse("fork", {"--store-as", "$7"})->store_as(), 7U);
  EXPECT_THAT(std::string(Parse("fork", {"--store-as", "0"}).status().message()), HasSubstr("write 1 to 65535"));
  EXPECT_THAT(std::string(Parse("fork", {"--store-as", "65536"}).status().message()), HasSubstr("--store-as"));
}

TEST(CallFlagsTest, BytesAreTextOrHexadecimalDigits) {
  EXPECT_EQ(Parse("store", {"--address", "0", "--data", "a b"})->store().data(), "a b");
  EXPECT_EQ(Parse("store", {"--address", "0", "--hex", "00fFa1"})->store().data(), std::string("\0\xff\xa1", 3));
  EXPECT_THAT(std::string(Parse("store", {"--address", "0", "--hex", "0"}).status().message()),
              HasSubstr("two for each byte"));
  EXPECT_THAT(std::string(Parse("store", {"--address", "0", "--hex", "0x"}).status().message()),
              HasSubstr("two for each byte"));
  EXPECT_THAT(std::string(Parse("store", {"--address", "0", "--hex", "00", "--data", "a"}).status().message()),
              HasSubstr("give one of them"));
}

TEST(CallFlagsTest, AnOptionalFieldIsAbsentUntilItIsSaid) {
  EXPECT_FALSE(Parse("dup", {"--fd", "3"})->dup().has_new_fd());
  EXPECT_TRUE(Parse("dup", {"--fd", "3", "--new-fd", "0"})->dup().has_new_fd());
}

TEST(CallFlagsTest, FlagsThatACallCannotDoWithoutAreDemanded) {
  EXPECT_THAT(std::string(Parse("munmap", {"--address", "0x1000"}).status().message()), HasSubstr("--length SIZE"));
  EXPECT_THAT(std::string(Parse("exit_group", {}).status().message()), HasSubstr("--pid PID")) << "init never exits";
}

TEST(CallFlagsTest, EveryCallHasASubcommandWithHelpAndExamples) {
  for (const Operation& operation : Operations()) {
    ASSERT_NE(operation.method, nullptr) << operation.name();
    const CommandSpec spec = CallCommandSpec(operation);
    EXPECT_EQ(spec.name, operation.name());
    EXPECT_FALSE(spec.summary.empty()) << spec.name << ": comment its method in the proto";
    EXPECT_THAT(spec.section, HasSubstr(" calls"));
    EXPECT_FALSE(spec.examples.empty()) << spec.name << ": give client/cli/call_hints.cc a row";
    for (const FlagSpec& flag : spec.flags) EXPECT_FALSE(flag.help.empty()) << spec.name << " --" << flag.name;
  }
}

TEST(CallFlagsTest, EveryExampleMeansACallOfItsOperation) {
  for (const Operation& operation : Operations()) {
    CommandSpec spec = CallCommandSpec(operation);
    spec.flags.push_back({"machine", "MACHINE", ""});
    for (const std::string& example : spec.examples) {
      const auto words = SplitWords(example);
      ASSERT_TRUE(words.ok()) << example;
      ASSERT_GT(words->size(), 2U) << example;
      EXPECT_EQ((*words)[0], "memsim");
      if ((*words)[1] != operation.name()) {
        // Makes what the next example uses, and is an example of its own command.
        const std::set<std::string> kMakers = {
            "shmget", "shmat", "open", "kmem_cache_create", "kmem_cache_alloc", "kmem_cache_alloc_bulk", "kmalloc"};
        EXPECT_EQ(kMakers.count((*words)[1]), 1U) << example;
        EXPECT_NE(example, spec.examples.back()) << example;
        continue;
      }
      const auto arguments = ParseArguments(spec, {}, std::vector<std::string>(words->begin() + 2, words->end()));
      ASSERT_TRUE(arguments.ok()) << example << ": " << arguments.status();
      EXPECT_TRUE(CallFromArguments(operation, *arguments).ok()) << example;
    }
  }
}

TEST(CallFlagsTest, HintsSpeakOfFlagsThatExist) {
  for (const Operation& operation : Operations()) {
    const CommandSpec spec = CallCommandSpec(operation);
    const auto known = [&](const std::string& name) {
      return std::any_of(spec.flags.begin(), spec.flags.end(), [&](const FlagSpec& flag) { return flag.name == name; });
    };
    const CallHints& hints = HintsFor(operation.name());
    for (const std::string& flag : hints.required) EXPECT_TRUE(known(flag)) << spec.name << " " << flag;
    for (const FlagDefault& value : hints.defaults) EXPECT_TRUE(known(value.flag)) << spec.name << " " << value.flag;
  }
}

}  // namespace
}  // namespace memsim::cli
