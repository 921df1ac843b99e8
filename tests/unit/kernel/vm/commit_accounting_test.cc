// The overcommit policies, each at its limit, one below and one above.

#include "server/kernel/vm/commit_accounting.h"

#include "gtest/gtest.h"

namespace memsim {
namespace {

class CommitAccountingTest : public testing::Test {
 protected:
  CommitAccountingTest() {
    sysctls_.user_reserve_kbytes = 4 * 100;
    sysctls_.admin_reserve_kbytes = 4 * 50;
  }

  bool Charge(std::uint64_t pages, std::uint64_t total_vm = 0) {
    return commit_.Charge(PageCount(pages), PageCount(total_vm), reserve_);
  }
  std::int64_t committed() const { return counters_.Get(Counter::kCommittedAs); }

  Sysctls sysctls_;
  Counters counters_;
  CommitAccounting::Reserve reserve_ = CommitAccounting::Reserve::kAdministrators;
  CommitAccounting commit_{PageCount(1000), sysctls_, counters_};
};

TEST_F(CommitAccountingTest, ByDefaultOnlyASingleRequestLargerThanTheMemoryIsRefused) {
  EXPECT_TRUE(Charge(1000));
  EXPECT_TRUE(Charge(1000));
  EXPECT_FALSE(Charge(1001));
  EXPECT_EQ(committed(), 2000);
}

TEST_F(CommitAccountingTest, AlwaysMeansAlways) {
  sysctls_.overcommit_memory = OvercommitPolicy::kAlways;
  EXPECT_TRUE(Charge(1ULL << 40));
  EXPECT_EQ(committed(), 1LL << 40);
}

TEST_F(CommitAccountingTest, NeverStaysBelowTheLimit) {
  sysctls_.overcommit_memory = OvercommitPolicy::kNever;
  // Half of the memory: 500 themselves are too many.
  EXPECT_FALSE(Charge(500));
  EXPECT_EQ(committed(), 0);
  EXPECT_TRUE(Charge(499));
  EXPECT_FALSE(Charge(1));
  commit_.Uncharge(PageCount(10));
  EXPECT_TRUE(Charge(10));
  EXPECT_EQ(committed(), 499);
}

TEST_F(CommitAccountingTest, NeverKeepsAThirtySecondOfTheProcessBackUpToTheUsersReserve) {
  sysctls_.overcommit_memory = OvercommitPolicy::kNever;
  EXPECT_FALSE(Charge(499, 32));
  EXPECT_TRUE(Charge(498, 32));
  commit_.Uncharge(PageCount(498));
  EXPECT_FALSE(Charge(400, 1ULL << 30));
  EXPECT_TRUE(Charge(399, 1ULL << 30));
}

TEST_F(CommitAccountingTest, NeverKeepsTheAdministratorsReserveFromOthers) {
  sysctls_.overcommit_memory = OvercommitPolicy::kNever;
  reserve_ = CommitAccounting::Reserve::kKept;
  EXPECT_FALSE(Charge(450));
  EXPECT_TRUE(Charge(449));
  reserve_ = CommitAccounting::Reserve::kAdministrators;
  EXPECT_TRUE(Charge(50));
}

TEST_F(CommitAccountingTest, AReserveAboveTheLimitRefusesEverything) {
  sysctls_.overcommit_memory = OvercommitPolicy::kNever;
  sysctls_.overcommit_kbytes = 4 * 60;
  EXPECT_FALSE(Charge(1, 1ULL << 30));
  EXPECT_TRUE(Charge(1));
}

TEST_F(CommitAccountingTest, TheLimitIsARatioOfTheMemoryUnlessItIsGiven) {
  EXPECT_EQ(commit_.CommitLimit(), PageCount(500));
  sysctls_.overcommit_ratio = 0;
  EXPECT_EQ(commit_.CommitLimit(), PageCount(0));
  sysctls_.overcommit_ratio = 133;
  EXPECT_EQ(commit_.CommitLimit(), PageCount(1330));
  sysctls_.overcommit_kbytes = 4 * 77;
  EXPECT_EQ(commit_.CommitLimit(), PageCount(77));
}

}  // namespace
}  // namespace memsim
