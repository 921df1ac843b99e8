#include "client/cli/command_line.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

#include "client/cli/help.h"
#include "client/cli/json_object.h"
#include "client/cli/usage_error.h"
#include "client/library/errors.h"
#include "client/library/nearest_name.h"

namespace memsim::cli {
namespace {

// exit-group is exit_group: flags have dashes, so people will write them here too.
std::string CanonicalCommandName(absl::string_view word) { return absl::StrReplaceAll(word, {{"-", "_"}}); }

bool IsGroup(const std::string& word) {
  return std::any_of(Commands().begin(), Commands().end(),
                     [&](const Command& command) { return absl::StartsWith(command.spec.name, word + " "); });
}

const Command* FindExactly(const std::string& name) {
  const auto found = std::find_if(Commands().begin(), Commands().end(),
                                  [&](const Command& command) { return command.spec.name == name; });
  return found == Commands().end() ? nullptr : &*found;
}

absl::Status UnknownCommand(const std::string& group, const std::string& word) {
  std::set<std::string> names;
  for (const Command& command : Commands()) {
    absl::string_view name = command.spec.name;
    if (group.empty()) {
      names.emplace(name.substr(0, name.find(' ')));
    } else if (absl::ConsumePrefix(&name, group + " ")) {
      names.emplace(name);
    }
  }
  if (group.empty()) names.insert("help");
  const std::string help = group.empty() ? "memsim help" : absl::StrCat("memsim ", group, " --help");
  return UsageError(group.empty() ? "there is" : absl::StrCat("memsim ", group, " has"), " no command \"", word, "\"",
                    client::DidYouMean(word, {names.begin(), names.end()}), " (", help, " lists them)");
}

// help, help COMMAND, COMMAND --help.
ExitCode PrintHelp(absl::Span<const std::string> words, Session& session) {
  if (words.empty()) {
    session.out() << OverviewHelp(Commands());
    return ExitCode::kFine;
  }
  const absl::StatusOr<FoundCommand> found = FindCommand(words);
  if (!found.ok()) {
    session.err() << "memsim: " << found.status().message() << "\n";
    return ExitCode::kUsage;
  }
  session.out() << (found->command != nullptr ? CommandHelp(found->command->spec) : GroupHelp(Commands(), words[0]));
  return ExitCode::kFine;
}

ExitCode PrintError(const absl::Status& status, const Command* command, Session& session) {
  const bool usage = IsUsageError(status);
  if (session.json()) {
    JsonObject error;
    error.Add("code", absl::StatusCodeToString(status.code()))
        .Add("reason", usage ? "USAGE" : client::ErrorReasonNameOf(status))
        .Add("message", status.message());
    session.err() << JsonObject().AddObject("error", error).ToString() << "\n";
  } else if (usage) {
    session.err() << "memsim: " << status.message() << "\n";
    if (command != nullptr) {
      session.err() << "Usage: " << UsageLine(command->spec) << "\nmemsim " << command->spec.name
                    << " --help tells more.\n";
    }
  } else {
    session.err() << "memsim: " << client::DescribeError(status) << "\n";
  }
  return usage ? ExitCode::kUsage : ExitCode::kFailed;
}

ExitCode Execute(const Command& command, const Arguments& arguments, Session& session) {
  if (absl::Status status = session.Configure(arguments); !status.ok()) return PrintError(status, &command, session);
  const absl::StatusOr<ExitCode> result = command.run(arguments, session);
  if (!result.ok()) return PrintError(result.status(), &command, session);
  session.out().flush();
  if (!session.out()) return PrintError(absl::UnknownError("cannot write the output"), nullptr, session);
  return *result;
}

}  // namespace

absl::StatusOr<FoundCommand> FindCommand(absl::Span<const std::string> words) {
  if (words.empty()) return FoundCommand{};
  const std::string first = CanonicalCommandName(words[0]);
  if (const Command* command = FindExactly(first); command != nullptr) return FoundCommand{command, 1};
  if (!IsGroup(first)) return UnknownCommand("", words[0]);
  if (words.size() == 1 || absl::StartsWith(words[1], "-")) return FoundCommand{};
  if (const Command* command = FindExactly(absl::StrCat(first, " ", words[1])); command != nullptr)
    return FoundCommand{command, 2};
  return UnknownCommand(first, words[1]);
}

ExitCode RunCommandLine(absl::Span<const std::string> words, Session& session) {
  const absl::StatusOr<std::size_t> leading = CountLeadingFlags(GlobalFlags(), words);
  if (!leading.ok()) return PrintError(leading.status(), nullptr, session);
  const absl::Span<const std::string> front = words.subspan(0, *leading);
  absl::Span<const std::string> rest = words.subspan(*leading);
  const auto asks_for_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  const bool help = std::any_of(front.begin(), front.end(), asks_for_help);
  if (!rest.empty() && rest[0] == "help") return PrintHelp(rest.subspan(1), session);
  if (rest.empty() && help) return PrintHelp({}, session);
  if (rest.empty()) {
    session.err() << OverviewHelp(Commands());
    return ExitCode::kUsage;
  }

  const absl::StatusOr<FoundCommand> found = FindCommand(rest);
  if (!found.ok()) return PrintError(found.status(), nullptr, session);
  if (found->command == nullptr) {
    const bool wanted = help || (rest.size() > 1 && asks_for_help(rest[1]));
    (wanted ? session.out() : session.err()) << GroupHelp(Commands(), rest[0]);
    return wanted ? ExitCode::kFine : ExitCode::kUsage;
  }
  // Global flags before the command are as good as after it.
  rest.remove_prefix(found->word_count);
  std::vector<std::string> own(front.begin(), front.end());
  own.insert(own.end(), rest.begin(), rest.end());
  const absl::StatusOr<Arguments> arguments = ParseArguments(found->command->spec, GlobalFlags(), own);
  if (!arguments.ok()) return PrintError(arguments.status(), found->command, session);
  if (arguments->Has("help")) {
    session.out() << CommandHelp(found->command->spec);
    return ExitCode::kFine;
  }
  return Execute(*found->command, *arguments, session);
}

}  // namespace memsim::cli
