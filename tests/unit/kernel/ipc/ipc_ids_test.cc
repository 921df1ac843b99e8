#include "server/kernel/ipc/ipc_ids.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memsim {
namespace {

using testing::ElementsAre;

constexpr std::int32_t kSequence = IpcIds::kIndices;

class IpcIdsTest : public testing::Test {
 protected:
  std::vector<std::int32_t> Take(int count) {
    std::vector<std::int32_t> taken;
    for (int i = 0; i < count; ++i) taken.push_back(*ids_.Allocate());
    return taken;
  }
  // As a program that makes and removes one object after another.
  void Cycle(int count) {
    for (const std::int32_t id : Take(count)) ids_.Free(IpcIds::IndexOf(id));
  }

  IpcIds ids_;
};

TEST_F(IpcIdsTest, IndicesGoUpAlsoPastThoseThatAreFreeAgain) {
  EXPECT_EQ(ids_.highest_index(), -1);
  EXPECT_THAT(Take(3), ElementsAre(0, 1, 2));
  ids_.Free(1);
  ids_.Free(2);
  EXPECT_EQ(ids_.highest_index(), 0);
  EXPECT_THAT(Take(2), ElementsAre(3, 4));
  EXPECT_EQ(ids_.in_use(), 3);
  EXPECT_EQ(ids_.highest_index(), 4);
}

TEST_F(IpcIdsTest, FewObjectsTakeTurnsAmong64IndicesAndTheNextRoundHasTheNextSequenceNumber) {
  EXPECT_THAT(Take(3), ElementsAre(0, 1, 2));
  ids_.Free(1);
  Cycle(61);
  // As the host's kernel was seen to do it: 63 was the last, 0 and 2 are taken.
  EXPECT_THAT(Take(2), ElementsAre(kSequence + 1, kSequence + 3));
}

TEST_F(IpcIdsTest, OneObjectAtATimeGetsAnotherSequenceNumberEachRound) {
  Cycle(64);
  EXPECT_THAT(Take(1), ElementsAre(kSequence));
  ids_.Free(0);
  Cycle(63);
  EXPECT_THAT(Take(1), ElementsAre(2 * kSequence));
}

TEST_F(IpcIdsTest, ManyObjectsTakeTurnsAmongHalfAsManyMoreIndices) {
  Take(100);
  for (int index = 0; index < 50; ++index) ids_.Free(index);
  // 50 are left, and 64 indices take turns: from below again.
  EXPECT_THAT(Take(2), ElementsAre(kSequence, kSequence + 1));
  for (int index = 2; index < 50; ++index) EXPECT_EQ(*ids_.Allocate(), kSequence + index);
  // 100 again: the limit is 150.
  EXPECT_THAT(Take(1), ElementsAre(kSequence + 100));
}

TEST_F(IpcIdsTest, SequenceNumbersBeginAgainBeforeTheSignBit) {
  // Beside 42 objects, 22 indices take turns.
  Take(42);
  for (std::int32_t round = 0; round < IpcIds::kSequences; ++round) {
    for (std::int32_t index = 42; index < 64; ++index) {
      ASSERT_EQ(*ids_.Allocate(), round * kSequence + index);
      ids_.Free(index);
    }
  }
  EXPECT_EQ(*ids_.Allocate(), 42);
}

TEST_F(IpcIdsTest, AsManyAsThereAreIndices) {
  Take(IpcIds::kIndices);
  EXPECT_EQ(ids_.highest_index(), IpcIds::kIndices - 1);
  EXPECT_EQ(ids_.Allocate(), std::nullopt);
  ids_.Free(77);
  EXPECT_THAT(Take(1), ElementsAre(kSequence + 77));
  EXPECT_EQ(ids_.Allocate(), std::nullopt);
}

}  // namespace
}  // namespace memsim
