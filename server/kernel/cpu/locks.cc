#include "server/kernel/cpu/locks.h"

#include <algorithm>

#include "absl/container/inlined_vector.h"

namespace memsim {

LockClassCounts Locks::ClassCounts() const {
  LockClassCounts counts = class_counts_;
  ForEachRecord([&counts](const LockRecord& record) {
    for (std::size_t m = 0; m < kLockModeCount; ++m) {
      counts[static_cast<std::size_t>(record.lock_class)][m].holds += record.counts[m].holds;
    }
  });
  return counts;
}

void Locks::CountBounce(SimulatedLock& lock, LockMode mode) {
  ++class_counts_[static_cast<std::size_t>(lock.lock_class_)][static_cast<std::size_t>(mode)].bounces;
  if (lock.record_ != LockRecordId()) ++CountsOf(lock, mode).bounces;
}

void Locks::CountWait(const Hold& hold, Nanoseconds time) {
  SimulatedLock& lock = *hold.lock;
  class_counts_[static_cast<std::size_t>(lock.lock_class_)][static_cast<std::size_t>(hold.mode)].waits.Add(time);
  Register(lock, hold.owner);
  if (lock.record_ != LockRecordId()) CountsOf(lock, hold.mode).waits.Add(time);
}

void Locks::FitHolds(absl::Span<const Hold> holds) {
  // What each was waited for, and the sleep that came with it.
  struct Wait {
    Nanoseconds time;
    bool slept = false;
  };
  absl::InlinedVector<Wait, 4> waits(holds.size());
  // All wait until each can be had. Waiting for one may push another into a busy time of its own, so it goes round
  // until nobody moves; each move passes a busy interval, and there are finitely many.
  Nanoseconds waited;
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < holds.size(); ++i) {
      const Nanoseconds more = WaitFor(holds[i], holds[i].since + waited);
      if (more == Nanoseconds(0)) continue;
      Wait& wait = waits[i];
      wait.time += more;
      waited += more;
      moved = true;
      const bool sleeps = KindOf(holds[i].lock->lock_class_) == LockKind::kReadWriteSemaphore;
      if (!sleeps || wait.slept || wait.time <= cpus_.costs().semaphore_spin) continue;
      wait.slept = true;
      wait.time += cpus_.costs().semaphore_sleep;
      waited += cpus_.costs().semaphore_sleep;
    }
  }
  const Nanoseconds end = cpus_.now() + waited;
  for (std::size_t i = 0; i < holds.size(); ++i) {
    const Hold& hold = holds[i];
    if (waits[i].time != Nanoseconds(0)) CountWait(hold, waits[i].time);
    AddToHistory(hold, {hold.since + waited, end});
    CountHold(*hold.lock, hold.mode, cpus_.now() - hold.since);
  }
  cpus_.Charge(waited);
}

Nanoseconds Locks::WaitFor(const Hold& hold, Nanoseconds asked) {
  const Nanoseconds length = cpus_.now() - hold.since;
  return HistoryOf(*hold.lock).FirstFit(asked, length, hold.mode, hold.entry) - asked;
}

void Locks::AddToHistory(const Hold& hold, TimeInterval held) {
  LockHistory& history = HistoryOf(*hold.lock);
  history_bytes_ -= history.HeapBytes();
  history.Add(hold.since, held, hold.mode, KindOf(hold.lock->lock_class_));
  history_bytes_ += history.HeapBytes();
}

LockHistory& Locks::HistoryOf(SimulatedLock& lock) {
  // A number from before these lanes names nothing any more.
  if (lock.history_ < first_history_) {
    lock.history_ = first_history_ + histories_.size();
    histories_.emplace_back();
  }
  LockHistory& history = histories_[lock.history_ - first_history_];
  history.ForgetUntil(horizon_);
  return history;
}

void Locks::Register(SimulatedLock& lock, LockOwner owner) {
  if (lock.record_ != LockRecordId() || records_.size() == kMaxRecords) return;
  lock.record_ = records_.Add(LockRecord{lock.lock_class_, owner, {}});
}

void Locks::Retire(SimulatedLock& lock) {
  if (lock.record_ == LockRecordId()) return;
  for (std::size_t m = 0; m < kLockModeCount; ++m) {
    class_counts_[static_cast<std::size_t>(lock.lock_class_)][m].holds += records_[lock.record_].counts[m].holds;
  }
  records_[lock.record_] = LockRecord();
  records_.Remove(lock.record_);
  lock.record_ = LockRecordId();
}

void Locks::BeginLanes() {
  lanes_run_ = true;
  horizon_ = cpus_.now();
}

void Locks::EndLanes() {
  lanes_run_ = false;
  first_history_ += histories_.size();
  histories_ = std::vector<LockHistory>();
  history_bytes_ = 0;
}

ByteCount Locks::HostMemory() const {
  return records_.HostMemory() + ByteCount(histories_.capacity() * sizeof(LockHistory) + history_bytes_);
}

void Locks::DigestTo(Digest& digest) const {
  for (const auto& modes : class_counts_) {
    for (const LockCounts& counts : modes) counts.DigestTo(digest);
  }
  for (const LockRecord& record : records_.values()) {
    digest.Add(static_cast<std::uint64_t>(record.lock_class));
    digest.Add(record.owner.first);
    digest.Add(record.owner.second);
    for (const LockCounts& counts : record.counts) counts.DigestTo(digest);
  }
  for (const LockRecordId id : records_.free_ids()) digest.Add(id);
}

}  // namespace memsim
