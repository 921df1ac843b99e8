#include "client/cli/arguments.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "client/cli/usage_error.h"
#include "client/library/json_text.h"
#include "client/library/nearest_name.h"

namespace memsim::cli {
namespace {

// "--length=4096" in parts; a flag without = has no value here.
struct FlagWord {
  std::string name;
  std::optional<std::string> value;
};

bool LooksLikeFlag(absl::string_view word) { return word == "-h" || (absl::StartsWith(word, "--") && word.size() > 2); }

FlagWord SplitFlag(absl::string_view word) {
  if (word == "-h") return {"help", std::nullopt};
  word.remove_prefix(2);
  const std::size_t equals = word.find('=');
  if (equals == absl::string_view::npos) return {std::string(word), std::nullopt};
  return {std::string(word.substr(0, equals)), std::string(word.substr(equals + 1))};
}

// As a person may write it: --old_length is --old-length.
std::string CanonicalFlagName(absl::string_view name) {
  std::string canonical(name);
  std::replace(canonical.begin(), canonical.end(), '_', '-');
  return canonical;
}

const FlagSpec* FindFlag(absl::Span<const FlagSpec> flags, const std::string& name) {
  const auto found = std::find_if(flags.begin(), flags.end(), [&](const FlagSpec& flag) { return flag.name == name; });
  return found == flags.end() ? nullptr : &*found;
}

// The command's flag that a word like "-o" stands for. Null: none.
const FlagSpec* FindLetter(absl::Span<const FlagSpec> flags, absl::string_view word) {
  if (word.size() != 2 || word[0] != '-') return nullptr;
  const auto found = std::find_if(flags.begin(), flags.end(),
                                  [&](const FlagSpec& flag) { return flag.letter != 0 && flag.letter == word[1]; });
  return found == flags.end() ? nullptr : &*found;
}

// The command, as an error begins with it.
std::string Subject(absl::string_view command) { return command.empty() ? "memsim" : absl::StrCat("memsim ", command); }

absl::Status UnknownFlag(absl::string_view command, const std::vector<const FlagSpec*>& known, absl::string_view name) {
  std::vector<std::string> names;
  names.reserve(known.size());
  for (const FlagSpec* flag : known) names.push_back(absl::StrCat("--", flag->name));
  return UsageError(Subject(command), " has no flag --", client::Printable(name),
                    client::DidYouMean(absl::StrCat("--", name), names));
}

// The flag of that name, or the only one that begins so, as getopt_long(3) does: --len for --length.
absl::StatusOr<const FlagSpec*> ResolveFlag(absl::string_view command, absl::Span<const FlagSpec> own,
                                            absl::Span<const FlagSpec> global, absl::string_view typed) {
  const std::string name = CanonicalFlagName(typed);
  if (const FlagSpec* flag = FindFlag(own, name); flag != nullptr) return flag;
  if (const FlagSpec* flag = FindFlag(global, name); flag != nullptr) return flag;
  std::vector<const FlagSpec*> known;
  for (const FlagSpec& flag : own) known.push_back(&flag);
  for (const FlagSpec& flag : global) known.push_back(&flag);
  std::vector<const FlagSpec*> candidates;
  for (const FlagSpec* flag : known) {
    if (absl::StartsWith(flag->name, name)) candidates.push_back(flag);
  }
  if (candidates.empty()) return UnknownFlag(command, known, typed);
  if (candidates.size() == 1) return candidates[0];
  return UsageError("--", client::Printable(typed), " may mean --", candidates[0]->name, " or --", candidates[1]->name);
}

// Takes one flag, and its value from the following word where it needs one; next is moved past what was taken.
absl::Status TakeFlag(const FlagSpec& spec, const FlagWord& word, absl::Span<const std::string> words,
                      std::size_t& next, Arguments& arguments) {
  std::string value;
  if (spec.value_name.empty()) {
    if (word.value.has_value()) return UsageError("--", spec.name, " takes no value");
  } else if (word.value.has_value()) {
    value = *word.value;
  } else if (next < words.size() && !LooksLikeFlag(words[next])) {
    value = words[next++];
  } else {
    return UsageError("--", spec.name, " needs a value: --", spec.name, " ", spec.value_name);
  }
  if (absl::Status status = CheckUtf8(absl::StrCat("--", spec.name), value); !status.ok()) return status;
  if (arguments.Has(spec.name) && spec.repetition == Repetition::kOnce && !spec.value_name.empty()) {
    return UsageError("--", spec.name, " is given twice");
  }
  arguments.AddFlag(spec.name, std::move(value));
  return absl::OkStatus();
}

absl::Status CheckComplete(const CommandSpec& command, const Arguments& arguments) {
  for (const FlagSpec& flag : command.flags) {
    if (flag.presence == Presence::kRequired && !arguments.Has(flag.name)) {
      return UsageError("memsim ", command.name, " needs --", flag.name, " ", flag.value_name);
    }
  }
  std::size_t required = 0;
  bool unlimited = false;
  for (const PositionalSpec& positional : command.positionals) {
    if (positional.presence == Presence::kRequired) ++required;
    if (positional.repetition == Repetition::kMany) unlimited = true;
  }
  const std::size_t given = arguments.positionals().size();
  if (given < required) return UsageError("memsim ", command.name, " needs ", command.positionals[given].name);
  if (!unlimited && given > command.positionals.size()) {
    return UsageError("memsim ", command.name, " does not know what to do with \"",
                      client::Printable(arguments.positionals()[command.positionals.size()]), "\"");
  }
  return absl::OkStatus();
}

// Positional words go into messages too, but for files of this host, whose names may be any bytes.
absl::Status CheckPositionalsAreUtf8(const CommandSpec& command, const Arguments& arguments) {
  for (std::size_t i = 0; i < arguments.positionals().size() && !command.positionals.empty(); ++i) {
    const std::string& word = arguments.positionals()[i];
    const PositionalSpec& meant = command.positionals[std::min(i, command.positionals.size() - 1)];
    if (meant.kind == PositionalKind::kFileName) continue;
    if (absl::Status status = CheckUtf8(meant.name, word); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<std::string> Arguments::Get(const std::string& flag) const {
  const auto found = flags_.find(flag);
  if (found == flags_.end()) return std::nullopt;
  return found->second.back();
}

std::vector<std::string> Arguments::GetAll(const std::string& flag) const {
  const auto found = flags_.find(flag);
  return found == flags_.end() ? std::vector<std::string>() : found->second;
}

std::optional<std::string> Arguments::Positional(std::size_t index) const {
  if (index >= positionals_.size()) return std::nullopt;
  return positionals_[index];
}

absl::StatusOr<Arguments> ParseArguments(const CommandSpec& command, absl::Span<const FlagSpec> global_flags,
                                         absl::Span<const std::string> words) {
  Arguments arguments;
  for (std::size_t next = 0; next < words.size();) {
    const std::string& word = words[next++];
    if (word == "--") {
      while (next < words.size()) arguments.AddPositional(words[next++]);
      break;
    }
    if (const FlagSpec* short_flag = FindLetter(command.flags, word); short_flag != nullptr) {
      const FlagWord flag{short_flag->name, std::nullopt};
      if (absl::Status status = TakeFlag(*short_flag, flag, words, next, arguments); !status.ok()) return status;
      continue;
    }
    if (!LooksLikeFlag(word)) {
      arguments.AddPositional(word);
      continue;
    }
    const FlagWord flag = SplitFlag(word);
    const absl::StatusOr<const FlagSpec*> spec = ResolveFlag(command.name, command.flags, global_flags, flag.name);
    if (!spec.ok()) return spec.status();
    if (absl::Status status = TakeFlag(**spec, flag, words, next, arguments); !status.ok()) return status;
  }
  if (arguments.Has("help")) return arguments;
  if (absl::Status status = CheckComplete(command, arguments); !status.ok()) return status;
  if (absl::Status status = CheckPositionalsAreUtf8(command, arguments); !status.ok()) return status;
  return arguments;
}

absl::StatusOr<std::size_t> CountLeadingFlags(absl::Span<const FlagSpec> global_flags,
                                              absl::Span<const std::string> words) {
  Arguments arguments;
  std::size_t next = 0;
  while (next < words.size() && LooksLikeFlag(words[next])) {
    const FlagWord flag = SplitFlag(words[next++]);
    const absl::StatusOr<const FlagSpec*> spec = ResolveFlag("", {}, global_flags, flag.name);
    if (!spec.ok()) return UsageError(spec.status().message(), " (flags of a command stand after it)");
    if (absl::Status status = TakeFlag(**spec, flag, words, next, arguments); !status.ok()) return status;
  }
  return next;
}

}  // namespace memsim::cli
