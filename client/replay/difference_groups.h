// What many traces' differences and skips have in common, the most frequent first: where to look for the next wrong
// rule.

#ifndef MEMSIM_CLIENT_REPLAY_DIFFERENCE_GROUPS_H_
#define MEMSIM_CLIENT_REPLAY_DIFFERENCE_GROUPS_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "client/replay/trace_report.h"

namespace memsim::replay {

class DifferenceGroups {
 public:
  void Add(const TraceReport& report);

  // "count  call  kernel's answer, ours  first trace:line", or the reason of a skip; at most this many of each.
  std::string Format(std::size_t most) const;

 private:
  struct Group {
    std::uint64_t count = 0;
    std::string first;
  };
  // The call's name, and what happened in general words.
  using Key = std::tuple<std::string, std::string>;

  static void Append(const std::map<Key, Group>& groups, std::size_t most, std::string& text);

  std::map<Key, Group> differences_;
  std::map<Key, Group> skips_;
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_DIFFERENCE_GROUPS_H_
