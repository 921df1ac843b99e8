#include "server/kernel/physical/per_cpu_policy.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/model/slow_pageset.h"

namespace memsim {
namespace {

// Normal of a host with 2 CPUs, a zone of some MiB, DMA with 2 CPUs, and one whose `high` cannot move.
const std::vector<PagesetSizes> kZones = {
    {PageCount(63), PageCount(4833), PageCount(40960)},
    {PageCount(3), PageCount(60), PageCount(500)},
    {PageCount(1), PageCount(6), PageCount(240)},
    {PageCount(1), PageCount(4), PageCount(4)},
};
const PagesetSizes& kNormal = kZones[0];

// --- Sizes

TEST(PagesetSizesTest, AreThoseOfAHostsZones) {
  struct Zone {
    std::uint64_t managed;
    std::uint64_t low;
    PagesetSizes sizes;
  };
  // DMA, DMA32 and Normal with 2 CPUs.
  const std::vector<Zone> zones = {
      {3840, 56, {PageCount(1), PageCount(28), PageCount(240)}},
      {772497, 11395, {PageCount(63), PageCount(5697), PageCount(48281)}},
      {655360, 9667, {PageCount(63), PageCount(4833), PageCount(40960)}},
      {1638400, 14328, {PageCount(63), PageCount(7164), PageCount(102400)}},
  };
  for (const Zone& zone : zones) {
    EXPECT_EQ(ComputePagesetSizes(PageCount(zone.managed), PageCount(zone.low), 2), zone.sizes) << zone.managed;
  }
}

TEST(PagesetSizesTest, ABatchIsOneLessThanAPowerOfTwo) {
  // A quarter of a thousandth of the zone, and half as much again, rounded down.
  for (const auto& [managed, batch] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 1},
                                                                                           {8191, 1},
                                                                                           {12288, 3},
                                                                                           {45055, 7},
                                                                                           {45056, 15},
                                                                                           {90111, 15},
                                                                                           {90112, 31},
                                                                                           {176127, 31},
                                                                                           {176128, 63},
                                                                                           {1ULL << 30, 63}}) {
    EXPECT_EQ(ComputePagesetSizes(PageCount(managed), PageCount(0), 1).batch, PageCount(batch)) << managed;
  }
}

TEST(PagesetSizesTest, ManyCpusLeaveEachFourBatches) {
  const PagesetSizes sizes = ComputePagesetSizes(PageCount(3840), PageCount(56), 256);
  EXPECT_EQ(sizes, (PagesetSizes{PageCount(1), PageCount(4), PageCount(4)}));
}

// --- Refills

TEST(PerCpuPolicyTest, WhoKeepsAllocatingTakesTwiceAsMuchEachTime) {
  PagesetTuning tuning;
  std::vector<std::uint64_t> bulks;
  for (int i = 0; i < 8; ++i) bulks.push_back(RefillBlocks(tuning, kNormal, {}, Order(0)));
  EXPECT_EQ(bulks, (std::vector<std::uint64_t>{63, 126, 252, 504, 1008, 2016, 2016, 2016}));
  // And may keep as much more.
  EXPECT_EQ(tuning.high, PageCount(4833 + 63 + 126 + 252 + 504 + 1008 + 3 * 2016));
}

TEST(PerCpuPolicyTest, InAZoneThatIsShortOfMemoryHighDoesNotGrow) {
  PagesetTuning tuning;
  for (int i = 0; i < 8; ++i) RefillBlocks(tuning, kNormal, {true, false}, Order(0));
  EXPECT_EQ(tuning.high, kNormal.high_min);
}

TEST(PerCpuPolicyTest, BlocksAreFetchedByTheBatchsPagesButAtLeastTwo) {
  for (const auto& [order, blocks] : std::vector<std::pair<int, std::uint64_t>>{{1, 31}, {2, 15}, {3, 7}, {9, 2}}) {
    PagesetTuning tuning;
    EXPECT_EQ(RefillBlocks(tuning, kNormal, {}, Order(static_cast<std::uint8_t>(order))), blocks) << order;
    EXPECT_EQ(tuning.alloc_factor, 0) << "blocks are not fetched in growing bulks";
  }
  PagesetTuning dma;
  EXPECT_EQ(RefillBlocks(dma, kZones[2], {}, Order(3)), 1U) << "of a batch of one page, one";
}

