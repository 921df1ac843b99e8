#include "server/host/pending_work.h"

#include <chrono>
#include <thread>
#include <utility>

#include "gtest/gtest.h"

#include "server/calls/misuse.h"

namespace memsim {
namespace {

using std::chrono::steady_clock;

TEST(PendingWorkTest, BytesAreLimited) {
  PendingWork pending(100);
  absl::StatusOr<PendingBytes> most = pending.Reserve(99);
  ASSERT_TRUE(most.ok());
  EXPECT_EQ(most->bytes(), 99U);
  EXPECT_EQ(MisuseReason(pending.Reserve(2).status()), v1::ERROR_REASON_QUEUE_FULL);
  const absl::StatusOr<PendingBytes> rest = pending.Reserve(1);
  EXPECT_TRUE(rest.ok());
  EXPECT_EQ(MisuseReason(pending.Reserve(1).status()), v1::ERROR_REASON_QUEUE_FULL);
  EXPECT_TRUE(pending.Reserve(0).ok());
  *most = PendingBytes();
  EXPECT_EQ(pending.bytes(), 1U);
  EXPECT_TRUE(pending.Reserve(99).ok());
  EXPECT_EQ(pending.bytes(), 1U) << "they were given back at once";
}

TEST(PendingWorkTest, ReservedBytesAreGivenBackOnceHoweverTheyMove) {
  PendingWork pending(100);
  {
    PendingBytes first = *pending.Reserve(10);
    PendingBytes second = *pending.Reserve(20);
    second = std::move(first);
    const PendingBytes third = std::move(second);
    EXPECT_EQ(third.bytes(), 10U);
  }
  EXPECT_EQ(pending.bytes(), 0U);
}

TEST(PendingWorkTest, AfterClosingNothingComesInAndTheRestGoesOn) {
  PendingWork pending(100);
  EXPECT_TRUE(pending.Add().ok());
  pending.Close();
  EXPECT_EQ(MisuseReason(pending.Add()), v1::ERROR_REASON_SERVER_DRAINING);
  EXPECT_FALSE(pending.AwaitNone(steady_clock::now()));
  pending.Remove();
  EXPECT_TRUE(pending.AwaitNone(steady_clock::now()));
}

TEST(PendingWorkTest, WaitingEndsWithTheLastOne) {
  PendingWork pending(100);
  EXPECT_TRUE(pending.Add().ok());
  EXPECT_TRUE(pending.Add().ok());
  EXPECT_EQ(pending.count(), 2U);
  std::thread other([&pending] {
    pending.Remove();
    pending.Remove();
  });
  EXPECT_TRUE(pending.AwaitNone(steady_clock::now() + std::chrono::seconds(30)));
  EXPECT_EQ(pending.count(), 0U);
  other.join();
}

}  // namespace
}  // namespace memsim
