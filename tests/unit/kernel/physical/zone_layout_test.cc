#include "server/kernel/physical/zone_layout.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;

FrameRange Frames(std::uint64_t begin, std::uint64_t end) { return {PageFrameNumber(begin), PageFrameNumber(end)}; }

ZoneLayout Zone(std::uint64_t start, std::uint64_t spanned, std::uint64_t present, FrameRange managed) {
  return {PageFrameNumber(start), PageCount(spanned), PageCount(present), managed};
}

std::uint64_t Managed(const MemoryLayout& layout) { return layout.managed().value(); }

TEST(ZoneLayoutTest, ADmaZoneHasTheSizesOfAPc) {
  const MemoryLayout layout = LayOutMemory(ByteCount(24 * kGiB), std::nullopt);
  EXPECT_EQ(layout.zone(ZoneType::kDma), Zone(1, 4095, 3998, Frames(256, 4096)));
  EXPECT_EQ(layout.zone(ZoneType::kDma).managed.size(), PageCount(3840));
}

TEST(ZoneLayoutTest, MemoryAboveThreeGibibytesGoesOnAtFour) {
  const MemoryLayout layout = LayOutMemory(ByteCount(24 * kGiB), std::nullopt);
  EXPECT_EQ(layout.zone(ZoneType::kDma32).spanned, PageCount(1044480));
  EXPECT_EQ(layout.zone(ZoneType::kDma32).present, PageCount(782336));
  EXPECT_EQ(layout.zone(ZoneType::kNormal).start, PageFrameNumber(1048576));
  EXPECT_EQ(layout.zone(ZoneType::kNormal).present, PageCount(5505024));
  EXPECT_EQ(layout.zone(ZoneType::kNormal).spanned, PageCount(5505024));
}

TEST(ZoneLayoutTest, ThreeGibibytesExactlyHaveNoNormalZoneAndNoHole) {
  const MemoryLayout layout = LayOutMemory(ByteCount(3 * kGiB), std::nullopt);
  EXPECT_EQ(layout.zone(ZoneType::kDma32).spanned, PageCount(782336));
  EXPECT_FALSE(layout.zone(ZoneType::kNormal).populated());
  EXPECT_TRUE(LayOutMemory(ByteCount(3 * kGiB + kMiB), std::nullopt).zone(ZoneType::kNormal).populated());
  EXPECT_EQ(LayOutMemory(ByteCount(3 * kGiB - kMiB), std::nullopt).zone(ZoneType::kDma32).present,
            PageCount(782336 - 256));
}

TEST(ZoneLayoutTest, SixteenMebibytesAreOneDmaZoneWithAKernelBelow) {
  const MemoryLayout layout = LayOutMemory(ByteCount(16 * kMiB), std::nullopt);
  EXPECT_EQ(layout.zone(ZoneType::kDma), Zone(1, 4095, 3998, Frames(256 + 512, 4096 - 64 - 4 - 2)));
  EXPECT_EQ(layout.zone(ZoneType::kDma32), ZoneLayout{});
  EXPECT_EQ(layout.zone(ZoneType::kNormal), ZoneLayout{});
  EXPECT_EQ(Managed(layout), 3258U);
}

TEST(ZoneLayoutTest, WithReservedGivenManagedIsExactlyTheRest) {
  for (const std::uint64_t memory : {16 * kMiB, 17 * kMiB, 33 * kMiB, 511 * kMiB, 3 * kGiB - kMiB, 3 * kGiB,
                                     3 * kGiB + kMiB, 4 * kGiB, 24 * kGiB, 64 * kGiB, 4096 * kGiB}) {
    const std::uint64_t frames = memory / 4096;
    for (const std::uint64_t reserved :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{255}, std::uint64_t{256}, std::uint64_t{257}, frames / 100,
          frames / 7, frames / 2 + 1, frames / 4 * 3}) {
      const MemoryLayout layout = LayOutMemory(ByteCount(memory), ByteCount(reserved * 4096));
      EXPECT_EQ(Managed(layout), frames - reserved) << memory << " " << reserved;
      EXPECT_EQ(layout.reserved.total().value(), reserved) << memory << " " << reserved;
    }
  }
}

