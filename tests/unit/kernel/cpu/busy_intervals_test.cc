#include "server/kernel/cpu/busy_intervals.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

#include "server/base/random.h"

namespace memsim {
namespace {

constexpr Nanoseconds At(std::uint64_t time) { return Nanoseconds(time); }

TimeInterval Interval(std::uint64_t from, std::uint64_t until) { return {At(from), At(until)}; }

// 0123456789
// ..AA..BB..
BusyIntervals TwoIntervals() {
  BusyIntervals busy;
  busy.Add(Interval(6, 8));
  busy.Add(Interval(2, 4));
  return busy;
}

TEST(BusyIntervalsTest, TheFirstGapIsTheOneThatIsLongEnough) {
  const BusyIntervals busy = TwoIntervals();
  EXPECT_EQ(busy.FirstGap(At(0), At(2)), At(0));
  EXPECT_EQ(busy.FirstGap(At(1), At(1)), At(1));
  EXPECT_EQ(busy.FirstGap(At(1), At(2)), At(4));
  EXPECT_EQ(busy.FirstGap(At(1), At(3)), At(8));
  EXPECT_EQ(busy.FirstGap(At(5), At(2)), At(8));
  EXPECT_EQ(busy.FirstGap(At(9), At(100)), At(9));
}

TEST(BusyIntervalsTest, NoTimeAtAllNeedsAMomentThatIsNotBusy) {
  const BusyIntervals busy = TwoIntervals();
  EXPECT_EQ(busy.FirstGap(At(1), At(0)), At(1));
  EXPECT_EQ(busy.FirstGap(At(3), At(0)), At(4));
}

TEST(BusyIntervalsTest, WhatTouchesBecomesOne) {
  BusyIntervals busy = TwoIntervals();
  busy.Add(Interval(4, 6));
  EXPECT_EQ(busy.intervals(), std::vector<TimeInterval>{Interval(2, 8)});
  busy.Add(Interval(9, 9));
  EXPECT_EQ(busy.intervals(), std::vector<TimeInterval>{Interval(2, 8)}) << "an empty interval was added";
}

TEST(BusyIntervalsTest, WhatOverlapsSeveralSwallowsThem) {
  BusyIntervals busy = TwoIntervals();
  busy.Add(Interval(3, 7));
  EXPECT_EQ(busy.intervals(), std::vector<TimeInterval>{Interval(2, 8)});
}

TEST(BusyIntervalsTest, WhatEndedAtTheHorizonIsForgotten) {
  BusyIntervals busy = TwoIntervals();
  busy.ForgetUntil(At(3));
  EXPECT_EQ(busy.intervals().size(), 2U);
  busy.ForgetUntil(At(4));
  EXPECT_EQ(busy.intervals(), std::vector<TimeInterval>{Interval(6, 8)});
}

TEST(BusyIntervalsTest, BeyondItsLimitTheOldestQuarterIsTakenForBusy) {
  BusyIntervals busy;
  for (std::uint64_t i = 0; i < BusyIntervals::kMaxIntervals; ++i) busy.Add(Interval(10 * i, 10 * i + 1));
  EXPECT_EQ(busy.FirstGap(At(0), At(5)), At(1));
  busy.Add(Interval(1'000'000, 1'000'001));
  EXPECT_EQ(busy.intervals().size(), BusyIntervals::kMaxIntervals - BusyIntervals::kMaxIntervals / 4 + 1);
  EXPECT_EQ(busy.FirstGap(At(0), At(5)), At(10 * (BusyIntervals::kMaxIntervals / 4) + 1));
}

// Against one flag for each nanosecond.
TEST(BusyIntervalsTest, RandomIntervalsAgreeWithAFlagForEachNanosecond) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    BusyIntervals busy;
    std::vector<bool> flags(400);
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t from = random.Below(200);
      const std::uint64_t length = random.Below(8);
      busy.Add(Interval(from, from + length));
      for (std::uint64_t at = from; at < from + length; ++at) flags[at] = true;

      const std::uint64_t asked = random.Below(210);
      const std::uint64_t wanted = 1 + random.Below(9);
      std::uint64_t expected = asked;
      for (std::uint64_t at = asked; at < expected + wanted; ++at) {
        if (flags[at]) expected = at + 1;
      }
      ASSERT_EQ(busy.FirstGap(At(asked), At(wanted)), At(expected)) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace memsim
