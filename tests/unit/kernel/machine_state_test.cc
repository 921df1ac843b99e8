// What a machine's invariants see that no part of it can see alone.

#include "server/kernel/machine_state.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/mman_flags.h"

namespace memsim {
namespace {

class MachineStateDeathTest : public testing::Test {
 protected:
  MachineStateDeathTest() : state_(Small()) { EXPECT_TRUE(state_.Boot().ok()); }
  ~MachineStateDeathTest() override { state_.CheckInvariants(); }

  static MachineSpec Small() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    return spec;
  }
  void Miscount(Counter counter, std::int64_t by) {
    state_.counters.Add(counter, by);
    state_.CheckInvariants();
  }

  MachineState state_;
};

TEST_F(MachineStateDeathTest, APromiseThatNobodyGaveBackIsFound) {
  EXPECT_DEATH(Miscount(Counter::kCommittedAs, 1), "kCommittedAs");
  EXPECT_DEATH(Miscount(Counter::kCommittedAs, -1), "kCommittedAs");
}

TEST_F(MachineStateDeathTest, CountsOfPagesThatTheFramesDoNotBearOutAreFound) {
  for (const Counter counter : {Counter::kNrInactiveAnon, Counter::kNrInactiveFile, Counter::kNrAnonPages,
                                Counter::kNrMapped, Counter::kNrPageTablePages, Counter::kNrKernelStackKib}) {
    EXPECT_DEATH(Miscount(counter, 1), "expected.Get") << static_cast<int>(counter);
    EXPECT_DEATH(Miscount(counter, -1), "expected.Get") << static_cast<int>(counter);
  }
}

TEST_F(MachineStateDeathTest, CountsOfSlabPagesThatTheSlabsDoNotBearOutAreFound) {
  ASSERT_NE(state_.slabs.Alloc(KernelCache::kDentry, kGfpKernel), kNoObject);
  EXPECT_DEATH(Miscount(Counter::kNrSlabReclaimable, 1), "kNrSlabReclaimable");
  EXPECT_DEATH(Miscount(Counter::kNrSlabUnreclaimable, -1), "kNrSlabUnreclaimable");
}

}  // namespace
}  // namespace memsim
