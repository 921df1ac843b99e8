#include "client/cli/command_line.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

#include "client/cli/help.h"
#include "client/cli/not_found.h"
#include "client/cli/print_error.h"
#include "client/cli/usage_error.h"
#include "client/library/json_text.h"
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
  return UsageError(group.empty() ? "there is" : absl::StrCat("memsim ", group, " has"), " no command \"",
                    client::Printable(word), "\"", client::DidYouMean(word, {names.begin(), names.end()}), " (", help,
                    " lists them)");
}

// What follows "help": nothing, a command or a group; and global flags, which mean nothing to help but --json.
ExitCode PrintHelp(absl::Span<const std::string> words, Session& session) {
  CommandSpec spec{"help", "", "", "", {}, {}, {}};
  spec.positionals = {{"COMMAND", "", Presence::kOptional, Repetition::kMany}};
  const absl::StatusOr<Arguments> arguments = ParseArguments(spec, GlobalFlags(), words);
  if (!arguments.ok()) return PrintError(arguments.status(), nullptr, session);
  const std::vector<std::string>& names = arguments->positionals();
  if (names.empty() || names == std::vector<std::string>{"help"}) {
    session.out() << OverviewHelp(Commands());
    return ExitCode::kFine;
  }
  const absl::StatusOr<FoundCommand> found = FindCommand(names);
  if (!found.ok()) return PrintError(found.status(), nullptr, session);
  const std::size_t used = found->command == nullptr ? 1 : found->word_count;
  if (used < names.size()) {
    return PrintError(
        UsageError("memsim help tells of one command at a time: what is \"", client::Printable(names[used]), "\"?"),
        nullptr, session);
  }
  session.out() << (found->command != nullptr ? CommandHelp(found->command->spec)
                                              : GroupHelp(Commands(), CanonicalCommandName(names[0])));
  return ExitCode::kFine;
}

// Nothing was typed, or a group without one of its commands.
ExitCode PrintMissingCommand(const std::string& group, Session& session) {
  const std::string subject = absl::StrCat("memsim", group.empty() ? "" : " ", group);
  PrintError(UsageError(subject, " needs a command; ", subject, " --help lists them"), nullptr, session);
  if (!session.json())
    session.err() << "\n" << (group.empty() ? OverviewHelp(Commands()) : GroupHelp(Commands(), group));
  return ExitCode::kUsage;
}

// Before anything is understood, for the first mistake is to be told in that format already. Any beginning of the flag
// will do, as with all flags.
bool AsksForJson(absl::Span<const std::string> words) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word.size() > 2 && absl::StartsWith("--json", word)) return true;
  }
  return false;
}

struct TypedCommand {
  // Global flags that stood before the command or between its two words. They are as good as after it.
  std::vector<std::string> flags;
  std::vector<std::string> words;
};

absl::StatusOr<TypedCommand> TakeFlagsOut(absl::Span<const std::string> words) {
  TypedCommand typed;
  const absl::StatusOr<std::size_t> leading = CountLeadingFlags(GlobalFlags(), words);
  if (!leading.ok()) return leading.status();
  typed.flags.assign(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(*leading));
  words.remove_prefix(*leading);
  if (words.empty()) return typed;
  typed.words.push_back(words[0]);
  words.remove_prefix(1);
  if (IsGroup(CanonicalCommandName(typed.words[0]))) {
    const absl::StatusOr<std::size_t> between = CountLeadingFlags(GlobalFlags(), words);
    if (!between.ok()) return between.status();
    typed.flags.insert(typed.flags.end(), words.begin(), words.begin() + static_cast<std::ptrdiff_t>(*between));
    words.remove_prefix(*between);
  }
  typed.words.insert(typed.words.end(), words.begin(), words.end());
  return typed;
}

ExitCode Execute(const Command& command, const Arguments& arguments, Session& session) {
  if (absl::Status status = session.Configure(arguments); !status.ok()) return PrintError(status, &command, session);
  const absl::StatusOr<ExitCode> result = command.run(arguments, session);
  if (!result.ok()) {
    return PrintError(NameNearestMachine(result.status(), command.spec, arguments, session), &command, session);
  }
  return *result;
}

ExitCode RunWords(absl::Span<const std::string> words, Session& session) {
  const absl::StatusOr<TypedCommand> typed = TakeFlagsOut(words);
  if (!typed.ok()) return PrintError(typed.status(), nullptr, session);
  absl::Span<const std::string> rest = typed->words;
  const bool help = std::any_of(typed->flags.begin(), typed->flags.end(),
                                [](const std::string& word) { return word == "--help" || word == "-h"; });
  if (rest.empty()) return help ? PrintHelp({}, session) : PrintMissingCommand("", session);
  if (rest[0] == "help") return PrintHelp(rest.subspan(1), session);
  const std::string group = CanonicalCommandName(rest[0]);
  if (IsGroup(group) && rest.size() > 1 && rest[1] == "help") {
    std::vector<std::string> asked(rest.begin() + 2, rest.end());
    asked.insert(asked.begin(), group);
    return PrintHelp(asked, session);
  }

  const absl::StatusOr<FoundCommand> found = FindCommand(rest);
  if (!found.ok()) return PrintError(found.status(), nullptr, session);
  if (found->command == nullptr) return help ? PrintHelp(rest, session) : PrintMissingCommand(group, session);
  rest.remove_prefix(found->word_count);
  std::vector<std::string> own = typed->flags;
  own.insert(own.end(), rest.begin(), rest.end());
  const absl::StatusOr<Arguments> arguments = ParseArguments(found->command->spec, GlobalFlags(), own);
  if (!arguments.ok()) return PrintError(arguments.status(), found->command, session);
  if (arguments->Has("help")) {
    session.out() << CommandHelp(found->command->spec);
    return ExitCode::kFine;
  }
  return Execute(*found->command, *arguments, session);
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
  if (AsksForJson(words)) session.UseJson();
  const ExitCode exit = RunWords(words, session);
  session.out().flush();
  return session.out() ? exit : PrintUnwritable(session);
}

}  // namespace memsim::cli
