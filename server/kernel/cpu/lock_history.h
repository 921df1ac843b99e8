// When one lock was held while lanes run, and when it can be had.
//
// Readers share; a reader that comes while a writer waits is served after it, as rw_semaphore does.

#ifndef MEMSIM_SERVER_KERNEL_CPU_LOCK_HISTORY_H_
#define MEMSIM_SERVER_KERNEL_CPU_LOCK_HISTORY_H_

#include "server/base/units.h"
#include "server/kernel/cpu/busy_intervals.h"
#include "server/kernel/cpu/lock_class.h"

namespace memsim {

class LockHistory {
 public:
  // The first time from `asked` on at which the lock can be held for `length`. downgraded: by a reader who is its
  // writer until `asked`, so that no writer who waits goes first.
  Nanoseconds FirstFit(Nanoseconds asked, Nanoseconds length, LockMode mode, bool downgraded) const;

  // The lock was asked for at `asked` and held in `held`.
  // may_be_shared: whether it has readers at all.
  void Add(Nanoseconds asked, TimeInterval held, LockMode mode, bool may_be_shared);

  // See BusyIntervals.
  void ForgetUntil(Nanoseconds horizon);

  // What it takes of the host's memory beside itself.
  std::size_t HeapBytes() const {
    return exclusive_.HeapBytes() + shared_.HeapBytes() + closed_to_readers_.HeapBytes();
  }

 private:
  // Held exclusively.
  BusyIntervals exclusive_;
  // Held by one reader or more.
  BusyIntervals shared_;
  // Held exclusively, or waited for by who will: no reader gets in.
  BusyIntervals closed_to_readers_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_LOCK_HISTORY_H_
