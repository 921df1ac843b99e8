// The commands as typed, up to the point where a server would be needed.

#include "client/cli/command_line.h"

#include <set>
#include <sstream>

#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

#include "client/cli/help.h"
#include "proto/operations.h"

namespace memsim::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

struct Outcome {
  ExitCode exit;
  std::string out;
  std::string err;
};

// Port 1 is nobody's: a command that gets as far as a server fails with UNAVAILABLE.
Outcome Type(const std::vector<std::string>& words, const std::string& input = "",
             std::optional<std::string> machine = {}) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Session session({in, out, err, "127.0.0.1:1", std::move(machine)});
  const ExitCode exit = RunCommandLine(words, session);
  return {exit, out.str(), err.str()};
}

TEST(CommandLineTest, NothingTypedIsUsage) {
  const Outcome outcome = Type({});
  EXPECT_EQ(outcome.exit, ExitCode::kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("Usage: memsim COMMAND"));
}

TEST(CommandLineTest, HelpListsEveryCommandOnce) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"help"}, {"--help"}, {"-h"}, {"--json", "--help"}}) {
    const Outcome outcome = Type(words);
    EXPECT_EQ(outcome.exit, ExitCode::kFine);
    for (const Command& command : Commands()) EXPECT_THAT(outcome.out, HasSubstr("\n  " + command.spec.name + " "));
  }
  std::set<std::string> names;
  std::set<std::string> sections;
  std::string last_section;
  for (const Command& command : Commands()) {
    EXPECT_TRUE(names.insert(command.spec.name).second) << command.spec.name << " stands for two commands";
    if (command.spec.section != last_section) {
      EXPECT_TRUE(sections.insert(command.spec.section).second) << command.spec.section << " is in two places";
    }
    last_section = command.spec.section;
  }
}

TEST(CommandLineTest, EveryCallHasItsCommand) {
  for (const Operation& operation : Operations()) {
    const std::vector<std::string> words = {operation.name()};
    const auto found = FindCommand(words);
    ASSERT_TRUE(found.ok()) << operation.name() << ": " << found.status();
    EXPECT_EQ(found->command->spec.name, operation.name());
  }
}

TEST(CommandLineTest, EveryCommandHasHelpAndExamplesHoweverItIsAsked) {
  for (const Command& command : Commands()) {
    std::vector<std::string> name;
    std::istringstream split(command.spec.name);
    for (std::string word; split >> word;) name.push_back(word);
    std::vector<std::string> after = name;
    after.emplace_back("--help");
    std::vector<std::string> before = {"help"};
    before.insert(before.end(), name.begin(), name.end());
    std::vector<std::string> global = {"--help"};
    global.insert(global.end(), name.begin(), name.end());
    const Outcome outcome = Type(after);
    EXPECT_EQ(outcome.exit, ExitCode::kFine) << command.spec.name;
    EXPECT_THAT(outcome.out, HasSubstr("Usage: memsim " + command.spec.name));
    EXPECT_THAT(outcome.out, HasSubstr("\nExamples:\n  memsim "));
    EXPECT_THAT(outcome.out, HasSubstr("\n  memsim " + command.spec.name));
    EXPECT_EQ(Type(before).out, outcome.out) << command.spec.name;
    EXPECT_EQ(Type(global).out, outcome.out) << command.spec.name;
  }
}

TEST(CommandLineTest, GroupsHaveHelpToo) {
  EXPECT_EQ(Type({"machine", "--help"}).exit, ExitCode::kFine);
  EXPECT_THAT(Type({"help", "machine"}).out, HasSubstr("machine create"));
  EXPECT_EQ(Type({"machine"}).exit, ExitCode::kUsage);
  EXPECT_THAT(Type({"machine"}).err, HasSubstr("machine delete"));
}

TEST(CommandLineTest, AGroupMayBeAskedForHelpAsTheProgramMay) {
  EXPECT_EQ(Type({"machine", "help"}).out, Type({"help", "machine"}).out);
  EXPECT_EQ(Type({"machine", "help", "create"}).out, Type({"machine", "create", "--help"}).out);
  EXPECT_EQ(Type({"help", "help"}).out, Type({"help"}).out);
}

