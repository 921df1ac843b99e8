// The simulated locks: what holding them costs, who waits for whom, and what is counted of that.
//
// Calls run one after the other, so a lock is never found taken. While lanes run, each lock remembers when it was busy:
// who asks for it waits until it is free. How long it will be held is known when the hold ends, and the hold may reach
// into a busy time then, of a CPU whose call ran before although it came later. So the holds of a call that lie inside
// each other are a nest: when the outermost ends, the nest as a whole is moved up to the first time at which each of
// its holds fits, and the CPU has waited until then too. Outside of lanes no two CPUs run at a time, and nobody waits.
//
// Simplified: what a CPU did within a nest that is moved up keeps the time that it had, but for its locks; and what it
// waited there for an inner lock stays part of the outer hold, though it might not have had to wait any more.
//
// Thread-compatible. Invariants: while lanes run, no time is in two exclusive holds of one lock, nor in an exclusive
// and a shared one; of a nest of up to kMaxNest holds, each lies in the time of the one around it.

#ifndef MEMSIM_SERVER_KERNEL_CPU_LOCKS_H_
#define MEMSIM_SERVER_KERNEL_CPU_LOCKS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

#include "server/base/digest.h"
#include "server/base/id_table.h"
#include "server/base/units.h"
#include "server/kernel/cpu/cpus.h"
#include "server/kernel/cpu/lock_class.h"
#include "server/kernel/cpu/lock_counts.h"
#include "server/kernel/cpu/lock_history.h"
#include "server/kernel/cpu/simulated_lock.h"

namespace memsim {

// Whose lock it is, as numbers: what they mean the class tells.
//   mmap_lock, page_table_lock    the address space
//   vm_lock                       the address space; the mapping's start
//   page table                    the table's frame
//   pcp->lock                     the CPU; the zone
//   zone->lock                    the zone
//   cpu_slab->lock                the CPU; the cache
//   list_lock, barn->lock         the cache
struct LockOwner {
  std::uint64_t first = 0;
  std::uint64_t second = 0;

  friend bool operator==(const LockOwner&, const LockOwner&) = default;
};

// By mode.
using LockModeCounts = std::array<LockCounts, kLockModeCount>;
using LockClassCounts = std::array<LockModeCounts, static_cast<std::size_t>(LockClass::kCount)>;

// What is counted of one lock.
struct LockRecord {
  LockClass lock_class = LockClass::kCount;
  LockOwner owner;
  LockModeCounts counts;
};

class Locks {
 public:
  // Locks that are counted by themselves: those of zones, of CPUs' lists and of address spaces from the start, others
  // once somebody waited for them. Beyond so many only their class counts: a mapping's lock may be one of millions.
  static constexpr std::size_t kMaxRecords = 65536;

  explicit Locks(Cpus& cpus) : cpus_(cpus) {}

  Cpus& cpus() { return cpus_; }

  // How many holds of a nest are moved up together, beside the outermost: whoever unmaps terabytes has one for each
  // table and batch of pages. When so many have ended they are settled, and others come behind them.
  static constexpr std::size_t kMaxNest = 1024;

  // A lock that the current CPU has.
  struct Held {
    // Null: it was left.
    SimulatedLock* lock = nullptr;
    Nanoseconds since;
    LockMode mode = LockMode::kExclusive;
    // For lanes.
    std::uint32_t place = 0;
  };

  // The current CPU asks for a lock, and has it when this returns. owner: for its record if it is waited for.
  Held Take(SimulatedLock& lock, LockMode mode, LockOwner owner, LockEntry entry = LockEntry::kAsked) {
    const std::uint32_t place = lanes_run_ ? TakeInLane(lock, mode, owner, entry) : 0;
    const Held held{&lock, cpus_.now(), mode, place};
    ChargeTransfer(lock, mode);
    return held;
  }
  // It leaves the lock. Within a lane, leaving the last one that it has may make time pass.
  void Leave(const Held& held) {
    if (lanes_run_) return LeaveInLane(held.place);
    CountHold(*held.lock, held.mode, cpus_.now() - held.since);
  }
  // Whether who asks now has to wait.
  bool IsBusy(SimulatedLock& lock, LockMode mode) { return lanes_run_ && IsBusyInLanes(lock, mode); }

  // Counts a lock by itself from now on. Nothing if it is already.
  void Register(SimulatedLock& lock, LockOwner owner);
  // The lock is gone. What was counted stays in its class. REQUIRES: nobody holds it.
  void Retire(SimulatedLock& lock) {
    if (lock.record_ != LockRecordId() || lock.history_ >= first_history_) ForgetCounted(lock);
  }

