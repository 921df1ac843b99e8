#include "server/host/pending_work.h"

#include <chrono>
#include <thread>

#include "gtest/gtest.h"

#include "server/calls/misuse.h"

namespace memsim {
namespace {

using std::chrono::steady_clock;

TEST(PendingWorkTest, BytesAreLimited) {
  PendingWork pending(100);
  EXPECT_TRUE(pending.Add(99).ok());
  EXPECT_EQ(MisuseReason(pending.Add(2)), v1::ERROR_REASON_QUEUE_FULL);
  EXPECT_TRUE(pending.Add(1).ok());
  EXPECT_EQ(MisuseReason(pending.Add(1)), v1::ERROR_REASON_QUEUE_FULL);
  EXPECT_TRUE(pending.Add(0).ok());
  pending.Remove(99);
  EXPECT_TRUE(pending.Add(99).ok());
  EXPECT_EQ(pending.count(), 3U);
  EXPECT_EQ(pending.bytes(), 100U);
}

TEST(PendingWorkTest, AfterClosingNothingComesInAndTheRestGoesOn) {
  PendingWork pending(100);
  EXPECT_TRUE(pending.Add(5).ok());
  pending.Close();
  EXPECT_EQ(MisuseReason(pending.Add(0)), v1::ERROR_REASON_SERVER_DRAINING);
  EXPECT_FALSE(pending.AwaitNone(steady_clock::now()));
  pending.Remove(5);
  EXPECT_TRUE(pending.AwaitNone(steady_clock::now()));
}

TEST(PendingWorkTest, WaitingEndsWithTheLastOne) {
  PendingWork pending(100);
  EXPECT_TRUE(pending.Add(1).ok());
  EXPECT_TRUE(pending.Add(1).ok());
  std::thread other([&pending] {
    pending.Remove(1);
    pending.Remove(1);
  });
  EXPECT_TRUE(pending.AwaitNone(steady_clock::now() + std::chrono::seconds(30)));
  EXPECT_EQ(pending.count(), 0U);
  other.join();
}

}  // namespace
}  // namespace memsim
