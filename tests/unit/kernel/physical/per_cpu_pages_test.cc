// The CPUs' own page lists as the page allocator uses them: what moves, what it costs, which locks are held.

#include "server/kernel/physical/per_cpu_pages.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "gtest/gtest.h"

#include "server/kernel/cpu/lanes.h"
#include "server/kernel/physical/block_arithmetic.h"
#include "server/kernel/physical/page_allocator.h"

namespace memsim {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;

CpuId Cpu(int number) { return CpuId(static_cast<std::uint16_t>(number)); }

class PerCpuPagesTest : public testing::Test {
 protected:
  void Boot(std::uint64_t bytes, std::uint32_t cpus) {
    cpus_.emplace(cpus, kDefaultCosts);
    locks_.emplace(*cpus_);
    pages_.emplace(LayOutMemory(ByteCount(bytes), std::nullopt), WatermarkParameters{}, counters_, *locks_);
  }
  PerCpuPagesTest() { Boot(4 * kGiB, 4); }

  void RunOn(int cpu) { cpus_->SwitchTo(Cpu(cpu)); }
  std::optional<PageFrameNumber> TryTake(GfpMask gfp, std::uint8_t order = 0) {
    const auto pfn = pages_->AllocPages(gfp, Order(order), PageOwner::kCaller);
    pages_->CheckInvariants();
    return pfn;
  }
  PageFrameNumber Take(GfpMask gfp = kGfpKernel, std::uint8_t order = 0) { return *TryTake(gfp, order); }
  void Give(PageFrameNumber pfn, std::uint8_t order = 0) {
    pages_->FreePages(pfn, Order(order));
    pages_->CheckInvariants();
  }
  std::vector<PageFrameNumber> TakeMany(std::size_t count, GfpMask gfp = kGfpKernel, std::uint8_t order = 0) {
    std::vector<PageFrameNumber> taken;
    while (taken.size() < count) taken.push_back(*pages_->AllocPages(gfp, Order(order), PageOwner::kCaller));
    pages_->CheckInvariants();
    return taken;
  }
  void GiveAll(const std::vector<PageFrameNumber>& taken, std::uint8_t order = 0) {
    for (const PageFrameNumber pfn : taken) pages_->FreePages(pfn, Order(order));
    pages_->CheckInvariants();
  }

  PagesetTuning NormalOf(int cpu) const { return pages_->pageset(ZoneType::kNormal, Cpu(cpu)); }
  ZoneInfo zone(ZoneType type) const { return pages_->zones()[static_cast<std::size_t>(type)]; }
  std::uint64_t Holds(LockClass lock) const { return locks_->counts(lock, LockMode::kExclusive).holds.count; }
  // What something costs in virtual time.
  template <typename Action>
  std::uint64_t Cost(Action action) {
    const Nanoseconds start = cpus_->now();
    action();
    return (cpus_->now() - start).value();
  }