  // Of all locks by class, those that are gone included. Looks at every lock that is counted by itself.
  LockClassCounts ClassCounts() const;
  LockCounts counts(LockClass lock_class, LockMode mode) const {
    return ClassCounts()[static_cast<std::size_t>(lock_class)][static_cast<std::size_t>(mode)];
  }
  // Calls visit(const LockRecord&) for each lock that is counted by itself, in the order in which they were registered.
  template <typename Visitor>
  void ForEachRecord(Visitor visit) const {
    for (const LockRecord& record : records_.values()) {
      if (record.lock_class != LockClass::kCount) visit(record);
    }
  }

  // --- For lanes.h.
  void BeginLanes();
  // No lane will ask about a time before this one any more.
  void SetHorizon(Nanoseconds horizon) { horizon_ = horizon; }
  void EndLanes();
  bool lanes_run() const { return lanes_run_; }

  ByteCount HostMemory() const;
  void DigestTo(Digest& digest) const;

 private:
  void ChargeTransfer(SimulatedLock& lock, LockMode mode) {
    const CpuId cpu = cpus_.current();
    if (lock.last_holder_ == cpu) return;
    if (lock.last_holder_ != SimulatedLock::kNobody) {
      cpus_.Charge(cpus_.costs().lock_transfer);
      CountBounce(lock, mode);
    }
    lock.last_holder_ = cpu;
  }
  // Of a lock that is counted by itself, or was held since these lanes began, so that the nest may name it.
  void ForgetCounted(SimulatedLock& lock);
  void CountBounce(SimulatedLock& lock, LockMode mode);
  void CountHold(SimulatedLock& lock, LockMode mode, Nanoseconds time) {
    // In one place alone: holds are counted far more often than they are read.
    LockCounts& counts =
        lock.record_ != LockRecordId()
            ? CountsOf(lock, mode)
            : class_counts_[static_cast<std::size_t>(lock.lock_class_)][static_cast<std::size_t>(mode)];
    counts.holds.Add(time);
  }

  // --- locks_in_lanes.cc
  // A hold of the call that runs.
  struct LaneHold {
    // Null: the lock is gone, and only its class counts.
    SimulatedLock* lock;
    // The number of its history.
    std::uint64_t history;
    LockOwner owner;
    Nanoseconds asked;
    Nanoseconds since;
    Nanoseconds until;
    Nanoseconds waited;
    LockClass lock_class;
    LockMode mode;
    LockEntry entry;
    bool outermost;
    bool slept = false;
    bool ended = false;
  };

  std::uint32_t TakeInLane(SimulatedLock& lock, LockMode mode, LockOwner owner, LockEntry entry);
  void LeaveInLane(std::uint32_t place);
  bool IsBusyInLanes(SimulatedLock& lock, LockMode mode);
  // A hold that is asked for waits for so long more. Returns that, and what it takes to sleep if it does.
  Nanoseconds Wait(LaneHold& hold, Nanoseconds more) const;
  LaneHold& WhoWaits(LaneHold& hold);
  // Moves the nest up to where all of its holds fit, and lets the CPU wait until then.
  void Settle();
  void CountInLane(const LaneHold& hold);
  void AddToHistory(const LaneHold& hold, Nanoseconds shift);
  std::uint64_t HistoryNumber(SimulatedLock& lock);
  LockHistory& History(std::uint64_t number);

  // REQUIRES: the lock is registered.
  LockCounts& CountsOf(const SimulatedLock& lock, LockMode mode) {
    return records_[lock.record_].counts[static_cast<std::size_t>(mode)];
  }

  Cpus& cpus_;
  // But for the holds of locks that are counted by themselves.
  LockClassCounts class_counts_ = {};
  IdTable<LockRecordId, LockRecord> records_;
  bool lanes_run_ = false;
  Nanoseconds horizon_;
  // What the call that runs holds, outermost first; those that have ended since are taken off when they are the last.
  std::vector<LaneHold> open_;
  // What it has left, as long as it still holds another one.
  std::vector<LaneHold> nest_;
  // The histories of the locks that were held while these lanes ran. The first one has number first_history_.
  std::vector<LockHistory> histories_;
  std::uint64_t first_history_ = 1;
  // What they take beside themselves.
  std::uint64_t history_bytes_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_LOCKS_H_
