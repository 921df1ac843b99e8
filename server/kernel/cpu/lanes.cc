#include "server/kernel/cpu/lanes.h"

#include <algorithm>

namespace memsim {

Lanes::Lanes(Locks& locks, const std::vector<CpuId>& cpus) : locks_(locks), first_cpu_(locks.cpus().current()) {
  for (const CpuId cpu : cpus) lanes_.push_back(Lane{cpu, locks.cpus().now()});
  locks_.BeginLanes();
}

Lanes::~Lanes() {
  Suspend();
  Nanoseconds end = locks_.cpus().now();
  for (const Lane& lane : lanes_) end = std::max(end, lane.clock);
  locks_.EndLanes();
  locks_.cpus().Resume(first_cpu_, end);
}

void Lanes::Suspend() {
  if (running_.has_value()) lanes_[*running_].clock = locks_.cpus().now();
  running_.reset();
}

void Lanes::Finish() { lanes_[*running_].done = true; }

std::optional<std::size_t> Lanes::Next() {
  Suspend();
  const Lane* earliest = nullptr;
  for (const Lane& lane : lanes_) {
    if (lane.done) continue;
    if (earliest == nullptr || lane.clock < earliest->clock ||
        (lane.clock == earliest->clock && lane.cpu < earliest->cpu)) {
      earliest = &lane;
    }
  }
  if (earliest == nullptr) return std::nullopt;
  running_ = static_cast<std::size_t>(earliest - lanes_.data());
  locks_.SetHorizon(earliest->clock);
  locks_.cpus().Resume(earliest->cpu, earliest->clock);
  return running_;
}

}  // namespace memsim
