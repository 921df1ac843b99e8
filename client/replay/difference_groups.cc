#include "client/replay/difference_groups.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace memsim::replay {
namespace {

// An answer without what differs from line to line: an address is an address.
std::string Kind(const std::string& answer) {
  if (absl::StartsWith(answer, "0x")) return "an address";
  if (absl::StartsWith(answer, "\"")) return "mappings";
  if (absl::EndsWith(answer, " kB")) return answer == "0 kB" ? answer : "some kB";
  return answer.substr(0, 40);
}

// "@maps: 3 mappings, ours 2" says more than "mappings, ours mappings".
std::string Describe(const Difference& difference) {
  const auto mappings = [](const std::string& text) { return std::count(text.begin(), text.end(), '"') / 2; };
  const std::string kernel = Kind(difference.kernel);
  const std::string ours = Kind(difference.ours);
  if (kernel != "mappings" || ours != "mappings") return absl::StrCat("kernel ", kernel, ", ours ", ours);
  const std::int64_t more = mappings(difference.ours) - mappings(difference.kernel);
  if (more == 0) return "as many mappings, but others";
  return more > 0 ? "ours has more mappings" : "ours has fewer mappings";
}

}  // namespace

void DifferenceGroups::Add(const TraceReport& report) {
  const auto add = [&report](std::map<Key, Group>& groups, Key key, int line_number) {
    Group& group = groups[std::move(key)];
    if (group.count++ == 0) group.first = absl::StrCat(report.trace, ":", line_number);
  };
  for (const Difference& difference : report.differences) {
    const std::string name = difference.call.substr(0, difference.call.find('('));
    add(differences_, {name, Describe(difference)}, difference.line_number);
  }
  for (const Skip& skip : report.skips) add(skips_, {skip.call, skip.reason}, skip.line_number);
}

void DifferenceGroups::Append(const std::map<Key, Group>& groups, std::size_t most, std::string& text) {
  std::vector<std::pair<const Key*, const Group*>> rows;
  rows.reserve(groups.size());
  for (const auto& [key, group] : groups) rows.emplace_back(&key, &group);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second->count > b.second->count; });
  if (rows.size() > most) rows.resize(most);
  for (const auto& [key, group] : rows) {
    absl::StrAppendFormat(&text, "%8d  %-18s %-60s %s\n", group->count, std::get<0>(*key), std::get<1>(*key),
                          group->first);
  }
}

std::string DifferenceGroups::Format(std::size_t most) const {
  std::string text;
  if (!differences_.empty()) {
    absl::StrAppend(&text, "differences by kind (count, call, what, first):\n");
    Append(differences_, most, text);
  }
  if (!skips_.empty()) {
    absl::StrAppend(&text, "skips by kind (count, call, why, first):\n");
    Append(skips_, most, text);
  }
  return text;
}

}  // namespace memsim::replay
