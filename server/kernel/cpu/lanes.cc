#include "server/kernel/cpu/lanes.h"

#include <algorithm>

namespace memsim {

Lanes::Lanes(Locks& locks, const std::vector<CpuId>& cpus) : locks_(locks), first_cpu_(locks.cpus().current()) {
  for (const CpuId cpu : cpus) {
    lanes_.push_back(Lane{cpu});
    locks_.cpus().StartClock(cpu);
  }
  locks_.BeginLanes();
}

Lanes::~Lanes() {
  Suspend();
  Nanoseconds end = locks_.cpus().now();
  for (const Lane& lane : lanes_) end = std::max(end, locks_.cpus().clock(lane.cpu));
  locks_.EndLanes();
  locks_.cpus().Resume(first_cpu_, end);
}

void Lanes::Suspend() {
  if (running_.has_value()) locks_.cpus().StopClock();
  running_.reset();
}

void Lanes::Finish() { lanes_[*running_].done = true; }

std::optional<std::size_t> Lanes::Next() {
  Suspend();
  Cpus& cpus = locks_.cpus();
  const Lane* earliest = nullptr;
  Nanoseconds earliest_start;
  for (const Lane& lane : lanes_) {
    if (lane.done) continue;
    const Nanoseconds start = cpus.next_call(lane.cpu);
    if (earliest == nullptr || start < earliest_start || (start == earliest_start && lane.cpu < earliest->cpu)) {
      earliest = &lane;
      earliest_start = start;
    }
  }
  if (earliest == nullptr) return std::nullopt;
  running_ = static_cast<std::size_t>(earliest - lanes_.data());
  locks_.SetHorizon(earliest_start);
  // Who has no more calls is done here: what came behind the last one does not matter.
  cpus.Resume(earliest->cpu, cpus.clock(earliest->cpu));
  return running_;
}

}  // namespace memsim
