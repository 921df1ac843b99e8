#include "server/kernel/vm/virtual_range.h"

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr VirtualRange Range(std::uint64_t start, std::uint64_t end) {
  return {VirtualAddress(start), VirtualAddress(end)};
}

TEST(VirtualRangeTest, TheEndIsOutside) {
  const VirtualRange range = Range(0x1000, 0x3000);
  EXPECT_FALSE(range.Contains(VirtualAddress(0xfff)));
  EXPECT_TRUE(range.Contains(VirtualAddress(0x1000)));
  EXPECT_TRUE(range.Contains(VirtualAddress(0x2fff)));
  EXPECT_FALSE(range.Contains(VirtualAddress(0x3000)));
  EXPECT_EQ(range.size(), ByteCount(0x2000));
  EXPECT_EQ(range.pages(), PageCount(2));
}

TEST(VirtualRangeTest, NeighboursDoNotOverlap) {
  EXPECT_FALSE(Range(0x1000, 0x2000).Overlaps(Range(0x2000, 0x3000)));
  EXPECT_FALSE(Range(0x2000, 0x3000).Overlaps(Range(0x1000, 0x2000)));
  EXPECT_TRUE(Range(0x1000, 0x2001).Overlaps(Range(0x2000, 0x3000)));
}

TEST(VirtualRangeTest, AnEmptyRangeOverlapsNothingEvenInsideAnother) {
  EXPECT_FALSE(Range(0x1000, 0x3000).Overlaps(Range(0x2000, 0x2000)));
  EXPECT_FALSE(Range(0x2000, 0x2000).Overlaps(Range(0x1000, 0x3000)));
}

TEST(VirtualRangeTest, TheIntersectionIsWhatBothHold) {
  EXPECT_EQ(Range(0x1000, 0x4000).Intersection(Range(0x2000, 0x9000)), Range(0x2000, 0x4000));
  EXPECT_EQ(Range(0x1000, 0x9000).Intersection(Range(0x2000, 0x4000)), Range(0x2000, 0x4000));
  EXPECT_TRUE(Range(0x1000, 0x2000).Intersection(Range(0x3000, 0x4000)).empty());
}

TEST(VirtualRangeTest, ARangeContainsItselfAndItsParts) {
  EXPECT_TRUE(Range(0x1000, 0x4000).Contains(Range(0x1000, 0x4000)));
  EXPECT_TRUE(Range(0x1000, 0x4000).Contains(Range(0x2000, 0x3000)));
  EXPECT_FALSE(Range(0x1000, 0x4000).Contains(Range(0x2000, 0x5000)));
  EXPECT_FALSE(Range(0x1000, 0x4000).Contains(Range(0, 0x2000)));
}

}  // namespace
}  // namespace memsim
