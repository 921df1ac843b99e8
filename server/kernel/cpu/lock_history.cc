#include "server/kernel/cpu/lock_history.h"

namespace memsim {

Nanoseconds LockHistory::FirstFit(Nanoseconds asked, Nanoseconds length, LockMode mode, LockEntry entry) const {
  if (entry == LockEntry::kDowngraded) return exclusive_.FirstGap(asked, length);
  if (mode == LockMode::kShared) return closed_to_readers_.FirstGap(asked, length);
  // Free of writers and of readers: each gap of the one is tried against the other, which only ever moves it up.
  for (;;) {
    const Nanoseconds without_writers = exclusive_.FirstGap(asked, length);
    asked = shared_.FirstGap(without_writers, length);
    if (asked == without_writers) return asked;
  }
}

void LockHistory::Add(Nanoseconds asked, TimeInterval held, LockMode mode, LockKind kind) {
  if (mode == LockMode::kShared) return shared_.Add(held);
  exclusive_.Add(held);
  // Spin locks have no readers.
  if (kind != LockKind::kSpin) closed_to_readers_.Add({asked, held.until});
}

void LockHistory::ForgetUntil(Nanoseconds horizon) {
  exclusive_.ForgetUntil(horizon);
  shared_.ForgetUntil(horizon);
  closed_to_readers_.ForgetUntil(horizon);
}

}  // namespace memsim