// --- Flushes

// Frees until pages are to be given back; how many.
PageCount FreeUntilFlush(PagesetTuning& tuning, const PagesetSizes& sizes, ZonePressure pressure, Order order) {
  for (;;) {
    tuning.count += PagesOfOrder(order);
    const PageCount pages = PagesToFlush(tuning, sizes, pressure, order);
    if (pages > PageCount(0)) return pages;
  }
}

TEST(PerCpuPolicyTest, WhoOnlyFreesFillsTheListsAndThenGivesBackMoreAndMore) {
  PagesetTuning tuning;
  EXPECT_EQ(FreeUntilFlush(tuning, kNormal, {}, Order(0)), PageCount(2016));
  EXPECT_EQ(tuning.count, kNormal.high_min);
}

TEST(PerCpuPolicyTest, ASmallZoneGivesBackWhatLeavesABatch) {
  PagesetTuning tuning;
  // 32 pages were freed in a row, and 3 must stay of 4.
  EXPECT_EQ(FreeUntilFlush(tuning, kZones[3], {}, Order(0)), PageCount(3));
  EXPECT_EQ(tuning.count, PageCount(4));
}

TEST(PerCpuPolicyTest, BelowTheHighWatermarkNothingStaysAboveTheLeast) {
  PagesetTuning tuning;
  tuning.high = PageCount(20000);
  tuning.count = PageCount(10000);
  const PageCount pages = PagesToFlush(tuning, kNormal, {true, false}, Order(0));
  EXPECT_EQ(pages, kNormal.batch);
  EXPECT_EQ(tuning.high, PageCount(20000 - 63));
}

TEST(PerCpuPolicyTest, WhileKswapdWorksFourBatchesMayStay) {
  PagesetTuning tuning;
  EXPECT_EQ(FreeUntilFlush(tuning, kNormal, {false, true}, Order(0)), PageCount(252 - 63));
  EXPECT_EQ(tuning.count, PageCount(252));
}

TEST(PerCpuPolicyTest, BlocksThatAreFreedInARowAllGo) {
  PagesetTuning tuning;
  // A batch and half of high_min are 33 pages: the sixth block finds that 40 were freed before it.
  EXPECT_EQ(FreeUntilFlush(tuning, kZones[1], {}, Order(3)), PageCount(48));
  EXPECT_EQ(tuning.count, PageCount(48));
  // A single page in between, and it is no row.
  PagesetTuning mixed;
  for (int i = 0; i < 4; ++i) {
    mixed.count += PageCount(9);
    EXPECT_EQ(PagesToFlush(mixed, kZones[1], {}, Order(3)), PageCount(0));
    EXPECT_EQ(PagesToFlush(mixed, kZones[1], {}, Order(0)), PageCount(0));
  }
}

TEST(PerCpuPolicyTest, ASinglePageIsDecidedAlikeByTheShortCut) {
  for (std::uint64_t count = 1; count < 700; ++count) {
    for (const std::uint64_t high : {0U, 60U, 300U, 500U}) {
      for (int bits = 0; bits < 4; ++bits) {
        PagesetTuning tuning{PageCount(count), PageCount(high), PageCount(count / 2), 3, true};
        PagesetTuning same = tuning;
        const ZonePressure pressure{(bits & 1) != 0, (bits & 2) != 0};
        EXPECT_EQ(PagesToFlush(tuning, kZones[1], pressure), PagesToFlush(same, kZones[1], pressure, Order(0)));
        EXPECT_EQ(tuning, same) << count;
      }
    }
  }
}

// --- Decay

TEST(PerCpuPolicyTest, AnIdleCpusHighShrinksByAnEighthASecondDownToItsLeast) {
  PagesetTuning tuning;
  tuning.high = PageCount(8000);
  tuning.count = PageCount(7500);
  EXPECT_EQ(PagesToDecay(tuning, kNormal), PageCount(500));
  EXPECT_EQ(tuning.high, PageCount(7000));
  for (int second = 0; second < 10; ++second) tuning.count -= PagesToDecay(tuning, kNormal);
  EXPECT_EQ(tuning.high, kNormal.high_min);
}