  Counters counters_;
  std::optional<Cpus> cpus_;
  std::optional<Locks> locks_;
  std::optional<PageAllocator> pages_;
};

TEST_F(PerCpuPagesTest, ThereIsAListForEachOrderAndTypeThatCpusKeep) {
  std::vector<bool> used(kPcpListCount);
  for (int t = 0; t < kMigrateTypeCount; ++t) {
    const auto type = static_cast<MigrateType>(t);
    for (const Order order : {Order(0), Order(1), Order(2), Order(3), Order(9)}) {
      ASSERT_TRUE(HasPcpList(order));
      const std::size_t list = PcpListOf(order, type);
      EXPECT_EQ(OrderOfPcpList(list), order);
      used[list] = true;
    }
  }
  EXPECT_EQ(used, std::vector<bool>(kPcpListCount, true));
  for (const Order order : {Order(4), Order(5), Order(6), Order(7), Order(8), Order(10)})
    EXPECT_FALSE(HasPcpList(order));
}

TEST_F(PerCpuPagesTest, TheFirstPageBringsABatchThatIsNeitherFreeNorAllocated) {
  const PageCount free = pages_->free_pages();
  const PageFrameNumber pfn = Take();
  EXPECT_EQ(pages_->free_pages(), free - PageCount(63));
  EXPECT_EQ(pages_->pcp_pages(), PageCount(62));
  EXPECT_EQ(pages_->pages_of(PageOwner::kCaller), PageCount(1));
  EXPECT_EQ(zone(ZoneType::kNormal).on_pcp_lists, PageCount(62));
  EXPECT_EQ(NormalOf(0).count, PageCount(62));
  EXPECT_EQ(pages_->pcp_counts(Cpu(0)), (PcpCounts{0, 1, PageCount(63), 0, PageCount(0)}));
  // Those of the bulk follow in the order of their numbers.
  EXPECT_EQ(Take(), pfn + PageCount(1));
  EXPECT_EQ(pages_->pcp_counts(Cpu(0)).hits, 1U);
  // A page on a list is nobody's to free.
  EXPECT_EQ(pages_->FreeCallerPages(pfn + PageCount(5), 0), FreeRefusal::kAlreadyFree);
}

TEST_F(PerCpuPagesTest, WhatWasFreedLastIsTakenFirstByTheSameCpuAlone) {
  const PageFrameNumber pfn = Take();
  Take();
  Give(pfn);
  RunOn(1);
  EXPECT_NE(Take(), pfn);
  RunOn(0);
  EXPECT_EQ(Take(), pfn);
}

TEST_F(PerCpuPagesTest, CpusThatDoNothingCostNothing) {
  Boot(64 * kGiB, 256);
  const ByteCount before = pages_->HostMemory();
  EXPECT_LT(before, ByteCount(8192));
  EXPECT_EQ(NormalOf(255), PagesetTuning{});
  EXPECT_EQ(pages_->pcp_counts(Cpu(255)), PcpCounts{});
  pages_->DrainPerCpuPages();
  EXPECT_FALSE(pages_->DecayPerCpuPages());
  EXPECT_EQ(pages_->HostMemory(), before);
}

TEST_F(PerCpuPagesTest, PagesOfTheReserveLieWithTheMovableOnes) {
  Boot(512 * kMiB, 1);
  // Fill the zone, so that an atomic block reserves its pageblock.
  std::vector<PageFrameNumber> taken;
  while (const auto pfn = pages_->AllocPages(kGfpKernel, Order(2), PageOwner::kCaller)) taken.push_back(*pfn);
  const PageFrameNumber atomic = Take(kGfpAtomic, 2);
  ASSERT_EQ(zone(ZoneType::kDma32).pageblocks_by_type[3], 1U);
  Give(atomic, 2);
  // Nothing of MOVABLE was on the list of order 2 before.
  EXPECT_EQ(TryTake(kGfpHighuserMovable | kGfpMemalloc, 2), atomic);
}

// --- Costs and locks

TEST_F(PerCpuPagesTest, AHitCosts45NanosecondsForThePairAndNoZoneLock) {
  Give(Take());
  const std::uint64_t zone_holds = Holds(LockClass::kZoneLock);
  const std::uint64_t pcp_holds = Holds(LockClass::kPcpLock);
  PageFrameNumber pfn(0);
  EXPECT_EQ(Cost([&] { pfn = Take(); }), 25U);
  EXPECT_EQ(Cost([&] { Give(pfn); }), 20U);
  EXPECT_EQ(Holds(LockClass::kZoneLock), zone_holds);
  EXPECT_EQ(Holds(LockClass::kPcpLock), pcp_holds + 2);
}

TEST_F(PerCpuPagesTest, ZeroingTakesTimeForEachPage) {
  const auto pair = [this](GfpMask gfp) {
    return Cost([&] { pages_->FreePages(*pages_->AllocPages(gfp, Order(3), PageOwner::kCaller), Order(3)); });
  };
  pair(kGfpKernel);
  EXPECT_EQ(pair(kGfpKernel | kGfpZero), pair(kGfpKernel) + 8 * kDefaultCosts.page_zero.value());
}

TEST_F(PerCpuPagesTest, ARefillHoldsTheZonesLockOnceForAllPages) {
  // 63 pages come out of one block of 1024: 10 orders down to the first one, and for those after it 0, 1, 0, 2, 0, 1, …
  // which are 63 less the ones among the bits of 62.
  const std::uint64_t splits = 10 + (62 - 5);
  EXPECT_EQ(Cost([this] { Take(); }), 25 + 20 + 63 * 12 + splits * 8);
  EXPECT_EQ(Holds(LockClass::kZoneLock), 1U);
  EXPECT_EQ(Holds(LockClass::kPcpLock), 1U);
}

TEST_F(PerCpuPagesTest, OrdersThatCpusDoNotKeepTakeTheZonesLockEachTime) {
  const PageFrameNumber pfn = Take(kGfpKernel, 4);
  EXPECT_EQ(pages_->pcp_pages(), PageCount(0));
  EXPECT_EQ(Holds(LockClass::kPcpLock), 0U);
  EXPECT_EQ(Holds(LockClass::kZoneLock), 1U);
  // Six orders up again.
  EXPECT_EQ(Cost([&] { Give(pfn, 4); }), 20U + 20 + 6 * 8);
  EXPECT_EQ(Cost([&] { Take(kGfpKernel, 10); }), 25U + 20);
}

TEST_F(PerCpuPagesTest, AFlushHoldsTheZonesLockOnce) {
  Boot(16 * kMiB, 1);
  // More than a CPU may keep of a zone of 13 MiB.
  const std::vector<PageFrameNumber> taken = TakeMany(1500, kGfpKernel | kGfpDma);
  const std::uint64_t holds = Holds(LockClass::kZoneLock);
  const std::uint64_t flushes = pages_->pcp_counts(Cpu(0)).flushes;
  GiveAll(taken);
  const PcpCounts counts = pages_->pcp_counts(Cpu(0));
  EXPECT_GT(counts.flushes, flushes);
  EXPECT_GT(counts.flushed, PageCount(100));
  EXPECT_EQ(Holds(LockClass::kZoneLock) - holds, counts.flushes - flushes);
}

TEST_F(PerCpuPagesTest, EachCpuHasALockOfItsOwnInEachZone) {
  Take();
  Take(kGfpKernel | kGfpDma);
  RunOn(3);
  Take();
  std::vector<LockOwner> owners;
  locks_->ForEachRecord([&owners](const LockRecord& record) {
    if (record.lock_class == LockClass::kPcpLock) owners.push_back(record.owner);
  });
  EXPECT_EQ(owners, (std::vector<LockOwner>{{0, 2}, {0, 0}, {3, 2}}));
}

TEST_F(PerCpuPagesTest, CpusThatTakePagesAtATimeMeetAtTheZoneAndNotAtTheirLists) {
  const std::vector<CpuId> cpus = {Cpu(0), Cpu(1), Cpu(2), Cpu(3)};
  {
    Lanes lanes(*locks_, cpus);
    for (int i = 0; i < 400; ++i) {
      lanes.Next();
      Take();
    }
  }
  EXPECT_EQ(locks_->counts(LockClass::kPcpLock, LockMode::kExclusive).waits.count, 0U);
  EXPECT_GT(locks_->counts(LockClass::kZoneLock, LockMode::kExclusive).waits.count, 0U);
}

// --- Giving back

TEST_F(PerCpuPagesTest, DrainingGivesBackWhatAllCpusKeepAndWhoDrainsPays) {
  for (int cpu = 0; cpu < 4; ++cpu) {
    RunOn(cpu);
    Take();
    Take(kGfpHighuserMovable, 3);
    Take(kGfpKernel | kGfpDma);
  }
  const Nanoseconds busy = cpus_->counts(Cpu(1)).busy;
  EXPECT_GT(pages_->pcp_pages(), PageCount(400));
  EXPECT_GT(Cost([this] { pages_->DrainPerCpuPages(); }), 4U * 62 * 12);
  pages_->CheckInvariants();
  EXPECT_EQ(pages_->pcp_pages(), PageCount(0));
  EXPECT_EQ(cpus_->counts(Cpu(1)).busy, busy);
}

TEST_F(PerCpuPagesTest, WhoFindsNoMemoryGetsWhatOtherCpusKeep) {
  Boot(16 * kMiB, 4);
  // CPU 1 keeps pages, and then CPU 0 takes everything else.
  RunOn(1);
  GiveAll(TakeMany(500));
  const PageCount kept = pages_->pcp_pages();
  ASSERT_GT(kept, PageCount(0));
  RunOn(0);
  while (pages_->AllocPages(kGfpNowait, Order(0), PageOwner::kCaller).has_value()) continue;
  EXPECT_GE(pages_->pcp_pages(), kept) << "who may not wait does not drain";
  EXPECT_TRUE(TryTake(kGfpKernel).has_value());
  EXPECT_EQ(pages_->pageset(ZoneType::kDma, Cpu(1)).count, PageCount(0));
}

TEST_F(PerCpuPagesTest, IdleCpusGiveBackWhatTheyMayNotKeepAnyMoreSecondBySecond) {
  const std::vector<PageFrameNumber> taken = TakeMany(20000);
  RunOn(2);
  GiveAll(taken);
  const PagesetSizes sizes = zone(ZoneType::kNormal).pageset;
  ASSERT_GT(NormalOf(2).high, sizes.high_min);
  ASSERT_GT(NormalOf(2).count, sizes.high_min);
  RunOn(1);
  const Nanoseconds now = cpus_->now();
  const Nanoseconds busy = cpus_->counts(Cpu(2)).busy;
  int seconds = 0;
  while (pages_->DecayPerCpuPages()) {
    pages_->CheckInvariants();
    ASSERT_LT(++seconds, 60);
  }
  EXPECT_EQ(NormalOf(2).high, sizes.high_min);
  EXPECT_EQ(NormalOf(2).count, sizes.high_min);
  EXPECT_GT(seconds, 2);
  // A thread of the kernel's own did it on that CPU, beside what went on.
  EXPECT_EQ(cpus_->now(), now);
  EXPECT_EQ(cpus_->current(), Cpu(1));
  EXPECT_EQ(cpus_->counts(Cpu(2)).busy, busy);
}

TEST_F(PerCpuPagesTest, BelowTheHighWatermarkListsGrowNoMoreUntilAFlushFindsMemoryAgain) {
  Boot(512 * kMiB, 1);
  const ZoneInfo dma32 = zone(ZoneType::kDma32);
  std::vector<PageFrameNumber> taken;
  while (zone(ZoneType::kDma32).free > dma32.watermarks.high) {
    for (int i = 0; i < 64; ++i) taken.push_back(*pages_->AllocPages(kGfpKernel, Order(0), PageOwner::kCaller));
  }
  const PageCount high = pages_->pageset(ZoneType::kDma32, Cpu(0)).high;
  const std::uint64_t refills = pages_->pcp_counts(Cpu(0)).refills;
  for (const PageFrameNumber pfn : TakeMany(4000)) taken.push_back(pfn);
  EXPECT_GT(pages_->pcp_counts(Cpu(0)).refills, refills);
  EXPECT_EQ(pages_->pageset(ZoneType::kDma32, Cpu(0)).high, high);
  // Freed, the pages go back in large bulks, and once there are enough the lists may grow again.
  GiveAll(taken);
  EXPECT_LE(pages_->pageset(ZoneType::kDma32, Cpu(0)).high, high);
  const PageCount low_again = pages_->pageset(ZoneType::kDma32, Cpu(0)).high;
  TakeMany(20000);
  EXPECT_GT(pages_->pageset(ZoneType::kDma32, Cpu(0)).high, low_again);
}

}  // namespace
}  // namespace memsim
