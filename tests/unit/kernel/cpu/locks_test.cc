#include "server/kernel/cpu/locks.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

#include "server/kernel/cpu/lanes.h"
#include "server/kernel/cpu/lock_scope.h"

namespace memsim {
namespace {

constexpr Nanoseconds Ns(std::uint64_t time) { return Nanoseconds(time); }

class LocksTest : public testing::Test {
 protected:
  void Hold(SimulatedLock& lock, Nanoseconds time, LockOwner owner = {}) {
    const LockScope scope(locks_, lock, LockMode::kExclusive, owner);
    cpus_.Charge(time);
  }
  LockCounts ZoneCounts() { return locks_.counts(LockClass::kZoneLock, LockMode::kExclusive); }
  std::vector<LockRecord> Records() {
    std::vector<LockRecord> records;
    locks_.ForEachRecord([&records](const LockRecord& record) { records.push_back(record); });
    return records;
  }

  Cpus cpus_{4, kDefaultCosts};
  Locks locks_{cpus_};
  SimulatedLock lock_{LockClass::kZoneLock};
};

TEST_F(LocksTest, AHoldIsCountedWithItsTime) {
  Hold(lock_, Ns(30));
  Hold(lock_, Ns(10));
  EXPECT_EQ(ZoneCounts(), (LockCounts{{2, Ns(10), Ns(30), Ns(40)}, {}, 0}));
  EXPECT_EQ(cpus_.now(), Ns(40)) << "a lock that its last holder takes again costs nothing more";
}

TEST_F(LocksTest, ALockThatAnotherCpuHeldLastHasToComeOver) {
  Hold(lock_, Ns(10));
  cpus_.SwitchTo(CpuId(2));
  Hold(lock_, Ns(10));
  EXPECT_EQ(cpus_.now(), Ns(20) + kDefaultCosts.lock_transfer);
  EXPECT_EQ(ZoneCounts().bounces, 1U);
}

TEST_F(LocksTest, OutsideOfLanesNobodyWaits) {
  Hold(lock_, Ns(10));
  cpus_.SwitchTo(CpuId(1));
  Hold(lock_, Ns(10));
  EXPECT_EQ(ZoneCounts().waits, TimeCounts());
}

TEST_F(LocksTest, ARegisteredLockIsCountedByItself) {
  SimulatedLock other(LockClass::kZoneLock);
  locks_.Register(lock_, {7, 8});
  Hold(lock_, Ns(10));
  Hold(other, Ns(10));
  EXPECT_EQ(ZoneCounts().holds.count, 2U);
  const std::vector<LockRecord> records = Records();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].owner, (LockOwner{7, 8}));
  EXPECT_EQ(records[0].counts[0].holds.count, 1U);
  locks_.Retire(lock_);
  EXPECT_TRUE(Records().empty());
  EXPECT_EQ(ZoneCounts().holds.count, 2U) << "the class keeps what was counted";
}

TEST_F(LocksTest, ALockThatIsWaitedForIsCountedByItselfFromThenOn) {
  Lanes lanes(locks_, {CpuId(0), CpuId(1)});
  lanes.Next();
  Hold(lock_, Ns(100), {3, 4});
  EXPECT_TRUE(Records().empty());
  lanes.Next();
  Hold(lock_, Ns(10), {3, 4});
  ASSERT_EQ(Records().size(), 1U);
  EXPECT_EQ(Records()[0].owner, (LockOwner{3, 4}));
  EXPECT_EQ(Records()[0].counts[0].waits.count, 1U);
}

TEST_F(LocksTest, ACopyOfALockIsAnotherOne) {
  locks_.Register(lock_, {});
  Hold(lock_, Ns(10));
  const SimulatedLock copy = lock_;
  EXPECT_EQ(copy.lock_class(), LockClass::kZoneLock);
  EXPECT_NE(copy.last_holder(), lock_.last_holder());
}