TEST(PerCpuPolicyTest, ADecayGivesBackNoMoreThanABulk) {
  PagesetTuning tuning;
  tuning.high = tuning.count = PageCount(40000);
  EXPECT_EQ(PagesToDecay(tuning, kNormal), PageCount(2016));
}

// --- All of it

// Calls visit for numbers around every edge of a zone's sizes.
template <typename Visitor>
void ForEachTuning(const PagesetSizes& sizes, Visitor visit) {
  const auto signed_pages = [](PageCount pages) { return static_cast<std::int64_t>(pages.value()); };
  SlowPageset slow;
  slow.batch = signed_pages(sizes.batch);
  slow.high_min = signed_pages(sizes.high_min);
  slow.high_max = signed_pages(sizes.high_max);
  std::vector<std::int64_t> numbers;
  for (const std::int64_t edge : {std::int64_t{0}, slow.batch, slow.batch * 4, slow.batch + slow.high_min / 2,
                                  slow.high_min, slow.batch << 5, (slow.high_min + slow.high_max) / 2, slow.high_max}) {
    for (const std::int64_t number : {edge - 1, edge, edge + 1}) {
      if (number >= 0) numbers.push_back(number);
    }
  }
  for (const std::int64_t count : numbers) {
    for (const std::int64_t high : numbers) {
      for (const std::int64_t freed : numbers) {
        for (int bits = 0; bits < 12; ++bits) {
          slow.count = count;
          slow.high = high;
          slow.free_count = freed;
          slow.alloc_factor = bits / 2;
          slow.previous_free_high_order = bits % 2 != 0;
          visit(slow);
        }
      }
    }
  }
}

PagesetTuning TuningOf(const SlowPageset& slow) {
  return {PageCount(static_cast<std::uint64_t>(slow.count)), PageCount(static_cast<std::uint64_t>(slow.high)),
          PageCount(static_cast<std::uint64_t>(slow.free_count)), static_cast<std::uint8_t>(slow.alloc_factor),
          slow.previous_free_high_order};
}

std::string Describe(const SlowPageset& slow, int order, int bits) {
  return absl::StrCat("batch ", slow.batch, " count ", slow.count, " high ", slow.high, " free_count ", slow.free_count,
                      " alloc_factor ", slow.alloc_factor, " order ", order, " pressure ", bits);
}

TEST(PerCpuPolicyTest, EveryDecisionIsThatOfThePlainArithmetic) {
  static constexpr std::uint8_t kOrders[] = {0, 1, 3, 9};
  for (const PagesetSizes& sizes : kZones) {
    ForEachTuning(sizes, [&sizes](const SlowPageset& state) {
      for (const std::uint8_t order : kOrders) {
        for (int bits = 0; bits < 4; ++bits) {
          const ZonePressure pressure{(bits & 1) != 0, (bits & 2) != 0};
          SlowPageset slow = state;
          PagesetTuning tuning = TuningOf(state);
          const auto flushed = PagesToFlush(tuning, sizes, pressure, Order(order)).value();
          ASSERT_EQ(flushed,
                    static_cast<std::uint64_t>(slow.Flush(order, pressure.below_high, pressure.reclaim_active)))
              << Describe(state, order, bits);
          ASSERT_EQ(tuning, TuningOf(slow)) << Describe(state, order, bits);
          ASSERT_LE(flushed, tuning.count.value());

          const auto refilled = RefillBlocks(tuning, sizes, pressure, Order(order));
          ASSERT_EQ(refilled, static_cast<std::uint64_t>(slow.Refill(order, pressure.below_high)))
              << Describe(state, order, bits);
          ASSERT_EQ(tuning, TuningOf(slow)) << Describe(state, order, bits);
          ASSERT_GE(refilled, 1U);
          ASSERT_GE(tuning.high, sizes.high_min);
          ASSERT_LE(tuning.high, sizes.high_max);
        }
      }
      SlowPageset slow = state;
      PagesetTuning tuning = TuningOf(state);
      ASSERT_EQ(PagesToDecay(tuning, sizes).value(), static_cast<std::uint64_t>(slow.Decay()));
      ASSERT_EQ(tuning, TuningOf(slow)) << Describe(state, 0, 0);
    });
  }
}

}  // namespace
}  // namespace memsim
