// Locks while lanes run: who waits for whom.

#include "server/base/check.h"
#include "server/kernel/cpu/locks.h"

namespace memsim {

void Locks::BeginLanes() {
  lanes_run_ = true;
  horizon_ = cpus_.now();
}

void Locks::EndLanes() {
  MEMSIM_CHECK(open_.empty() && nest_.empty(), open_.size(), nest_.size());
  lanes_run_ = false;
  first_history_ += histories_.size();
  histories_ = std::vector<LockHistory>();
  history_bytes_ = 0;
  open_ = std::vector<LaneHold>();
  nest_ = std::vector<LaneHold>();
}

// --- Histories

std::uint64_t Locks::HistoryNumber(SimulatedLock& lock) {
  // A number from before these lanes names nothing any more.
  if (lock.history_ < first_history_) {
    lock.history_ = first_history_ + histories_.size();
    histories_.emplace_back();
  }
  return lock.history_;
}

LockHistory& Locks::History(std::uint64_t number) {
  LockHistory& history = histories_[number - first_history_];
  history.ForgetUntil(horizon_);
  return history;
}

bool Locks::IsBusyInLanes(SimulatedLock& lock, LockMode mode) {
  const Nanoseconds now = cpus_.now();
  return History(HistoryNumber(lock)).FirstFit(now, Nanoseconds(0), mode, LockEntry::kAsked) != now;
}

void Locks::AddToHistory(const LaneHold& hold, Nanoseconds shift) {
  LockHistory& history = History(hold.history);
  history_bytes_ -= history.HeapBytes();
  // The outermost lock was asked for at the same time, whenever it came.
  history.Add(hold.outermost ? hold.asked : hold.asked + shift, {hold.since + shift, hold.until + shift}, hold.mode,
              KindOf(hold.lock_class));
  history_bytes_ += history.HeapBytes();
}

// --- Holds

Nanoseconds Locks::Wait(LaneHold& hold, Nanoseconds more) const {
  hold.waited += more;
  const bool sleeps = KindOf(hold.lock_class) == LockKind::kReadWriteSemaphore;
  if (!sleeps || hold.slept || hold.waited <= cpus_.costs().semaphore_spin) return more;
  hold.slept = true;
  hold.waited += cpus_.costs().semaphore_sleep;
  return more + cpus_.costs().semaphore_sleep;
}

std::uint32_t Locks::TakeInLane(SimulatedLock& lock, LockMode mode, LockOwner owner, LockEntry entry) {
  LaneHold hold{};
  hold.lock = &lock;
  hold.history = HistoryNumber(lock);
  hold.owner = owner;
  hold.asked = cpus_.now();
  hold.lock_class = lock.lock_class_;
  hold.mode = mode;
  hold.entry = entry;
  hold.outermost = open_.empty();
  while (entry == LockEntry::kAsked) {
    const Nanoseconds now = cpus_.now();
    const Nanoseconds free = History(hold.history).FirstFit(now, Nanoseconds(0), mode, entry);
    if (free == now) break;
    cpus_.Charge(Wait(hold, free - now));
  }
  hold.since = cpus_.now();
  open_.push_back(hold);
  return static_cast<std::uint32_t>(open_.size() - 1);
}

void Locks::LeaveInLane(std::uint32_t place) {
  open_[place].until = cpus_.now();
  open_[place].ended = true;
  nest_.push_back(open_[place]);
  while (!open_.empty() && open_.back().ended) open_.pop_back();
  if (!open_.empty() && nest_.size() < kMaxNest) return;
  Settle();
  nest_.clear();
}

// A reader who was the writer never waits: the writer would have come in later.
Locks::LaneHold& Locks::WhoWaits(LaneHold& hold) {
  if (hold.entry != LockEntry::kDowngraded) return hold;
  for (LaneHold& other : nest_) {
    if (other.history == hold.history && other.mode == LockMode::kExclusive) return other;
  }
  return hold;
}

void Locks::Settle() {
  // Waiting for one may push another into a busy time of its own, so it goes round until nobody moves; each move passes
  // a busy interval, and there are finitely many.
  Nanoseconds shift;
  for (bool moved = true; moved;) {
    moved = false;
    for (LaneHold& hold : nest_) {
      const Nanoseconds since = hold.since + shift;
      const Nanoseconds fit = History(hold.history).FirstFit(since, hold.until - hold.since, hold.mode, hold.entry);
      if (fit == since) continue;
      shift += Wait(WhoWaits(hold), fit - since);
      moved = true;
    }
  }
  for (const LaneHold& hold : nest_) {
    AddToHistory(hold, shift);
    CountInLane(hold);
  }
  cpus_.Charge(shift);
}

void Locks::CountInLane(const LaneHold& hold) {
  LockCounts& of_class = class_counts_[static_cast<std::size_t>(hold.lock_class)][static_cast<std::size_t>(hold.mode)];
  if (hold.waited != Nanoseconds(0)) {
    of_class.waits.Add(hold.waited);
    if (hold.lock != nullptr) Register(*hold.lock, hold.owner);
    if (hold.lock != nullptr && hold.lock->record_ != LockRecordId()) {
      CountsOf(*hold.lock, hold.mode).waits.Add(hold.waited);
    }
  }
  const Nanoseconds time = hold.until - hold.since;
  if (hold.lock != nullptr) {
    CountHold(*hold.lock, hold.mode, time);
  } else {
    of_class.holds.Add(time);
  }
}

}  // namespace memsim
