#include "server/kernel/cpu/busy_intervals.h"

#include <algorithm>

namespace memsim {

std::vector<TimeInterval>::const_iterator BusyIntervals::EndingAfter(Nanoseconds time) const {
  // Most look behind all of them: a CPU's own times come one after the other.
  if (intervals_.empty() || intervals_.back().until <= time) return intervals_.end();
  return std::partition_point(intervals_.begin(), intervals_.end(),
                              [time](const TimeInterval& interval) { return interval.until <= time; });
}

Nanoseconds BusyIntervals::FirstGap(Nanoseconds earliest, Nanoseconds length) const {
  for (auto next = EndingAfter(earliest); next != intervals_.end(); ++next) {
    if (earliest < next->from && earliest + length <= next->from) return earliest;
    earliest = next->until;
  }
  return earliest;
}

void BusyIntervals::Add(TimeInterval busy) {
  if (busy.until <= busy.from) return;
  if (intervals_.empty() || intervals_.back().until < busy.from) {
    intervals_.push_back(busy);
    return MergeOldest();
  }
  // Those that it overlaps or touches.
  const auto first = std::partition_point(intervals_.begin(), intervals_.end(),
                                          [&busy](const TimeInterval& interval) { return interval.until < busy.from; });
  auto last = first;
  while (last != intervals_.end() && last->from <= busy.until) {
    busy.from = std::min(busy.from, last->from);
    busy.until = std::max(busy.until, last->until);
    ++last;
  }
  if (first == last) {
    intervals_.insert(first, busy);
  } else {
    *first = busy;
    intervals_.erase(first + 1, last);
  }
  MergeOldest();
}

void BusyIntervals::MergeOldest() {
  if (intervals_.size() <= kMaxIntervals) return;
  // Many at once: whatever goes from the front of a vector moves all the rest.
  constexpr std::size_t kMerged = kMaxIntervals / 4;
  intervals_[kMerged].from = intervals_[0].from;
  intervals_.erase(intervals_.begin(), intervals_.begin() + kMerged);
}

void BusyIntervals::ForgetUntil(Nanoseconds horizon) {
  if (intervals_.empty() || intervals_.front().until > horizon) return;
  intervals_.erase(intervals_.begin(), intervals_.begin() + (EndingAfter(horizon) - intervals_.begin()));
}

}  // namespace memsim
