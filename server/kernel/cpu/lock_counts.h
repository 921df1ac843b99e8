// What is counted of a lock, or of a class of locks: the columns of /proc/lock_stat.

#ifndef MEMSIM_SERVER_KERNEL_CPU_LOCK_COUNTS_H_
#define MEMSIM_SERVER_KERNEL_CPU_LOCK_COUNTS_H_

#include <cstdint>

#include "server/base/digest.h"
#include "server/base/units.h"

namespace memsim {

// How many times, and how long: shortest, longest, in all. All zero when it never happened. What is more than 584 years
// in all, of many CPUs, stays at that.
struct TimeCounts {
  std::uint64_t count = 0;
  Nanoseconds min;
  Nanoseconds max;
  Nanoseconds total;

  void Add(Nanoseconds time) {
    if (count == 0 || time < min) min = time;
    if (time > max) max = time;
    AddToTotal(time);
    ++count;
  }
  TimeCounts& operator+=(const TimeCounts& other) {
    if (other.count == 0) return *this;
    if (count == 0 || other.min < min) min = other.min;
    if (other.max > max) max = other.max;
    AddToTotal(other.total);
    count += other.count;
    return *this;
  }

  friend bool operator==(const TimeCounts&, const TimeCounts&) = default;

 private:
  void AddToTotal(Nanoseconds time) {
    total += time;
    if (total < time) [[unlikely]]
      total = Nanoseconds(UINT64_MAX);
  }
};

struct LockCounts {
  // One for each time that the lock was taken.
  TimeCounts holds;
  // One for each time that a CPU had to wait for it.
  TimeCounts waits;
  // How many times another CPU had held it last, so that its cache line had to come over.
  std::uint64_t bounces = 0;

  void DigestTo(Digest& digest) const {
    for (const TimeCounts& times : {holds, waits}) {
      digest.Add(times.count);
      digest.Add(times.min);
      digest.Add(times.max);
      digest.Add(times.total);
    }
    digest.Add(bounces);
  }

  friend bool operator==(const LockCounts&, const LockCounts&) = default;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_LOCK_COUNTS_H_
