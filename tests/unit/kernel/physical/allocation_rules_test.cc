#include "server/kernel/physical/allocation_rules.h"

#include "gtest/gtest.h"

#include "server/kernel/physical/migrate_type.h"

namespace memsim {
namespace {

TEST(AllocationRulesTest, TheFirstAttemptKeepsTheLowWatermarkAndMixesNoTypesAboveDma32) {
  EXPECT_EQ(FastRules(ZoneType::kNormal),
            (AllocationRules{WatermarkLevel::kLow, ReserveAccess::kOrdinary, TypeMixing::kWholePageblocksOnly}));
  for (const ZoneType zone : {ZoneType::kDma, ZoneType::kDma32, ZoneType::kMovable}) {
    EXPECT_EQ(FastRules(zone), (AllocationRules{WatermarkLevel::kLow, ReserveAccess::kOrdinary, TypeMixing::kAllowed}));
  }
}

TEST(AllocationRulesTest, UrgencyDecidesWhatTheSlowPathMayUse) {
  const auto reserves = [](GfpMask gfp) {
    const AllocationRules rules = SlowRules(gfp);
    EXPECT_EQ(rules.level, WatermarkLevel::kMin);
    EXPECT_EQ(rules.mixing, TypeMixing::kAllowed);
    return rules.reserves;
  };
  EXPECT_EQ(reserves(kGfpKernel), ReserveAccess::kOrdinary);
  EXPECT_EQ(reserves(kGfpHighuserMovable), ReserveAccess::kOrdinary);
  EXPECT_EQ(reserves(kGfpNowait), ReserveAccess::kNonBlocking);
  EXPECT_EQ(reserves(0), ReserveAccess::kNonBlocking);
  EXPECT_EQ(reserves(kGfpKernel | kGfpHigh), ReserveAccess::kHigh);
  EXPECT_EQ(reserves(kGfpAtomic), ReserveAccess::kAtomic);
  EXPECT_EQ(reserves(kGfpAtomic | kGfpNomemalloc), ReserveAccess::kHigh);
}

TEST(AllocationRulesTest, ReservesLowerTheMark) {
  EXPECT_EQ(MarkWithReserves(PageCount(1000), ReserveAccess::kOrdinary), PageCount(1000));
  EXPECT_EQ(MarkWithReserves(PageCount(1000), ReserveAccess::kNonBlocking), PageCount(1000));
  EXPECT_EQ(MarkWithReserves(PageCount(1000), ReserveAccess::kHigh), PageCount(500));
  EXPECT_EQ(MarkWithReserves(PageCount(1000), ReserveAccess::kAtomic), PageCount(375));
  // Truncation at each step, as the kernel does it.
  EXPECT_EQ(MarkWithReserves(PageCount(7), ReserveAccess::kAtomic), PageCount(3));
}

TEST(AllocationRulesTest, TheSlowPathGivesUpOnCostlyOrdersAndUnwillingCallers) {
  EXPECT_TRUE(MayRetry(kGfpKernel, Order(0)));
  EXPECT_TRUE(MayRetry(kGfpKernel, Order(3)));
  EXPECT_FALSE(MayRetry(kGfpKernel, Order(4)));
  EXPECT_TRUE(MayRetry(kGfpKernel | kGfpRetryMayfail, Order(4)));
  EXPECT_FALSE(MayRetry(kGfpKernel | kGfpNoretry, Order(0)));
}

TEST(AllocationRulesTest, MemallocIgnoresWatermarksUnlessItMustNot) {
  EXPECT_FALSE(IgnoresWatermarks(kGfpAtomic));
  EXPECT_TRUE(IgnoresWatermarks(kGfpAtomic | kGfpMemalloc));
  EXPECT_FALSE(IgnoresWatermarks(kGfpAtomic | kGfpMemalloc | kGfpNomemalloc));
}

TEST(ZoneTypeTest, FlagsChooseTheHighestZone) {
  EXPECT_EQ(ZoneForGfp(kGfpKernel), ZoneType::kNormal);
  EXPECT_EQ(ZoneForGfp(kGfpDma), ZoneType::kDma);
  EXPECT_EQ(ZoneForGfp(kGfpDma32), ZoneType::kDma32);
  EXPECT_EQ(ZoneForGfp(kGfpHighmem), ZoneType::kNormal);
  EXPECT_EQ(ZoneForGfp(kGfpMovableBit), ZoneType::kNormal);
  EXPECT_EQ(ZoneForGfp(kGfpHighuserMovable), ZoneType::kMovable);
  EXPECT_EQ(ZoneForGfp(kGfpDma | kGfpHighuserMovable), ZoneType::kDma);
}

TEST(ZoneTypeTest, FramesLieInTheZoneOfTheirAddress) {
  EXPECT_EQ(ZoneOfFrame(PageFrameNumber(4095)), ZoneType::kDma);
  EXPECT_EQ(ZoneOfFrame(PageFrameNumber(4096)), ZoneType::kDma32);
  EXPECT_EQ(ZoneOfFrame(PageFrameNumber((1 << 20) - 1)), ZoneType::kDma32);
  EXPECT_EQ(ZoneOfFrame(PageFrameNumber(1 << 20)), ZoneType::kNormal);
}

TEST(MigrateTypeTest, FlagsChooseTheType) {
  EXPECT_EQ(MigrateTypeFor(kGfpKernel), MigrateType::kUnmovable);
  EXPECT_EQ(MigrateTypeFor(kGfpHighuserMovable), MigrateType::kMovable);
  EXPECT_EQ(MigrateTypeFor(kGfpKernel | kGfpReclaimable), MigrateType::kReclaimable);
  EXPECT_EQ(MigrateTypeFor(kGfpReclaimable | kGfpMovableBit), MigrateType::kMovable);
}

}  // namespace
}  // namespace memsim
