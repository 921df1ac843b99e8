#include "tests/conformance/differential/workers.h"

#include <cstdlib>
#include <map>
#include <memory>
#include <set>

#include "gtest/gtest.h"

namespace memsim::differential {
namespace {

constexpr std::uint64_t kAborting = 7;
constexpr std::uint64_t kAbortingTwice = 12;

class FakeChecker : public SeedChecker {
 public:
  SeedReport Check(std::uint64_t seed) override {
    if (seed == kAborting || seed == kAbortingTwice) std::abort();
    return {SeedVerdict::kAgreed, seed * 10, std::string(seed * 1000, 'x')};
  }
  SeedReport CheckAborting(std::uint64_t seed) override {
    if (seed == kAbortingTwice) std::abort();
    return {SeedVerdict::kBroken, 0, "aborts"};
  }
};

std::map<std::uint64_t, SeedReport> CheckAll(SeedRange seeds, std::size_t jobs) {
  std::map<std::uint64_t, SeedReport> reports;
  CheckSeeds(
      seeds, jobs, [] { return std::make_unique<FakeChecker>(); },
      [&](std::uint64_t seed, const SeedReport& report) {
        EXPECT_TRUE(reports.emplace(seed, report).second) << seed;
        return true;
      },
      [] {});
  return reports;
}

TEST(WorkersTest, EverySeedIsReportedOnce) {
  for (const std::size_t jobs : {1, 2, 3, 9}) {
    const std::map<std::uint64_t, SeedReport> reports = CheckAll({20, 26}, jobs);
    ASSERT_EQ(reports.size(), 7U);
    EXPECT_EQ(reports.at(23).steps, 230U);
    EXPECT_EQ(reports.at(23).text.size(), 23000U);
  }
}

TEST(WorkersTest, ASeedThatEndsItsWorkerIsLookedAtInAnother) {
  const std::map<std::uint64_t, SeedReport> reports = CheckAll({1, 15}, 2);
  ASSERT_EQ(reports.size(), 15U);
  EXPECT_EQ(reports.at(kAborting).verdict, SeedVerdict::kBroken);
  EXPECT_EQ(reports.at(kAborting).text, "aborts");
  EXPECT_EQ(reports.at(kAbortingTwice).verdict, SeedVerdict::kBroken);
  EXPECT_EQ(reports.at(kAborting + 1).verdict, SeedVerdict::kAgreed);
}

TEST(WorkersTest, ItEndsWhenTheListenerHasSeenEnough) {
  std::uint64_t seen = 0;
  CheckSeeds(
      {100, 1000000}, 2, [] { return std::make_unique<FakeChecker>(); },
      [&seen](std::uint64_t, const SeedReport&) { return ++seen < 5; }, [] {});
  EXPECT_EQ(seen, 5U);
}

}  // namespace
}  // namespace memsim::differential
