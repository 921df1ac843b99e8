#include "client/replay/trace_pids.h"

namespace memsim::replay {

std::uint64_t TracePids::WithoutPid() {
  if (first_ended_ && living_children_.size() == 1) return *living_children_.begin();
  has_unnamed_lines_ = true;
  return first_;
}

bool TracePids::NamesFirst(std::uint64_t pid) {
  if (first_ != 0 || !has_unnamed_lines_ || children_.count(pid) != 0) return false;
  first_ = pid;
  return true;
}

void TracePids::AddChild(std::uint64_t pid) {
  // A call that makes a process may return after the process has ended.
  if (children_.insert(pid).second) living_children_.insert(pid);
}

void TracePids::End(std::uint64_t pid) {
  living_children_.erase(pid);
  if (pid == first_) first_ended_ = true;
}

}  // namespace memsim::replay
