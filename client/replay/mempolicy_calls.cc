#include "client/replay/mempolicy_calls.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "client/replay/answer_text.h"
#include "client/replay/argument_reader.h"
#include "client/replay/compare_result.h"

namespace memsim::replay {
namespace {

using Words = std::vector<std::uint64_t>;

// What stands in [0x1, 0x0], without zeros at the end. nullopt: the argument is no such list.
std::optional<Words> WordsOf(const TraceValue* value) {
  if (value == nullptr || value->kind != TraceValue::Kind::kArray) return std::nullopt;
  Words words;
  for (const TraceValue& item : value->items) {
    const std::optional<std::uint64_t> number = item.Number();
    if (!number.has_value()) return std::nullopt;
    words.push_back(*number);
  }
  while (!words.empty() && words.back() == 0) words.pop_back();
  return words;
}

// The nodes that strace read, or their address where it could not; and the argument behind them.
template <typename Request>
void SetNodes(ArgumentReader& arguments, std::size_t index, Request& request) {
  const TraceValue* value = arguments.Find(index);
  if (const std::optional<Words> words = WordsOf(value); words.has_value()) {
    for (const std::uint64_t word : *words) request.add_nodemask(word);
  } else {
    request.set_nodemask_address(arguments.Number(index));
  }
  request.set_maxnode(arguments.Number(index + 1));
}

std::string PolicyText(std::uint64_t policy, const Words& nodes) {
  std::string text = absl::StrCat("0 policy ", policy);
  for (const std::uint64_t word : nodes) absl::StrAppend(&text, " 0x", absl::Hex(word));
  return text;
}

// Without the nodes where strace does not show them.
std::string PolicyOfAnswer(const v1::Answer& answer, bool with_nodes) {
  if (answer.error_number() != 0 || !answer.has_memory_policy()) return ResultText(answer);
  const v1::MemoryPolicy& told = answer.memory_policy();
  const std::uint64_t policy = told.has_node() ? told.node() : told.policy();
  return PolicyText(policy, with_nodes ? Words(told.nodemask().begin(), told.nodemask().end()) : Words());
}

std::string PolicyWithNodes(const v1::Answer& answer) { return PolicyOfAnswer(answer, true); }
std::string PolicyAlone(const v1::Answer& answer) { return PolicyOfAnswer(answer, false); }

}  // namespace

void TranslateMbind(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::MbindRequest& mbind = *call.mutable_mbind();
  mbind.set_pid(process.machine_pid);
  mbind.set_address(arguments.Number(0));
  mbind.set_length_bytes(arguments.Number(1));
  mbind.set_mode(static_cast<std::uint32_t>(arguments.Number(2)));
  SetNodes(arguments, 3, mbind);
  mbind.set_flags(static_cast<std::uint32_t>(arguments.Number(5)));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateSetMempolicy(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::SetMempolicyRequest& set = *call.mutable_set_mempolicy();
  set.set_pid(process.machine_pid);
  set.set_mode(static_cast<std::uint32_t>(arguments.Number(0)));
  SetNodes(arguments, 1, set);
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateGetMempolicy(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::GetMempolicyRequest& get = *call.mutable_get_mempolicy();
  get.set_pid(process.machine_pid);
  get.set_maxnode(arguments.Number(2));
  get.set_address(arguments.Number(3));
  get.set_flags(arguments.Number(4));
  // What was written stands in brackets, without where it was written to.
  const TraceValue* policy = arguments.Find(0);
  const std::optional<Words> nodes = WordsOf(arguments.Find(1));
  const bool told = policy != nullptr && policy->kind == TraceValue::Kind::kArray && policy->items.size() == 1;
  if (!told) get.set_policy(arguments.Number(0));
  if (!nodes.has_value()) get.set_nodemask(arguments.Number(1));
  const std::optional<std::uint64_t> mode = told ? policy->items[0].Number() : std::nullopt;
  if (!arguments.ok() || !line.result.Succeeded() || !mode.has_value()) {
    return CompareResult(session, arguments, line, std::move(call));
  }
  session.Compare(std::move(call), PolicyText(*mode, nodes.value_or(Words())),
                  nodes.has_value() ? PolicyWithNodes : PolicyAlone);
}

}  // namespace memsim::replay