TEST(CommandLineTest, HelpTakesGlobalFlagsAndRefusesASecondCommand) {
  EXPECT_EQ(Type({"help", "--json"}).out, Type({"help"}).out);
  EXPECT_EQ(Type({"help", "--json", "brk"}).out, Type({"brk", "--help"}).out);
  EXPECT_EQ(Type({"help", "brk", "--timeout", "5s"}).out, Type({"brk", "--help"}).out);
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"help", "brk", "mmap"}, {"help", "machine", "list", "mmap"}}) {
    const Outcome outcome = Type(words);
    EXPECT_EQ(outcome.exit, ExitCode::kUsage);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, HasSubstr("\"mmap\""));
  }
}

TEST(CommandLineTest, UnknownNamesAreAnsweredWithTheNearest) {
  const auto error = [](const std::vector<std::string>& words) {
    const Outcome outcome = Type(words);
    EXPECT_EQ(outcome.exit, ExitCode::kUsage);
    EXPECT_THAT(outcome.out, IsEmpty());
    return outcome.err;
  };
  EXPECT_THAT(error({"mmpa"}), HasSubstr("did you mean mmap?"));
  EXPECT_THAT(error({"hlep"}), HasSubstr("did you mean help?"));
  EXPECT_THAT(error({"machnie", "list"}), HasSubstr("did you mean machine?"));
  EXPECT_THAT(error({"machine", "craete"}), HasSubstr("did you mean create?"));
  EXPECT_THAT(error({"help", "mmpa"}), HasSubstr("did you mean mmap?"));
  EXPECT_THAT(error({"--sever", "x:1", "machine", "list"}), HasSubstr("did you mean --server?"));
  EXPECT_THAT(error({"mmap", "--lenght", "1"}), HasSubstr("did you mean --length?"));
  EXPECT_THAT(error({"constants", "PORT"}), HasSubstr("did you mean PROT?"));
  EXPECT_THAT(error({"run", "demo", "-", "--stop-on", "erno"}), HasSubstr("did you mean errno?"));
}

TEST(CommandLineTest, ADeadServerIsNamedWithTheRemedy) {
  const Outcome outcome = Type({"machine", "list"});
  EXPECT_EQ(outcome.exit, ExitCode::kFailed);
  EXPECT_THAT(outcome.err, HasSubstr("UNAVAILABLE: no memsim server answers at 127.0.0.1:1; start one with memsimd"));
}

TEST(CommandLineTest, GlobalFlagsStandBeforeOrAfter) {
  const Outcome before = Type({"--server", "unix:/nowhere", "--json", "machine", "list"});
  const Outcome after = Type({"machine", "list", "--server=unix:/nowhere", "--json"});
  EXPECT_EQ(before.err, after.err);
  EXPECT_EQ(before.exit, ExitCode::kFailed);
  EXPECT_THAT(before.err, HasSubstr("unix:/nowhere"));
}

TEST(CommandLineTest, GlobalFlagsStandBetweenTheWordsOfACommandToo) {
  const Outcome between = Type({"machine", "--server", "unix:/nowhere", "--json", "list"});
  EXPECT_EQ(between.err, Type({"machine", "list", "--server=unix:/nowhere", "--json"}).err);
  EXPECT_EQ(between.exit, ExitCode::kFailed);
  EXPECT_THAT(Type({"machine", "--tenant", "x", "list"}).err, HasSubstr("flags of a command stand after it"));
}

TEST(CommandLineTest, ErrorsAreJsonWhereJsonIsAsked) {
  const Outcome outcome = Type({"machine", "list", "--json"});
  google::protobuf::Struct error;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(outcome.err, &error).ok()) << outcome.err;
  const auto& fields = error.fields().at("error").struct_value().fields();
  EXPECT_EQ(fields.at("code").string_value(), "UNAVAILABLE");
  EXPECT_EQ(fields.at("reason").string_value(), "");
}

TEST(CommandLineTest, MistakesAreJsonWhereverTheFlagStands) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"--json"},
                                                                                     {"--json", "brk", "--porto"},
                                                                                     {"brk", "--porto", "--json"},
                                                                                     {"--js", "mahcine"},
                                                                                     {"--json", "help", "nope"},
                                                                                     {"machine", "--json"},
                                                                                     {"machine", "--json", "lsit"},
                                                                                     {"--timeout", "--json"}}) {
    const Outcome outcome = Type(words);
    EXPECT_EQ(outcome.exit, ExitCode::kUsage);
    google::protobuf::Struct error;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(outcome.err, &error).ok()) << outcome.err;
    EXPECT_EQ(error.fields().at("error").struct_value().fields().at("reason").string_value(), "USAGE");
  }
  EXPECT_THAT(Type({"proc", "--", "--json"}).err, HasSubstr("Usage: ")) << "no flag behind the two dashes";
}

