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

TEST_F(LocksTest, TimesStayAtTheLargestThereIs) {
  TimeCounts times;
  times.Add(Ns(UINT64_MAX - 10));
  times.Add(Ns(10));
  EXPECT_EQ(times.total, Ns(UINT64_MAX));
  times.Add(Ns(1));
  EXPECT_EQ(times, (TimeCounts{3, Ns(1), Ns(UINT64_MAX - 10), Ns(UINT64_MAX)}));
  TimeCounts sum = times;
  sum += times;
  EXPECT_EQ(sum, (TimeCounts{6, Ns(1), Ns(UINT64_MAX - 10), Ns(UINT64_MAX)}));
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

// A nest of holds: an outer lock, and an inner one after `before`, for `inside`, and `after` until the outer one is
// left.
//   outer |--------------|
//   inner      |---|
class NestedLocksTest : public LocksTest {
 protected:
  NestedLocksTest() { costs_.lock_transfer = Ns(0); }

  void HoldBoth(Nanoseconds before, Nanoseconds inside, Nanoseconds after) {
    const LockScope outer(locks(), outer_);
    cpus_of_lanes_.Charge(before);
    {
      const LockScope inner(locks(), inner_);
      cpus_of_lanes_.Charge(inside);
    }
    cpus_of_lanes_.Charge(after);
  }
  // The first lane works for 50 and then holds the outer lock for 10. Returns when it began; the next lane runs.
  Nanoseconds LetTheFirstLaneHoldTheOuterLock(Lanes& lanes) {
    lanes.Next();
    const Nanoseconds start = cpus_of_lanes_.now();
    cpus_of_lanes_.Charge(Ns(50));
    {
      const LockScope outer(locks(), outer_);
      cpus_of_lanes_.Charge(Ns(10));
    }
    lanes.Finish();
    lanes.Next();
    return start;
  }
  Locks& locks() { return nested_; }
  TimeCounts Waits(LockClass lock_class, LockMode mode = LockMode::kExclusive) {
    return nested_.counts(lock_class, mode).waits;
  }

  CostTable costs_;
  Cpus cpus_of_lanes_{64, costs_};
  Locks nested_{cpus_of_lanes_};
  SimulatedLock outer_{LockClass::kMmPageTableLock};
  SimulatedLock inner_{LockClass::kPageTableLock};
};

TEST_F(NestedLocksTest, WhatTheOuterLockKeepsApartDoesNotMeetAtTheInnerOne) {
  for (const std::uint32_t cpus : {2U, 8U, 64U}) {
    const Nanoseconds start = cpus_of_lanes_.now();
    const TimeCounts before = Waits(LockClass::kPageTableLock);
    {
      std::vector<CpuId> all;
      for (std::uint16_t cpu = 0; cpu < cpus; ++cpu) all.push_back(CpuId(cpu));
      Lanes lanes(locks(), all);
      while (lanes.Next().has_value()) {
        HoldBoth(Ns(10), Ns(70), Ns(20));
        lanes.Finish();
      }
    }
    EXPECT_EQ(cpus_of_lanes_.now() - start, Ns(100) * cpus) << "one after the other";
    EXPECT_EQ(Waits(LockClass::kPageTableLock), before) << "nobody waits for the inner one";
  }
}

TEST_F(NestedLocksTest, TheInnerHoldMovesAlongWithTheOuterOne) {
  Lanes lanes(locks(), {CpuId(0), CpuId(1), CpuId(2)});
  const Nanoseconds start = LetTheFirstLaneHoldTheOuterLock(lanes);
  // CPU 1 finds it free at 0, but not for long enough: all of [0, 100) moves to [60, 160), its inner hold to [70, 140).
  HoldBoth(Ns(10), Ns(70), Ns(20));
  EXPECT_EQ(cpus_of_lanes_.now() - start, Ns(160));
  EXPECT_EQ(Waits(LockClass::kMmPageTableLock), (TimeCounts{1, Ns(60), Ns(60), Ns(60)}));
  lanes.Finish();
  // CPU 2 wants the inner one alone, at 20.
  lanes.Next();
  cpus_of_lanes_.Charge(Ns(20));
  {
    const LockScope inner(locks(), inner_);
    cpus_of_lanes_.Charge(Ns(45));
  }
  EXPECT_EQ(cpus_of_lanes_.now() - start, Ns(65)) << "[20, 65) is free now";
  {
    const LockScope inner(locks(), inner_);
    cpus_of_lanes_.Charge(Ns(10));
  }
  EXPECT_EQ(cpus_of_lanes_.now() - start, Ns(150)) << "[65, 75) is not";
}

TEST_F(NestedLocksTest, AWaitForTheInnerLockLengthensTheOuterHold) {
  Lanes lanes(locks(), {CpuId(0), CpuId(1), CpuId(2)});
  lanes.Next();
  const Nanoseconds start = cpus_of_lanes_.now();
  {
    const LockScope inner(locks(), inner_);
    cpus_of_lanes_.Charge(Ns(500));
  }
  lanes.Finish();
  lanes.Next();
  HoldBoth(Ns(10), Ns(70), Ns(20));
  EXPECT_EQ(cpus_of_lanes_.now() - start, Ns(500 + 70 + 20));
  EXPECT_EQ(Waits(LockClass::kPageTableLock), (TimeCounts{1, Ns(490), Ns(490), Ns(490)}));
  EXPECT_EQ(Waits(LockClass::kMmPageTableLock), TimeCounts());
  EXPECT_EQ(nested_.counts(LockClass::kMmPageTableLock, LockMode::kExclusive).holds.max, Ns(590));
  lanes.Finish();
}

TEST_F(NestedLocksTest, ALockThatIsGoneBeforeItsNestEndsCountsInItsClass) {
  Lanes lanes(locks(), {CpuId(0)});
  lanes.Next();
  {
    const LockScope outer(locks(), outer_);
    {
      SimulatedLock gone(LockClass::kPageTableLock);
      {
        const LockScope inner(locks(), gone);
        cpus_of_lanes_.Charge(Ns(7));
      }
      locks().Retire(gone);
    }
  }
  EXPECT_EQ(nested_.counts(LockClass::kPageTableLock, LockMode::kExclusive).holds,
            (TimeCounts{1, Ns(7), Ns(7), Ns(7)}));
}

TEST_F(NestedLocksTest, ANestOfMoreHoldsThanTheLimitMeetsNoneOfItsOwn) {
  for (const std::size_t holds : {Locks::kMaxNest - 1, Locks::kMaxNest, Locks::kMaxNest + 1, 5 * Locks::kMaxNest}) {
    const TimeCounts inner_waits = Waits(LockClass::kPageTableLock);
    const std::uint64_t before = nested_.counts(LockClass::kPageTableLock, LockMode::kExclusive).holds.count;
    Lanes lanes(locks(), {CpuId(0), CpuId(1)});
    const Nanoseconds start = LetTheFirstLaneHoldTheOuterLock(lanes);
    // CPU 1 finds it free at 0, but not for long enough.
    {
      const LockScope outer(locks(), outer_);
      for (std::size_t i = 0; i < holds; ++i) {
        const LockScope inner(locks(), inner_);
        cpus_of_lanes_.Charge(Ns(1));
      }
    }
    EXPECT_EQ(cpus_of_lanes_.now() - start, Ns(60 + holds)) << holds;
    lanes.Finish();
    EXPECT_EQ(Waits(LockClass::kPageTableLock), inner_waits) << "nobody else has it";
    EXPECT_EQ(nested_.counts(LockClass::kPageTableLock, LockMode::kExclusive).holds.count, before + holds);
  }
}

TEST_F(LocksTest, BeyondTheLimitOfRecordsOnlyTheClassCounts) {
  std::vector<SimulatedLock> locks(Locks::kMaxRecords, SimulatedLock(LockClass::kPageTableLock));
  for (SimulatedLock& lock : locks) locks_.Register(lock, {});
  locks_.Register(lock_, {});
  Hold(lock_, Ns(10));
  Hold(locks[0], Ns(10));
  EXPECT_EQ(Records().size(), Locks::kMaxRecords);
  EXPECT_EQ(ZoneCounts().holds.count, 1U);
  locks_.Retire(locks[0]);
  locks_.Register(lock_, {});
  EXPECT_EQ(Records().size(), Locks::kMaxRecords) << "one below the limit there is room for it";
  Hold(lock_, Ns(10));
  EXPECT_EQ(ZoneCounts().holds.count, 2U);
}

TEST_F(NestedLocksTest, WhoWritesStaysInWhenItGoesOnAsAReader) {
  SimulatedLock mmap(LockClass::kMmapLock);
  Lanes lanes(locks(), {CpuId(0), CpuId(1), CpuId(2)});
  lanes.Next();
  const Nanoseconds start = cpus_of_lanes_.now();
  // CPU 0 writes in [100, 200).
  cpus_of_lanes_.Charge(Ns(100));
  {
    const LockScope write(locks(), mmap);
    cpus_of_lanes_.Charge(Ns(100));
  }
  lanes.Finish();
  // CPU 1 writes in [0, 40) and reads until 140: all of it comes after CPU 0.
  lanes.Next();
  const Locks::Held write = locks().Take(mmap, LockMode::kExclusive, {});
  cpus_of_lanes_.Charge(Ns(40));
  const Locks::Held read = locks().Take(mmap, LockMode::kShared, {}, LockEntry::kDowngraded);
  locks().Leave(write);
  cpus_of_lanes_.Charge(Ns(100));
  locks().Leave(read);
  EXPECT_EQ(cpus_of_lanes_.now() - start, Ns(200 + 140));
  EXPECT_EQ(
      Waits(LockClass::kMmapLock, LockMode::kExclusive).count + Waits(LockClass::kMmapLock, LockMode::kShared).count,
      1U);
  lanes.Finish();
  // CPU 2 reads from 250 on, beside CPU 1.
  lanes.Next();
  cpus_of_lanes_.Charge(Ns(250));
  { const LockScope beside(locks(), mmap, LockMode::kShared); }
  EXPECT_EQ(cpus_of_lanes_.now() - start, Ns(250));
}

TEST_F(NestedLocksTest, WhoIsPushedFromOneBusyTimeIntoTheNextHasWaitedOnce) {
  Lanes lanes(locks(), {CpuId(0), CpuId(1)});
  lanes.Next();
  // Each is busy where the other is free:   outer ##..##..##
  //                                         inner ..##..##..
  for (int i = 0; i < 5; ++i) {
    const LockScope busy(locks(), i % 2 == 0 ? outer_ : inner_);
    cpus_of_lanes_.Charge(Ns(200));
  }
  const Nanoseconds all_busy = cpus_of_lanes_.now();
  lanes.Finish();
  lanes.Next();
  const Nanoseconds start = cpus_of_lanes_.now();
  cpus_of_lanes_.Charge(Ns(100));
  HoldBoth(Ns(0), Ns(10), Ns(0));
  EXPECT_GE(cpus_of_lanes_.now(), all_busy + Ns(10));
  const TimeCounts outer = Waits(LockClass::kMmPageTableLock);
  const TimeCounts inner = Waits(LockClass::kPageTableLock);
  EXPECT_EQ(outer.count, 1U);
  EXPECT_EQ(inner.count, 1U);
  EXPECT_EQ(outer.total + inner.total, cpus_of_lanes_.now() - start - Ns(110)) << "each waits where the other does not";
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
