#include "server/kernel/cpu/locks.h"

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

void Locks::Register(SimulatedLock& lock, LockOwner owner) {
  if (lock.record_ != LockRecordId() || records_.size() == kMaxRecords) return;
  lock.record_ = records_.Add(LockRecord{lock.lock_class_, owner, {}});
}

void Locks::ForgetCounted(SimulatedLock& lock) {
  // What was not held since these lanes began is in no nest.
  if (lock.history_ >= first_history_) {
    for (LaneHold& hold : nest_) {
      if (hold.lock == &lock) hold.lock = nullptr;
    }
  }
  if (lock.record_ == LockRecordId()) return;
  for (std::size_t m = 0; m < kLockModeCount; ++m) {
    class_counts_[static_cast<std::size_t>(lock.lock_class_)][m].holds += records_[lock.record_].counts[m].holds;
  }
  records_[lock.record_] = LockRecord();
  records_.Remove(lock.record_);
  lock.record_ = LockRecordId();
}

ByteCount Locks::HostMemory() const {
  return records_.HostMemory() + ByteCount((open_.capacity() + nest_.capacity()) * sizeof(LaneHold) +
                                           histories_.capacity() * sizeof(LockHistory) + history_bytes_);
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
