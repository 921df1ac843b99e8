#include "server/kernel/cpu/tlb_flush.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/kernel/observe/tracepoint_set.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr AddressSpaceNumber kSpace = 5;

// CPU 0 runs; so many more work in the same address space.
class TlbFlushTest : public testing::Test {
 protected:
  void Run(std::uint16_t others) {
    for (std::uint16_t cpu = 0; cpu <= others; ++cpu) {
      cpus_.SwitchTo(CpuId(cpu));
      cpus_.RunTask(Pid(cpu + 1U), kSpace);
    }
    cpus_.SwitchTo(CpuId(0));
  }
  std::uint64_t TimeOfRange(ByteCount length, TlbStride stride = TlbStride::kPage) {
    const Nanoseconds before = cpus_.now();
    FlushTlbRange(cpus_, counters_, kSpace, length, stride);
    return (cpus_.now() - before).value();
  }
  std::uint64_t TimeOfPages(std::uint64_t pages) { return TimeOfRange(ToBytes(PageCount(pages))); }
  std::uint64_t TimeOfAll() {
    const Nanoseconds before = cpus_.now();
    FlushTlb(cpus_, counters_, kSpace);
    return (cpus_.now() - before).value();
  }

  Cpus cpus_{64, kDefaultCosts};
  Counters counters_;
};

TEST_F(TlbFlushTest, EntriesAreForgottenOneByOneUpToTheCeiling) {
  Run(0);
  EXPECT_EQ(TimeOfPages(1), 100U);
  EXPECT_EQ(TimeOfPages(33), 3300U);
  EXPECT_EQ(counters_.Get(Counter::kNrTlbLocalFlushOne), 34);
  EXPECT_EQ(TimeOfPages(34), 150U);
  EXPECT_EQ(TimeOfAll(), 150U);
  EXPECT_EQ(counters_.Get(Counter::kNrTlbLocalFlushAll), 2);
  EXPECT_EQ(counters_.Get(Counter::kNrTlbRemoteFlush), 0);
}

TEST_F(TlbFlushTest, TablesHaveAnEntryEach) {
  Run(0);
  EXPECT_EQ(TimeOfRange(kPageSize, TlbStride::kTable), 100U) << "the only one";
  EXPECT_EQ(TimeOfRange(ByteCount(33ULL << 21), TlbStride::kTable), 3300U);
  EXPECT_EQ(TimeOfRange(ByteCount(34ULL << 21), TlbStride::kTable), 150U);
}

TEST_F(TlbFlushTest, OthersInTheAddressSpaceAreInterruptedAndWaitedFor) {
  Run(3);
  EXPECT_EQ(TimeOfPages(2), 1000U + 3 * 200 + 2 * 100);
  EXPECT_EQ(TimeOfAll(), 1000U + 3 * 200 + 150);
  EXPECT_EQ(counters_.Get(Counter::kNrTlbRemoteFlush), 2);
  EXPECT_EQ(counters_.Get(Counter::kNrTlbRemoteFlushReceived), 6);
}

TEST_F(TlbFlushTest, OfAFlushIsToldWhoWasInterruptedForHowMuch) {
  Run(1);
  cpus_.trace().Listen(MatchTracepoints("tlb:tlb_flush"));
  const auto told = [this] {
    std::vector<std::pair<std::uint64_t, std::int64_t>> reasons_and_pages;
    for (const TraceRecord& record : cpus_.trace().Take().records) {
      reasons_and_pages.emplace_back(record.fields[0], static_cast<std::int64_t>(record.fields[1]));
    }
    return reasons_and_pages;
  };
  TimeOfPages(2);
  EXPECT_THAT(told(), ElementsAre(Pair(4, 2), Pair(3, 2)));
  TimeOfAll();
  EXPECT_THAT(told(), ElementsAre(Pair(4, -1), Pair(3, -1)));
  // The others are told pages, whatever an entry serves.
  TimeOfRange(ByteCount(2ULL << 21), TlbStride::kTable);
  EXPECT_THAT(told(), ElementsAre(Pair(4, 1024), Pair(3, 2)));
}

TEST_F(TlbFlushTest, WhoWorksElsewhereHasOnlyToTellTheOthers) {
  Run(2);
  cpus_.RunTask(Pid(99), kSpace + 1);
  EXPECT_EQ(TimeOfPages(2), 1000U + 2 * 200);
}

TEST_F(TlbFlushTest, AnAddressSpaceThatNobodyWorksInHasNothingToForget) {
  EXPECT_EQ(TimeOfPages(2), 0U);
  EXPECT_EQ(TimeOfAll(), 0U);
}

}  // namespace
}  // namespace memsim
