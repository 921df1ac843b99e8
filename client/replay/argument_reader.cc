#include "client/replay/argument_reader.h"

#include <optional>

#include "absl/strings/str_cat.h"

namespace memsim::replay {

const TraceValue* ArgumentReader::Find(std::size_t index) const {
  return index < line_.arguments.size() ? &line_.arguments[index] : nullptr;
}

std::uint64_t ArgumentReader::Number(std::size_t index) {
  const TraceValue* argument = Find(index);
  const std::optional<std::uint64_t> number = argument != nullptr ? argument->Number() : std::nullopt;
  if (!number.has_value() && ok()) problem_ = absl::StrCat("argument ", index + 1, " of ", line_.name, " is no number");
  return number.value_or(0);
}

std::uint64_t ArgumentReader::NumberOr(std::size_t index, std::uint64_t missing) {
  return Find(index) == nullptr ? missing : Number(index);
}

std::string ArgumentReader::String(std::size_t index) {
  const TraceValue* argument = Find(index);
  if (argument != nullptr && argument->kind == TraceValue::Kind::kString) return argument->text;
  if (ok()) problem_ = absl::StrCat("argument ", index + 1, " of ", line_.name, " is no string");
  return {};
}

}  // namespace memsim::replay
