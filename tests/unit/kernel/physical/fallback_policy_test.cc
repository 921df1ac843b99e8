#include "server/kernel/physical/fallback_policy.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr MigrateType kUnmovable = MigrateType::kUnmovable;
constexpr MigrateType kMovable = MigrateType::kMovable;
constexpr MigrateType kReclaimable = MigrateType::kReclaimable;
constexpr MigrateType kHighAtomic = MigrateType::kHighAtomic;

std::vector<MigrateType> Fallbacks(MigrateType type) {
  const absl::Span<const MigrateType> types = FallbackTypes(type);
  return {types.begin(), types.end()};
}

TEST(FallbackPolicyTest, EveryOrdinaryTypeFallsBackToTheTwoOthers) {
  EXPECT_EQ(Fallbacks(kUnmovable), (std::vector{kReclaimable, kMovable}));
  EXPECT_EQ(Fallbacks(kMovable), (std::vector{kReclaimable, kUnmovable}));
  EXPECT_EQ(Fallbacks(kReclaimable), (std::vector{kUnmovable, kMovable}));
  EXPECT_TRUE(Fallbacks(kHighAtomic).empty());
}

TEST(FallbackPolicyTest, WithoutMixingAClaimNeedsAPageblock) {
  for (std::uint8_t order = 0; order < kOrderCount; ++order) {
    EXPECT_EQ(LowestClaimOrder(Order(order), TypeMixing::kAllowed), Order(order));
    EXPECT_EQ(LowestClaimOrder(Order(order), TypeMixing::kWholePageblocksOnly), std::max(Order(order), Order(9)));
  }
}

TEST(FallbackPolicyTest, MovablePagesClaimFromHalfAPageblocksOrderOn) {
  for (std::uint8_t order = 0; order < kOrderCount; ++order) {
    EXPECT_EQ(ShouldTryClaim(Order(order), kMovable), order >= 4);
    EXPECT_TRUE(ShouldTryClaim(Order(order), kUnmovable));
    EXPECT_TRUE(ShouldTryClaim(Order(order), kReclaimable));
  }
}

TEST(FallbackPolicyTest, APageblockConvertsWhenHalfOfItIsFreeOrAlike) {
  for (std::uint64_t free = 0; free <= 512; ++free) {
    for (std::uint64_t movable = 0; free + movable <= 512; movable += 7) {
      const PageblockUse use{PageCount(free), PageCount(movable)};
      const std::uint64_t rest = 512 - free - movable;
      EXPECT_EQ(ShouldConvert(use, kUnmovable, kMovable), free + movable >= 256);
      EXPECT_EQ(ShouldConvert(use, kMovable, kUnmovable), free + rest >= 256);
      EXPECT_EQ(ShouldConvert(use, kMovable, kReclaimable), free + rest >= 256);
      // What the other of two immovable types holds is neither.
      EXPECT_EQ(ShouldConvert(use, kReclaimable, kUnmovable), free >= 256);
    }
  }
}

TEST(FallbackPolicyTest, OnlyPagesOfUserMemoryCanMove) {
  for (int owner = 0; owner < kPageOwnerCount; ++owner) {
    const auto of = static_cast<PageOwner>(owner);
    EXPECT_EQ(IsMovableOwner(of), of == PageOwner::kAnonymous || of == PageOwner::kPageCache);
  }
}

}  // namespace
}  // namespace memsim