TEST(ZoneLayoutTest, ManagedMemoryLiesInsideTheMemoryOfItsZone) {
  for (std::uint64_t mebibytes = 16; mebibytes < 5000; mebibytes += mebibytes < 64 ? 1 : 61) {
    const MemoryLayout layout = LayOutMemory(ByteCount(mebibytes * kMiB), std::nullopt);
    EXPECT_EQ(Managed(layout) + layout.reserved.total().value(), mebibytes * 256) << mebibytes;
    for (const ZoneLayout& zone : layout.zones) {
      EXPECT_LE(zone.present, zone.spanned) << mebibytes;
      if (zone.managed.empty()) continue;
      EXPECT_GE(zone.managed.begin, zone.start) << mebibytes;
      EXPECT_LE(zone.managed.end, zone.start + zone.spanned) << mebibytes;
      EXPECT_LE(zone.managed.size(), zone.present) << mebibytes;
    }
  }
}

TEST(ZoneLayoutTest, ALargeMachineEndsWithAWholeBlockSoThatItsEndNeedsNoRecords) {
  for (const std::uint64_t gibibytes : {1, 4, 24, 64, 4096}) {
    for (const std::uint64_t reserved : {std::uint64_t{0}, 100 * kMiB + 4096 * 7}) {
      const MemoryLayout layout =
          LayOutMemory(ByteCount(gibibytes * kGiB), reserved == 0 ? std::nullopt : std::optional(ByteCount(reserved)));
      const ZoneType highest = gibibytes > 3 ? ZoneType::kNormal : ZoneType::kDma32;
      EXPECT_EQ(layout.zone(highest).managed.end.value() % 1024, 0U) << gibibytes;
    }
  }
}

TEST(ReservedMemoryTest, TheDefaultIsWhatAKernelOf24GibibytesKeeps) {
  // The recorded host: 24 GiB installed, MemTotal 24682416 kB. What is estimated is off by less than 16 pages.
  const ReservedMemory reserved = DefaultReservedMemory(ToPages(ByteCount(24 * kGiB)));
  const std::int64_t kept = static_cast<std::int64_t>(24 * kGiB / 4096 - 24682416 / 4);
  EXPECT_NEAR(static_cast<double>(reserved.total().value()), static_cast<double>(kept), 16);
}

TEST(ReservedMemoryTest, HashTablesGrowByPowersOfTwo) {
  EXPECT_EQ(SystemHashPages(ToPages(ByteCount(24 * kGiB)), 13), PageCount(8192));  // 32 MiB of dentry buckets
  EXPECT_EQ(SystemHashPages(ToPages(ByteCount(24 * kGiB)), 14), PageCount(4096));
  EXPECT_EQ(SystemHashPages(ToPages(ByteCount(4 * kGiB)), 13), PageCount(1024));
  EXPECT_EQ(SystemHashPages(ToPages(ByteCount(64 * kGiB)), 13), PageCount(16384));
  // Beyond 64 GiB a bucket serves twice the memory.
  EXPECT_EQ(SystemHashPages(ToPages(ByteCount(128 * kGiB)), 13), PageCount(16384));
}

TEST(ReservedMemoryTest, ATotalIsSplitIntoThePartsInOrder) {
  const PageCount installed = ToPages(ByteCount(4 * kGiB));
  EXPECT_EQ(SplitReservedMemory(installed, PageCount(100)), (ReservedMemory{PageCount(100), {}, {}, {}}));
  EXPECT_EQ(SplitReservedMemory(installed, PageCount(356)), (ReservedMemory{PageCount(256), PageCount(100), {}, {}}));
  EXPECT_EQ(SplitReservedMemory(installed, PageCount(256 + 10000 + 5)),
            (ReservedMemory{PageCount(256), PageCount(10000), PageCount(5), {}}));
  // 64 bytes for each of 2^20 frames.
  EXPECT_EQ(SplitReservedMemory(installed, PageCount(256 + 10000 + 16384 + 5)),
            (ReservedMemory{PageCount(256), PageCount(10000), PageCount(16384), PageCount(5)}));
}

}  // namespace
}  // namespace memsim
