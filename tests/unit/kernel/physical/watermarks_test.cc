#include "server/kernel/physical/watermarks.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace memsim {
namespace {

ZoneWatermarks Marks(std::uint64_t min, std::uint64_t low, std::uint64_t high, std::uint64_t promo) {
  return {PageCount(min), PageCount(low), PageCount(high), PageCount(promo)};
}

PerZone<ZoneSize> Sizes(std::uint64_t dma, std::uint64_t dma32, std::uint64_t normal) {
  return {{{PageCount(dma), dma != 0}, {PageCount(dma32), dma32 != 0}, {PageCount(normal), normal != 0}, {}, {}}};
}

PerZone<PageCount> Protection(std::uint64_t dma32, std::uint64_t normal, std::uint64_t movable) {
  return {PageCount(0), PageCount(dma32), PageCount(normal), PageCount(movable), PageCount(movable)};
}

// /proc of a Linux 6.18 host with THP=madvise: the managed pages of its zones, and what the kernel made of them.
const PerZone<ZoneSize> kRecordedHost = Sizes(3840, 772497, 458752);
constexpr std::uint64_t kRecordedMinFreeKbytes = 67584;

TEST(WatermarksTest, TheRecordedHostHasTheRecordedMinFreeKbytes) {
  EXPECT_EQ(MinFreeKbytes(kRecordedHost, {}), kRecordedMinFreeKbytes);
}

TEST(WatermarksTest, TheRecordedHostHasTheRecordedWatermarks) {
  const auto marks = ComputeWatermarks(kRecordedHost, kRecordedMinFreeKbytes, 10);
  EXPECT_EQ(marks[0], Marks(52, 65, 78, 91));
  EXPECT_EQ(marks[1], Marks(10567, 13208, 15849, 18490));
  EXPECT_EQ(marks[2], Marks(6275, 7843, 9411, 10979));
  // Empty zones show these too.
  EXPECT_EQ(marks[3], Marks(32, 32, 32, 32));
  EXPECT_EQ(marks[4], Marks(0, 0, 0, 0));
}

TEST(WatermarksTest, TheRecordedHostHasTheRecordedProtection) {
  const LowmemReserve reserve = ComputeLowmemReserve(kRecordedHost);
  EXPECT_EQ(reserve[0], Protection(3017, 4809, 4809));
  EXPECT_EQ(reserve[1], Protection(0, 1792, 1792));
  EXPECT_EQ(reserve[2], Protection(0, 0, 0));
  EXPECT_EQ(reserve[3], Protection(0, 0, 0));
  EXPECT_EQ(reserve[4], Protection(0, 0, 0));
}

TEST(WatermarksTest, TotalReserveIsTheSumOfHighMarksAndTheLargestReserves) {
  const auto marks = ComputeWatermarks(kRecordedHost, kRecordedMinFreeKbytes, 10);
  // DMA has fewer pages than its reserve and mark together: all of it counts.
  EXPECT_EQ(TotalReserve(kRecordedHost, marks, ComputeLowmemReserve(kRecordedHost)),
            PageCount(3840 + (1792 + 15849) + 9411));
}

TEST(WatermarksTest, WithoutHugePagesMinFreeKbytesFollowsTheSquareRootOfTheSize) {
  const WatermarkParameters never{std::nullopt, 10, TransparentHugePages::kNever};
  // isqrt(16 * 4 * 1235089 kB)
  EXPECT_EQ(MinFreeKbytes(kRecordedHost, never), 8890U);
  EXPECT_EQ(MinFreeKbytes(Sizes(3252, 0, 0), never), 456U);
}

TEST(WatermarksTest, MinFreeKbytesStaysWithinItsLimits) {
  const WatermarkParameters never{std::nullopt, 10, TransparentHugePages::kNever};
  EXPECT_EQ(MinFreeKbytes(Sizes(256, 0, 0), never), 128U);  // isqrt(16384) = 128: at the limit
  EXPECT_EQ(MinFreeKbytes(Sizes(255, 0, 0), never), 128U);
  EXPECT_EQ(MinFreeKbytes(Sizes(261, 0, 0), never), 129U);
  EXPECT_EQ(MinFreeKbytes(Sizes(3840, 772497, 1ULL << 30), never), 262143U + 1);
}

TEST(WatermarksTest, HugePagesTakeAtMostATwentiethOfASmallMachine) {
  // 16 MiB: one zone would want 11 pageblocks, 5632 pages; a twentieth of what is above the high watermark is far less.
  EXPECT_EQ(MinFreeKbytes(Sizes(3252, 0, 0), {}), 616U);
}

TEST(WatermarksTest, AnExplicitMinFreeKbytesIsTakenAsItIs) {
  const WatermarkParameters set{1000, 10, TransparentHugePages::kMadvise};
  EXPECT_EQ(MinFreeKbytes(kRecordedHost, set), 1000U);
}

TEST(WatermarksTest, TheScaleFactorWidensTheStepsButNotTheMinimum) {
  const auto marks = ComputeWatermarks(kRecordedHost, kRecordedMinFreeKbytes, 1000);
  EXPECT_EQ(marks[0], Marks(52, 52 + 384, 52 + 768, 52 + 1152));
}

TEST(WatermarksTest, AZoneWithoutManagedPagesKeepsNothing) {
  PerZone<ZoneSize> sizes = Sizes(3840, 772497, 0);
  sizes[2].populated = true;
  const auto marks = ComputeWatermarks(sizes, 1000, 10);
  EXPECT_EQ(marks[2], Marks(0, 0, 0, 0));
  const LowmemReserve reserve = ComputeLowmemReserve(sizes);
  EXPECT_EQ(reserve[1], Protection(0, 0, 0));
  EXPECT_EQ(reserve[2], Protection(0, 0, 0));
}

TEST(WatermarksTest, IntegerSqrtIsExactAroundEverySquare) {
  for (std::uint64_t root = 1; root < 3000; ++root) {
    EXPECT_EQ(IntegerSqrt(root * root - 1), root - 1);
    EXPECT_EQ(IntegerSqrt(root * root), root);
  }
  EXPECT_EQ(IntegerSqrt(UINT64_MAX), 0xffffffffU);
  EXPECT_EQ(IntegerSqrt(0), 0U);
}

TEST(WatermarksTest, ReservesForTheUserAndTheAdministratorAreAThirtySecondAtMostALimit) {
  EXPECT_EQ(UserReserveKbytes(PageCount(3252)), 406U);
  EXPECT_EQ(AdminReserveKbytes(PageCount(3252)), 406U);
  EXPECT_EQ(UserReserveKbytes(PageCount(6170604)), 131072U);
  EXPECT_EQ(AdminReserveKbytes(PageCount(6170604)), 8192U);
}

}  // namespace
}  // namespace memsim
