#include "client/cli/help.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "client/cli/text_table.h"

namespace memsim::cli {
namespace {

// What a usual terminal window shows without wrapping by itself.
constexpr std::size_t kLineWidth = 100;
// Where the text of a flag begins if its name is longer than that.
constexpr std::size_t kLongestAlignedFlag = 30;

std::string CommandRows(const std::vector<const Command*>& commands) {
  TextTable table({Alignment::kLeft, Alignment::kLeft});
  for (const Command* command : commands) table.AddRow({"  " + command->spec.name, command->spec.summary});
  return table.ToString();
}

// What is typed on the left, and what it means on the right, in as many lines as that takes.
using HelpRow = std::pair<std::string, std::string>;

std::string WrappedRows(const std::vector<HelpRow>& rows) {
  std::size_t column = 0;
  for (const auto& [left, notes] : rows) {
    const std::size_t width = DisplayWidth(left);
    if (width <= kLongestAlignedFlag) column = std::max(column, width);
  }
  column += 2;
  std::string text;
  for (const auto& [left, notes] : rows) {
    const std::size_t width = DisplayWidth(left);
    // A long flag has its text on the next line.
    const std::string gap =
        width + 2 > column ? absl::StrCat("\n", std::string(column, ' ')) : std::string(column - width, ' ');
    absl::StrAppend(&text, left, gap, Wrap(notes, column, kLineWidth), "\n");
  }
  return text;
}

std::string FlagRows(const std::vector<FlagSpec>& flags) {
  std::vector<HelpRow> rows;
  for (const FlagSpec& flag : flags) {
    std::string notes = flag.help;
    if (flag.presence == Presence::kRequired) absl::StrAppend(&notes, " [required]");
    if (flag.repetition == Repetition::kMany) absl::StrAppend(&notes, " [may be repeated]");
    const std::string letter = flag.letter == 0 ? "" : absl::StrCat("-", absl::string_view(&flag.letter, 1), ", ");
    rows.emplace_back(absl::StrCat("  ", letter, "--", flag.name, flag.value_name.empty() ? "" : " ", flag.value_name),
                      notes);
  }
  return WrappedRows(rows);
}

std::string GlobalFlagRows() {
  return absl::StrCat(
      FlagRows(GlobalFlags()),
      "Any flag may be shortened as long as no other one of the command begins so: --len for --length.\n");
}

std::string PositionalRows(const std::vector<PositionalSpec>& positionals) {
  std::vector<HelpRow> rows;
  rows.reserve(positionals.size());
  for (const PositionalSpec& positional : positionals) rows.emplace_back("  " + positional.name, positional.help);
  return WrappedRows(rows);
}

}  // namespace

std::string UsageLine(const CommandSpec& command) {
  std::string line = absl::StrCat("memsim ", command.name);
  for (const PositionalSpec& positional : command.positionals) {
    const std::string name = absl::StrCat(positional.name, positional.repetition == Repetition::kMany ? "…" : "");
    absl::StrAppend(&line, " ", positional.presence == Presence::kRequired ? name : absl::StrCat("[", name, "]"));
  }
  for (const FlagSpec& flag : command.flags) {
    if (flag.presence == Presence::kRequired) absl::StrAppend(&line, " --", flag.name, " ", flag.value_name);
  }
  return absl::StrCat(line, " [FLAGS]");
}

std::string OverviewHelp(const std::vector<Command>& commands) {
  std::string text =
      "memsim talks to simulated machines, each of which is a Linux memory subsystem.\n\n"
      "Usage: memsim COMMAND [ARGUMENTS] [FLAGS]\n";
  for (std::size_t begin = 0; begin < commands.size();) {
    const std::string& section = commands[begin].spec.section;
    std::vector<const Command*> members;
    for (; begin < commands.size() && commands[begin].spec.section == section; ++begin)
      members.push_back(&commands[begin]);
    absl::StrAppend(&text, "\n", section, ":\n", CommandRows(members));
  }
  absl::StrAppend(&text, "\nFlags of every command, before or after it:\n", GlobalFlagRows());
  absl::StrAppend(
      &text,
      "\nExamples:\n"
      "  memsim machine create demo --memory 24GiB --cpus 4\n"
      "  memsim mmap --machine demo --pid 1 --length 64KiB --prot rw\n"
      "  memsim proc demo meminfo\n"
      "  memsim free demo --server local\n"
      "  memsim help mmap\n"
      "\nExit code: 0 fine; 1 the machine answered with an errno or a signal, be it to one call of many, or the "
      "server refused; 2 usage.\n");
  return text;
}

std::string GroupHelp(const std::vector<Command>& commands, absl::string_view group) {
  std::vector<const Command*> members;
  for (const Command& command : commands) {
    if (absl::StartsWith(command.spec.name, absl::StrCat(group, " "))) members.push_back(&command);
  }
  std::string text =
      absl::StrCat("Usage: memsim ", group, " COMMAND [ARGUMENTS] [FLAGS]\n\nCommands:\n", CommandRows(members));
  absl::StrAppend(&text, "\nExamples:\n");
  for (const Command* command : members) {
    if (!command->spec.examples.empty()) absl::StrAppend(&text, "  ", command->spec.examples[0], "\n");
  }
  return text;
}

std::string CommandHelp(const CommandSpec& command) {
  std::string text =
      absl::StrCat("Usage: ", UsageLine(command), "\n\n",
                   Wrap(command.description.empty() ? command.summary : command.description, 0, kLineWidth), "\n");
  if (!command.positionals.empty()) absl::StrAppend(&text, "\nArguments:\n", PositionalRows(command.positionals));
  if (!command.flags.empty()) absl::StrAppend(&text, "\nFlags:\n", FlagRows(command.flags));
  absl::StrAppend(&text, "\nFlags of every command:\n", GlobalFlagRows());
  if (!command.examples.empty()) absl::StrAppend(&text, "\nExamples:\n");
  for (const std::string& example : command.examples) absl::StrAppend(&text, "  ", example, "\n");
  return text;
}

}  // namespace memsim::cli
