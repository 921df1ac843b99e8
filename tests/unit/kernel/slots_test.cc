#include "server/kernel/slots.h"

#include <string>

#include "gtest/gtest.h"

namespace memsim {
namespace {

std::string DigestOf(const Slots& slots) {
  Digest digest;
  slots.DigestTo(digest);
  return digest.ToHex();
}

TEST(SlotsTest, ASlotHoldsWhatWasStoredLastAndNothingBefore) {
  Slots slots;
  EXPECT_EQ(slots.Get(1), std::nullopt);
  slots.Set(3, 0);
  EXPECT_EQ(slots.Get(3), 0U);
  EXPECT_EQ(slots.Get(2), std::nullopt);
  slots.Set(3, UINT64_MAX);
  EXPECT_EQ(slots.Get(3), UINT64_MAX);
}

TEST(SlotsTest, SlotsGoFrom1To65535) {
  Slots slots;
  slots.Set(1, 5);
  slots.Set(Slots::kMaxSlot, 6);
  EXPECT_EQ(slots.Get(Slots::kMaxSlot), 6U);
  EXPECT_EQ(slots.Get(0), std::nullopt);
  EXPECT_EQ(slots.Get(Slots::kMaxSlot + 1), std::nullopt);
  EXPECT_EQ(slots.Get(UINT32_MAX), std::nullopt);
  EXPECT_LE(slots.HostMemoryBytes(), 1ULL << 20);
}

TEST(SlotsTest, AMachineThatUsesNoneCarriesNone) { EXPECT_EQ(Slots().HostMemoryBytes(), 0U); }

TEST(SlotsTest, TheDigestTellsWhichSlotHoldsWhat) {
  Slots one;
  one.Set(1, 5);
  Slots two;
  two.Set(2, 5);
  EXPECT_NE(DigestOf(one), DigestOf(two));
  EXPECT_NE(DigestOf(one), DigestOf(Slots()));
  two = one;
  EXPECT_EQ(DigestOf(one), DigestOf(two));
}

TEST(SlotsDeathTest, OurOwnMistakesStopTheProgram) {
  Slots slots;
  EXPECT_DEATH(slots.Set(0, 1), "check failed");
  EXPECT_DEATH(slots.Set(Slots::kMaxSlot + 1, 1), "check failed");
}

}  // namespace
}  // namespace memsim
