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
  // The first time from `asked` on at which the lock can be held for `length`.
  Nanoseconds FirstFit(Nanoseconds asked, Nanoseconds length, LockMode mode, LockEntry entry) const;

  // The lock, of this kind, was asked for at `asked` and held in `held`.
  void Add(Nanoseconds asked, TimeInterval held, LockMode mode, LockKind kind);

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
