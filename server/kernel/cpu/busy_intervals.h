// When something was busy: disjoint intervals of virtual time, kept from a horizon on.
//
// Thread-compatible. Invariant: the intervals are in order, none is empty, and none touches the next.

#ifndef MEMSIM_SERVER_KERNEL_CPU_BUSY_INTERVALS_H_
#define MEMSIM_SERVER_KERNEL_CPU_BUSY_INTERVALS_H_

#include <cstddef>
#include <vector>

#include "server/base/units.h"

namespace memsim {

// Half-open: [from, until).
struct TimeInterval {
  Nanoseconds from;
  Nanoseconds until;

  friend bool operator==(const TimeInterval&, const TimeInterval&) = default;
};

class BusyIntervals {
 public:
  // So many gaps between busy times are remembered; what a CPU runs ahead of the others within one Call rarely takes
  // more. Beyond it the oldest quarter is taken for busy: no busy time is ever forgotten.
  static constexpr std::size_t kMaxIntervals = 4096;

  // The first time from `earliest` on at which it is free for `length`. A length of zero needs a time that is not busy.
  Nanoseconds FirstGap(Nanoseconds earliest, Nanoseconds length) const;

  // Adds a busy time; what overlaps or touches becomes one interval. An empty one adds nothing.
  void Add(TimeInterval busy);

  // Forgets what ended at or before a time that nobody will ask about any more.
  void ForgetUntil(Nanoseconds horizon);

  const std::vector<TimeInterval>& intervals() const { return intervals_; }
  // What it takes of the host's memory beside itself.
  std::size_t HeapBytes() const { return intervals_.capacity() * sizeof(TimeInterval); }

 private:
  // The first interval that ends after a time.
  std::vector<TimeInterval>::const_iterator EndingAfter(Nanoseconds time) const;
  // Keeps the limit.
  void MergeOldest();

  std::vector<TimeInterval> intervals_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_BUSY_INTERVALS_H_