TEST_F(LocksTest, LanesThatEndedAreForgotten) {
  {
    Lanes lanes(locks_, {CpuId(0), CpuId(1)});
    lanes.Next();
    Hold(lock_, Ns(1000));
    lanes.Finish();
    lanes.Next();
    lanes.Finish();
  }
  const Nanoseconds start = cpus_.now();
  Lanes lanes(locks_, {CpuId(0)});
  lanes.Next();
  Hold(lock_, Ns(10));
  EXPECT_EQ(cpus_.now(), start + Ns(10));
}

TEST_F(LocksTest, HoldsThatEndTogetherWaitForTheOneThatIsFreeLast) {
  SimulatedLock mmap(LockClass::kMmapLock);
  SimulatedLock vma(LockClass::kVmaLock);
  Lanes lanes(locks_, {CpuId(0), CpuId(1)});
  lanes.Next();
  {
    const LockScope fault(locks_, vma, LockMode::kShared);
    cpus_.Charge(Ns(500));
  }
  lanes.Finish();
  lanes.Next();
  const Nanoseconds start = cpus_.now();
  cpus_.Charge(Ns(100));
  const std::vector<Locks::Hold> holds = {{&mmap, start, {}, LockMode::kExclusive},
                                          {&vma, start + Ns(40), {}, LockMode::kExclusive}};
  locks_.EndHolds(holds);
  // The fault has the mapping until 500; from there on what was left after taking its lock: 60, and a transfer.
  EXPECT_EQ(cpus_.now(), Ns(500 + 60) + kDefaultCosts.lock_transfer);
  EXPECT_EQ(locks_.counts(LockClass::kVmaLock, LockMode::kExclusive).waits.count, 1U);
  EXPECT_EQ(locks_.counts(LockClass::kMmapLock, LockMode::kExclusive).waits.count, 0U);
}

TEST_F(LocksTest, WhoIsPushedFromOneBusyTimeIntoTheNextHasWaitedOnce) {
  SimulatedLock mmap(LockClass::kMmapLock);
  SimulatedLock vma(LockClass::kVmaLock);
  Lanes lanes(locks_, {CpuId(0), CpuId(1)});
  lanes.Next();
  // Each is busy where the other is free:   mmap ##..##..##
  //                                         vma  ..##..##..
  for (int i = 0; i < 5; ++i) {
    const LockScope busy(locks_, i % 2 == 0 ? mmap : vma);
    cpus_.Charge(Ns(200));
  }
  const Nanoseconds all_busy = cpus_.now();
  lanes.Finish();
  lanes.Next();
  const Nanoseconds start = cpus_.now();
  cpus_.Charge(Ns(100));
  const std::vector<Locks::Hold> holds = {{&mmap, start, {}, LockMode::kExclusive},
                                          {&vma, start, {}, LockMode::kExclusive}};
  locks_.EndHolds(holds);
  EXPECT_GE(cpus_.now(), all_busy + Ns(100));
  const TimeCounts of_mmap = locks_.counts(LockClass::kMmapLock, LockMode::kExclusive).waits;
  const TimeCounts of_vma = locks_.counts(LockClass::kVmaLock, LockMode::kExclusive).waits;
  EXPECT_EQ(of_mmap.count, 1U);
  EXPECT_EQ(of_vma.count, 1U);
  EXPECT_EQ(of_mmap.total + of_vma.total, all_busy - start) << "each waits where the other does not";
}

TEST_F(LocksTest, WhatLanesRememberIsCountedUntilTheyEnd) {
  const ByteCount before = locks_.HostMemory();
  {
    Lanes lanes(locks_, {CpuId(0), CpuId(1)});
    lanes.Next();
    for (int i = 0; i < 1000; ++i) {
      Hold(lock_, Ns(10));
      cpus_.Charge(Ns(10));
    }
    EXPECT_GE(locks_.HostMemory(), before + ByteCount(1000 * sizeof(TimeInterval)));
    while (lanes.Next().has_value()) lanes.Finish();
  }
  EXPECT_EQ(locks_.HostMemory(), before);
}

}  // namespace
}  // namespace memsim
