// A command's flags and positional words: what it declares, and what a person typed.
//
// An own parser of one page rather than a packaged one, because commands are derived from the API's descriptors, the
// lines of a call file are parsed by the same rules ten thousand at a time, and every mistake is answered with the
// nearest name that is known.
//
// Syntax: --name VALUE, --name=VALUE, --switch, and any beginning of a name that no other flag shares; flags and
// positional words in any order; after "--" all words are positional. A value may begin with one dash (--fd -1), so
// there are no short flags but -h and those that a command declares.

#ifndef MEMSIM_CLIENT_CLI_ARGUMENTS_H_
#define MEMSIM_CLIENT_CLI_ARGUMENTS_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace memsim::cli {

enum class Presence { kOptional, kRequired };
enum class Repetition { kOnce, kMany };
// A file's name may be any bytes; all else must be UTF-8.
enum class PositionalKind { kText, kFileName };

struct FlagSpec {
  // "old-length", without the dashes.
  std::string name;
  // What the value is called in help: "SIZE". Empty: a switch, which takes none.
  std::string value_name;
  std::string help;
  Presence presence = Presence::kOptional;
  Repetition repetition = Repetition::kOnce;
  // What may stand for it behind one dash, where other programs have made that familiar: 'o' of -o FILE. 0: nothing.
  char letter = 0;
};

struct PositionalSpec {
  // "MACHINE".
  std::string name;
  std::string help;
  Presence presence = Presence::kRequired;
  // kMany: takes all words that are left; only the last may.
  Repetition repetition = Repetition::kOnce;
  PositionalKind kind = PositionalKind::kText;
};

struct CommandSpec {
  // "machine create": one word or two.
  std::string name;
  // Under which heading the list of commands shows it.
  std::string section;
  // One line.
  std::string summary;
  // More than the summary. May be empty.
  std::string description;
  std::vector<PositionalSpec> positionals;
  std::vector<FlagSpec> flags;
  // Whole command lines.
  std::vector<std::string> examples;
};

// What was typed.
class Arguments {
 public:
  bool Has(const std::string& flag) const { return flags_.count(flag) != 0; }
  // The last value of the flag; nullopt if it was not given.
  std::optional<std::string> Get(const std::string& flag) const;
  // Every value, in order.
  std::vector<std::string> GetAll(const std::string& flag) const;
  const std::vector<std::string>& positionals() const { return positionals_; }
  // nullopt: not that many words.
  std::optional<std::string> Positional(std::size_t index) const;

  void AddFlag(const std::string& flag, std::string value) { flags_[flag].push_back(std::move(value)); }
  void AddPositional(std::string word) { positionals_.push_back(std::move(word)); }

 private:
  std::map<std::string, std::vector<std::string>> flags_;
  std::vector<std::string> positionals_;
};

// Flags and words of a command line, against the command's own flags and those that every command has. "--help" and
// "-h" are found as the flag "help" if the globals declare it, and then nothing else is demanded. A usage error names
// the word and the nearest known one.
absl::StatusOr<Arguments> ParseArguments(const CommandSpec& command, absl::Span<const FlagSpec> global_flags,
                                         absl::Span<const std::string> words);

// How many words at the front are global flags with their values: what stands before the command.
absl::StatusOr<std::size_t> CountLeadingFlags(absl::Span<const FlagSpec> global_flags,
                                              absl::Span<const std::string> words);

}  // namespace memsim::cli

#endif  // MEMSIM_CLIENT_CLI_ARGUMENTS_H_
