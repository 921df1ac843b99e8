// The simulated locks: what holding them costs, who waits for whom, and what is counted of that.
//
// Calls run one after the other, so a lock is never found taken. What its holders would have done to each other is
// worked out when a hold ends and its length is known: while lanes run, each lock remembers when it was busy, and the
// hold is moved up to the first time at which it fits. The CPU waited until then. Outside of lanes no two CPUs run at a
// time, and nobody waits.
//
// Thread-compatible.

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
//   list_lock                     the cache
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

  // A hold that ends now.
  struct Hold {
    SimulatedLock* lock;
    Nanoseconds since;
    // For the record of a lock that is waited for the first time.
    LockOwner owner;
    LockMode mode;
    LockEntry entry = LockEntry::kAsked;
  };

  // The current CPU leaves a lock. What it cost to get it is charged now.
  void EndHold(const Hold& hold) { EndHolds(absl::MakeConstSpan(&hold, 1)); }
  void EndHold(SimulatedLock& lock, LockMode mode, Nanoseconds since, LockOwner owner) {
    ChargeTransfer(lock, mode);
    // Only here a Hold is made: outside of lanes the numbers stay in registers.
    if (lanes_run_) return FitHold({&lock, since, owner, mode});
    CountHold(lock, mode, cpus_.now() - since);
  }
  // Leaves several at once: those that a writer of an address space took beside its mmap_lock. The first one is asked
  // for first.
  void EndHolds(absl::Span<const Hold> holds) {
    for (const Hold& hold : holds) ChargeTransfer(*hold.lock, hold.mode);
    if (lanes_run_) return FitHolds(holds);
    for (const Hold& hold : holds) CountHold(*hold.lock, hold.mode, cpus_.now() - hold.since);
  }

  // Counts a lock by itself from now on. Nothing if it is already.
  void Register(SimulatedLock& lock, LockOwner owner);
  // The lock is gone. What was counted stays in its class.
  void Retire(SimulatedLock& lock);

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
  void CountBounce(SimulatedLock& lock, LockMode mode);
  void CountHold(SimulatedLock& lock, LockMode mode, Nanoseconds time) {
    // In one place alone: holds are counted far more often than they are read.
    LockCounts& counts =
        lock.record_ != LockRecordId()
            ? CountsOf(lock, mode)
            : class_counts_[static_cast<std::size_t>(lock.lock_class_)][static_cast<std::size_t>(mode)];
    counts.holds.Add(time);
  }
  void CountWait(const Hold& hold, Nanoseconds time);
  // Moves holds that end now up to where all of them fit, and lets the CPU wait until then.
  void FitHolds(absl::Span<const Hold> holds);
  void FitHold(Hold hold) { FitHolds(absl::MakeConstSpan(&hold, 1)); }
  // How long who asks at this time has to wait.
  Nanoseconds WaitFor(const Hold& hold, Nanoseconds asked);
  void AddToHistory(const Hold& hold, TimeInterval held);
  LockHistory& HistoryOf(SimulatedLock& lock);
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
  // The histories of the locks that were held while these lanes ran. The first one has number first_history_.
  std::vector<LockHistory> histories_;
  std::uint64_t first_history_ = 1;
  // What they take beside themselves.
  std::uint64_t history_bytes_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_LOCKS_H_
