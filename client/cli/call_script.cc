#include "client/cli/call_script.h"

#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "google/protobuf/util/json_util.h"

#include "client/cli/arguments.h"
#include "client/cli/call_flags.h"
#include "client/cli/usage_error.h"
#include "client/library/json_text.h"
#include "client/library/nearest_name.h"
#include "proto/operations.h"

namespace memsim::cli {
namespace {

// The specs of all calls, made once: a file may have a hundred thousand lines.
const CommandSpec& SpecOf(const Operation& operation) {
  static const auto* const kSpecs = [] {
    auto* const specs = new std::map<std::string, CommandSpec>;
    for (const Operation& known : Operations()) specs->emplace(known.name(), CallCommandSpec(known));
    return specs;
  }();
  return kSpecs->at(operation.name());
}

absl::StatusOr<ScriptCall> ParseWords(const std::vector<std::string>& words) {
  const std::string name = absl::StrReplaceAll(words[0], {{"-", "_"}});
  const Operation* const operation = FindOperation(name);
  if (operation == nullptr) {
    if (name == "memsim") {
      return UsageError("leave out \"memsim\": a line begins with the name of a call, as in brk --pid 1");
    }
    std::vector<std::string> names;
    for (const Operation& known : Operations()) names.push_back(known.name());
    return UsageError("there is no call \"", client::Printable(words[0]), "\"", client::DidYouMean(words[0], names));
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  const absl::StatusOr<Arguments> arguments = ParseArguments(SpecOf(*operation), {}, rest);
  if (!arguments.ok()) return arguments.status();
  absl::StatusOr<v1::Call> call = CallFromArguments(*operation, *arguments);
  if (!call.ok()) return call.status();
  return ScriptCall{0, operation->name(), *std::move(call)};
}

absl::StatusOr<ScriptCall> ParseJson(absl::string_view line) {
  ScriptCall parsed;
  const auto status = google::protobuf::util::JsonStringToMessage(std::string(line), &parsed.call);
  if (!status.ok()) {
    // Below its first line the parser draws where it stopped.
    const absl::string_view message(status.message().data(), status.message().size());
    return UsageError("no Call as JSON: ", client::Printable(std::string(message.substr(0, message.find('\n')))));
  }
  const auto* const oneof = v1::Call::descriptor()->FindOneofByName("operation");
  const auto* const field = parsed.call.GetReflection()->GetOneofFieldDescriptor(parsed.call, oneof);
  if (field == nullptr) return UsageError("the Call has no operation; write one as in {\"brk\": {\"pid\": 1}}");
  parsed.operation = field->name();
  return parsed;
}

}  // namespace

absl::StatusOr<ScriptCall> ParseCallLine(absl::string_view line) {
  if (absl::StartsWith(line, "{")) return ParseJson(line);
  const absl::StatusOr<std::vector<std::string>> words = SplitWords(line);
  if (!words.ok()) return words.status();
  if (words->empty()) return UsageError("there is no call in \"", client::Printable(line), "\"");
  return ParseWords(*words);
}

absl::StatusOr<std::vector<std::string>> SplitWords(absl::string_view line) {
  std::vector<std::string> words;
  std::string word;
  // A quote makes a word even of nothing: ''.
  bool in_word = false;
  char quote = 0;
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      if (in_word) words.push_back(std::exchange(word, ""));
      in_word = false;
    } else if (c == '#' && !in_word) {
      break;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) return UsageError("a ", std::string(1, quote), " is not closed");
  if (in_word) words.push_back(word);
  return words;
}

absl::StatusOr<std::vector<ScriptCall>> ParseCallScript(absl::string_view file_name, absl::string_view text) {
  std::vector<ScriptCall> calls;
  std::size_t number = 0;
  absl::ConsumePrefix(&text, "\xef\xbb\xbf");
  for (const absl::string_view raw : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view line = absl::StripAsciiWhitespace(raw);
    if (line.empty() || line[0] == '#') continue;
    absl::StatusOr<ScriptCall> call = ParseCallLine(line);
    if (!call.ok()) return UsageError(client::Printable(file_name), ":", number, ": ", call.status().message());
    call->line = number;
    calls.push_back(*std::move(call));
  }
  return calls;
}

}  // namespace memsim::cli