TEST(CommandLineTest, ALocalServerIsKnownByName) {
  EXPECT_THAT(Type({"machine", "list", "--server", "loacl"}).err, HasSubstr("did you mean local?"));
}

TEST(CommandLineTest, BadGlobalValuesAreUsage) {
  for (const char* address : {"", "nonsense", "host:", ":1", "host:0", "host:65536", "host:x", "unix:", "local"}) {
    EXPECT_EQ(Type({"machine", "list", "--server", address}).exit, ExitCode::kUsage) << address;
  }
  for (const char* timeout : {"", "5", "-1s", "0s", "soon"}) {
    EXPECT_EQ(Type({"machine", "list", "--timeout", timeout}).exit, ExitCode::kUsage) << timeout;
  }
}

TEST(CommandLineTest, AMistakeInATimeoutSaysWhichItIs) {
  EXPECT_THAT(Type({"machine", "list", "--timeout", "0s"}).err, HasSubstr("--timeout: 0s is not above 0"));
  EXPECT_THAT(Type({"machine", "list", "--timeout", "-1s"}).err, HasSubstr("--timeout: -1s is not above 0"));
  EXPECT_THAT(Type({"machine", "list", "--timeout", "soon"}).err, HasSubstr("\"soon\" is no duration"));
}

TEST(CommandLineTest, AServerThatMakesNoSenseIsBlamedOnWhoNamedIt) {
  const auto error = [](const std::vector<std::string>& words) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    Session session({in, out, err, "nonsense"});
    EXPECT_EQ(RunCommandLine(words, session), ExitCode::kUsage);
    return err.str();
  };
  EXPECT_THAT(error({"machine", "list"}), StartsWith("memsim: MEMSIM_SERVER: "));
  EXPECT_THAT(error({"machine", "list", "--server", "bad"}), StartsWith("memsim: --server: "));
}

TEST(CommandLineTest, ACallNeedsAMachine) {
  EXPECT_EQ(Type({"brk"}).exit, ExitCode::kUsage);
  EXPECT_THAT(Type({"brk"}).err, HasSubstr("--machine"));
  EXPECT_EQ(Type({"brk", "--machine", "demo"}).exit, ExitCode::kFailed);
  EXPECT_EQ(Type({"brk"}, "", "demo").exit, ExitCode::kFailed) << "the environment names it";
}

TEST(CommandLineTest, DashesAndUnderscoresAreTheSameInCommands) {
  EXPECT_EQ(Type({"exit-group", "--help"}).out, Type({"exit_group", "--help"}).out);
}

TEST(CommandLineTest, AFileOfCallsIsReadWholeBeforeTheFirstRuns) {
  const Outcome outcome = Type({"run", "demo", "-"}, "brk\nmmpa\n");
  EXPECT_EQ(outcome.exit, ExitCode::kUsage);
  EXPECT_THAT(outcome.err, HasSubstr("stdin:2: there is no call \"mmpa\""));
  EXPECT_EQ(Type({"run", "demo", "-"}, "brk\n").exit, ExitCode::kFailed) << "there is no server";
  EXPECT_EQ(Type({"run", "demo", "/no/such/file"}).exit, ExitCode::kUsage);
  EXPECT_EQ(Type({"run", "demo", "/"}).exit, ExitCode::kUsage) << "a directory";
}

TEST(CommandLineTest, ARawTableOfLocksIsNoJson) {
  EXPECT_EQ(Type({"locks", "demo", "--raw", "--json"}).exit, ExitCode::kUsage);
}

TEST(CommandLineTest, BatchesHaveALimit) {
  EXPECT_EQ(Type({"run", "demo", "-", "--batch", "0"}).exit, ExitCode::kUsage);
  EXPECT_EQ(Type({"run", "demo", "-", "--batch", "1"}).exit, ExitCode::kFine) << "no calls, so no server";
  EXPECT_EQ(Type({"run", "demo", "-", "--batch", "10000"}).exit, ExitCode::kFine);
  EXPECT_EQ(Type({"run", "demo", "-", "--batch", "10001"}).exit, ExitCode::kUsage);
}

TEST(CommandLineTest, ConstantsAreListed) {
  EXPECT_THAT(Type({"constants", "prot"}).out, HasSubstr("PROT_WRITE"));
  EXPECT_THAT(Type({"constants"}).out, HasSubstr("MADV_DONTNEED"));
  EXPECT_THAT(Type({"constants", "AT", "--json"}).out, HasSubstr("\"value\":\"-100\""));
}

}  // namespace
}  // namespace memsim::cli
