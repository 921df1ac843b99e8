// Whose a line without a pid is.
//
// strace names the process on every line of a file that it writes with -f -o. On a terminal it names it only while it
// follows more than one: a log begins without pids, then the same process is "[pid 7]", and the last that is left has
// no pid again. A log without -f has none throughout; its process is 0 here.

#ifndef MEMSIM_CLIENT_REPLAY_TRACE_PIDS_H_
#define MEMSIM_CLIENT_REPLAY_TRACE_PIDS_H_

#include <cstdint>
#include <set>

namespace memsim::replay {

// Thread-compatible.
class TracePids {
 public:
  // Takes note of a line without a pid: whose it is. 0: the first process, as long as its pid is not known.
  std::uint64_t WithoutPid();
  // Whether a line with this pid gives the first process its name: lines without a pid have come before, and the pid is
  // no child's. From then on WithoutPid() returns it.
  bool NamesFirst(std::uint64_t pid);
  // A process that another one made.
  void AddChild(std::uint64_t pid);
  void End(std::uint64_t pid);

 private:
  std::uint64_t first_ = 0;
  bool has_unnamed_lines_ = false;
  bool first_ended_ = false;
  // All that were ever made, and those that have not ended.
  std::set<std::uint64_t> children_;
  std::set<std::uint64_t> living_children_;
};

}  // namespace memsim::replay

#endif  // MEMSIM_CLIENT_REPLAY_TRACE_PIDS_H_
