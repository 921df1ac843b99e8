// Stacks that grow down to an access below them.

#include <vector>

#include "gtest/gtest.h"

#include "server/kernel/vm/layout.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class StackGrowthTest : public ProgramTest {
 protected:
  // A stack of two pages at 1000.
  StackGrowthTest() { mm().Map(1000, 1002, "rw", kMapGrowsDown); }
};

TEST_F(StackGrowthTest, AnAccessBelowGrowsTheStackToItsPageAndNoFurther) {
  EXPECT_EQ(mm().Write(990, 991), "1 minor");
  EXPECT_EQ(mm().Maps(), "990..1002 rw-p");
  EXPECT_EQ(mm().Books(), "total 12, data 0, stack 12, exec 0, rss 1+0+0");
  EXPECT_EQ(world_.committed(), 12);
  // A load will do.
  EXPECT_EQ(mm().Read(980, 981), "1 minor");
  EXPECT_EQ(mm().Maps(), "980..1002 rw-p");
  EXPECT_EQ(mm().VmaAt(980).PageIndex(At(1001)), PageOffset(At(1001).value() >> kPageShift));
}

TEST_F(StackGrowthTest, TheFaultThatLetsItGrowIsServedUnderMmapLockAlone) {
  const auto holds = [this](LockClass lock_class, LockMode mode) {
    return world_.locks.counts(lock_class, mode).holds.count;
  };
  const auto count = [&holds] {
    return std::vector<std::uint64_t>{
        holds(LockClass::kMmapLock, LockMode::kShared), holds(LockClass::kMmapLock, LockMode::kExclusive),
        holds(LockClass::kVmaLock, LockMode::kShared), holds(LockClass::kVmaLock, LockMode::kExclusive)};
  };
  const std::vector<std::uint64_t> before = count();
  EXPECT_EQ(mm().Write(999, 1000), "1 minor");
  // A look, then for the change, then as a reader again; and who changes the mapping has its lock.
  EXPECT_EQ(count(), (std::vector<std::uint64_t>{before[0] + 2, before[1] + 1, before[2], before[3] + 1}));
  EXPECT_EQ(mm().Write(1001, 1002), "1 minor");
  EXPECT_EQ(count(), (std::vector<std::uint64_t>{before[0] + 2, before[1] + 1, before[2] + 1, before[3] + 1}));
}

TEST_F(StackGrowthTest, MemoryBelowThatCanBeTouchedKeeps256PagesFree) {
  mm().Map(700, 701, "r");
  EXPECT_EQ(mm().Write(956, 957), "0 minor, SIGSEGV 1 at A+956");
  EXPECT_EQ(mm().Write(957, 958), "1 minor");
  EXPECT_EQ(mm().Maps(), "700..701 r--p, 957..1002 rw-p");
}

TEST_F(StackGrowthTest, ClosedMemoryAndOtherStacksBelowKeepNothingFree) {
  mm().Map(990, 991, "");
  EXPECT_EQ(mm().Write(991, 992), "1 minor");
  EXPECT_EQ(mm().Write(990, 991), "0 minor, SIGSEGV 2 at A+990");
  mm().Map(2000, 2001, "rw", kMapGrowsDown);
  mm().Map(2010, 2011, "rw", kMapGrowsDown);
  EXPECT_EQ(mm().Write(2001, 2002), "1 minor");
  EXPECT_EQ(mm().Maps(), "990..991 ---p, 991..1002 rw-p, 2000..2001 rw-p, 2001..2011 rw-p");
}

TEST_F(StackGrowthTest, TheStackLimitIsReachedButNotPassed) {
  mm().limits()[Resource::kStack].current = Pages(16).value();
  EXPECT_EQ(mm().Write(985, 986), "0 minor, SIGSEGV 1 at A+985");
  EXPECT_EQ(mm().Maps(), "1000..1002 rw-p");
  EXPECT_EQ(mm().Write(986, 987), "1 minor");
}

TEST_F(StackGrowthTest, AStackThatMayNotGrowHasAnAnonVmaAllTheSame) {
  mm().limits()[Resource::kStack].current = Pages(1).value();
  mm().Map(1000, 1001, "rw", kMapGrowsDown);
  EXPECT_EQ(mm().VmaAt(1000).anon.own, AnonVmaId());
  EXPECT_EQ(mm().Read(999, 1000), "0 minor, SIGSEGV 1 at A+999");
  EXPECT_NE(mm().VmaAt(1000).anon.own, AnonVmaId());
}

TEST_F(StackGrowthTest, SoAreTheAddressSpaceLimitAndThePromises) {
  mm().limits()[Resource::kAs].current = Pages(6).value();
  EXPECT_EQ(mm().Write(995, 996), "0 minor, SIGSEGV 1 at A+995");
  EXPECT_EQ(mm().Write(996, 997), "1 minor");
  mm().limits()[Resource::kAs].current = kRlimInfinity;
  world_.sysctls.overcommit_memory = OvercommitPolicy::kNever;
  world_.sysctls.overcommit_kbytes = 40;
  EXPECT_EQ(mm().Write(992, 993), "0 minor, SIGSEGV 1 at A+992");
  EXPECT_EQ(mm().Write(993, 994), "1 minor");
}

TEST_F(StackGrowthTest, TheDataLimitIsNotTheStacks) {
  mm().limits()[Resource::kData].current = 0;
  mm().limits()[Resource::kData].maximum = 0;
  EXPECT_EQ(mm().Write(900, 901), "1 minor");
}

// Not at the sysctl's, which may be lower.
TEST_F(StackGrowthTest, AStackStopsAtTheLowestAddressForHints) {
  const MmapArguments low{VirtualAddress(0x18000),
                          Pages(1),
                          Prot("rw"),
                          kMapPrivate | kMapAnonymous | kMapFixed | kMapGrowsDown,
                          OpenFileId(),
                          {}};
  EXPECT_EQ(mm().TryMmap(low), "0x18000");
  EXPECT_EQ(mm().Touch(VirtualAddress(0xffff), PageCount(1), AccessKind::kRead), "0 minor, SIGSEGV 1 at 0xffff");
  EXPECT_EQ(mm().Touch(VirtualAddress(0x10000), PageCount(1), AccessKind::kRead), "1 minor");
}

TEST_F(StackGrowthTest, OrdinaryMemoryDoesNotGrow) {
  mm().Map(500, 501);
  EXPECT_EQ(mm().Write(499, 500), "0 minor, SIGSEGV 1 at A+499");
}

TEST_F(StackGrowthTest, AStackThatMayNotBeReadStillGrowsBeforeTheAccessFails) {
  mm().Map(2000, 2001, "r", kMapGrowsDown);
  EXPECT_EQ(mm().Write(1990, 1991), "0 minor, SIGSEGV 2 at A+1990");
  EXPECT_EQ(mm().Maps(), "1000..1002 rw-p, 1990..2001 r--p");
}

}  // namespace
}  // namespace memsim
