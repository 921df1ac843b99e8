#include "server/host/turn_clock.h"

#include <chrono>

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr std::chrono::hours kLong(1);
constexpr std::chrono::nanoseconds kOver(0);

TEST(TurnClockTest, ATurnThatIsNotOverGoesOn) {
  TurnClock clock(kLong, Nanoseconds(0));
  EXPECT_FALSE(clock.OverNow());
  for (std::uint64_t i = 1; i <= 100; ++i) EXPECT_FALSE(clock.OverAfterCall(Nanoseconds(i * 1'000'000)));
}

TEST(TurnClockTest, ShortCallsEndATurnWithTheLastBetweenTwoReadings) {
  TurnClock clock(kOver, Nanoseconds(0));
  for (int i = 1; i < TurnClock::kCallsBetweenReadings; ++i) EXPECT_FALSE(clock.OverAfterCall(Nanoseconds(1)));
  EXPECT_TRUE(clock.OverAfterCall(Nanoseconds(1)));
  EXPECT_FALSE(clock.OverAfterCall(Nanoseconds(1))) << "the count begins again";
}

TEST(TurnClockTest, ALongCallEndsATurnAtOnce) {
  constexpr Nanoseconds kStart(5'000);
  TurnClock clock(kOver, kStart);
  EXPECT_FALSE(clock.OverAfterCall(kStart + TurnClock::kVirtualTimeBetweenReadings - Nanoseconds(1)));
  EXPECT_TRUE(clock.OverAfterCall(kStart + TurnClock::kVirtualTimeBetweenReadings));
  EXPECT_FALSE(clock.OverAfterCall(kStart + TurnClock::kVirtualTimeBetweenReadings + Nanoseconds(1)));
}

TEST(TurnClockTest, WhatTakesUnknownTimeIsMeasuredAtOnce) { EXPECT_TRUE(TurnClock(kOver, Nanoseconds(0)).OverNow()); }

}  // namespace
}  // namespace memsim
