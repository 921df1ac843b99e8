#include "server/base/random.h"

#include <algorithm>
#include <array>

#include "gtest/gtest.h"

namespace memsim {
namespace {

// What a seed means may never change: these are SplitMix64's published numbers.
TEST(RandomTest, TheFirstNumbersOfASeedArePinned) {
  Random zero(0);
  EXPECT_EQ(zero.Next(), 0xe220a8397b1dcdafU);
  EXPECT_EQ(zero.Next(), 0x6e789e6aa1b965f4U);
  EXPECT_EQ(zero.Next(), 0x06c45d188009454fU);
  Random other(1234567);
  EXPECT_EQ(other.Next(), 6457827717110365317U);
  EXPECT_EQ(other.Next(), 3203168211198807973U);
  EXPECT_EQ(other.Next(), 9817491932198370423U);
}

TEST(RandomTest, BelowStaysBelowAndReachesEverything) {
  Random random(1);
  std::array<int, 6> seen = {};
  for (int i = 0; i < 6000; ++i) ++seen[random.Below(6)];
  for (const int count : seen) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
  EXPECT_EQ(random.Below(1), 0U);
}

TEST(RandomTest, LargeBoundsAreUniformToo) {
  // Three quarters of 2^64: without drawing again, the lower third would come twice as often.
  constexpr std::uint64_t kBound = 3ULL << 62;
  Random random(2);
  int lower = 0;
  for (int i = 0; i < 3000; ++i) lower += random.Below(kBound) < (1ULL << 62) ? 1 : 0;
  EXPECT_GT(lower, 850);
  EXPECT_LT(lower, 1150);
}

TEST(RandomTest, TheDigestTellsHowFarItIs) {
  Random a(1);
  Random b(1);
  const auto digest = [](const Random& random) {
    Digest d;
    random.DigestTo(d);
    return d.ToHex();
  };
  EXPECT_EQ(digest(a), digest(b));
  a.Next();
  EXPECT_NE(digest(a), digest(b));
}

TEST(RandomDeathTest, NothingIsBelowZero) { EXPECT_DEATH(Random(1).Below(0), "check failed"); }

}  // namespace
}  // namespace memsim
