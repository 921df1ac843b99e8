#include "server/host/machine_queue.h"

#include <cstdint>
#include <memory>

#include "gtest/gtest.h"

#include "server/calls/misuse.h"
#include "tests/unit/host/simple_calls.h"

namespace memsim {
namespace {

// Whose limit is none of the queue's.
PendingWork& EnoughForAll() {
  static PendingWork work(SIZE_MAX);
  return work;
}

std::shared_ptr<BatchJob> Job(int calls, std::size_t bytes = 1) {
  auto job = std::make_shared<BatchJob>([](BatchJob&, const absl::Status&) {});
  job->request() = BatchOf("m", BrkCall(), calls);
  job->Hold(*EnoughForAll().Reserve(bytes));
  return job;
}

const Inspection kLook = [](const absl::StatusOr<const Machine*>&) {};

v1::Misuse Gone() {
  v1::Misuse misuse;
  misuse.set_reason(v1::ERROR_REASON_MACHINE_DELETED);
  return misuse;
}

class MachineQueueTest : public testing::Test {
 protected:
  bool Pushes(const std::shared_ptr<BatchJob>& job) {
    const absl::Status status = queue_.PushBatch(job).status();
    EXPECT_TRUE(status.ok() || MisuseReason(status) == v1::ERROR_REASON_QUEUE_FULL) << status;
    return status.ok();
  }

  QueueLimits limits_{.jobs = 3, .calls = 10, .memory_bytes = 100, .inspections = 2};
  MachineQueue queue_{limits_};
};

TEST_F(MachineQueueTest, BatchesComeOutInTheOrderInWhichTheyCame) {
  const auto first = Job(1);
  const auto second = Job(1);
  EXPECT_TRUE(Pushes(first));
  EXPECT_TRUE(Pushes(second));
  EXPECT_EQ(queue_.TakeBatch(), first);
  EXPECT_EQ(queue_.TakeBatch(), second);
  EXPECT_EQ(queue_.TakeBatch(), nullptr);
}

TEST_F(MachineQueueTest, OnlyWhoBringsWorkToAnIdleMachineSchedulesIt) {
  EXPECT_EQ(*queue_.PushBatch(Job(1)), Wake::kSchedule);
  EXPECT_EQ(*queue_.PushBatch(Job(1)), Wake::kNotNeeded);
  EXPECT_EQ(*queue_.PushInspection(kLook), Wake::kNotNeeded);
  EXPECT_EQ(queue_.EndTurn(), AfterTurn::kRunAgain);

  queue_.FinishBatch(*queue_.TakeBatch());
  queue_.FinishBatch(*queue_.TakeBatch());
  EXPECT_EQ(queue_.EndTurn(), AfterTurn::kRunAgain) << "the inspection is left";
  EXPECT_NE(queue_.TakeInspection(), nullptr);
  EXPECT_EQ(queue_.EndTurn(), AfterTurn::kIdle);
  EXPECT_EQ(*queue_.PushInspection(kLook), Wake::kSchedule);
}

TEST_F(MachineQueueTest, ABatchThatWasTakenIsWorkLeftUntilItIsFinished) {
  EXPECT_TRUE(Pushes(Job(1)));
  const auto job = queue_.TakeBatch();
  EXPECT_EQ(queue_.EndTurn(), AfterTurn::kRunAgain);
  queue_.FinishBatch(*job);
  EXPECT_EQ(queue_.EndTurn(), AfterTurn::kIdle);
}

TEST_F(MachineQueueTest, BatchesAreLimitedTheRunningOneIncluded) {
  EXPECT_TRUE(Pushes(Job(1)));
  EXPECT_TRUE(Pushes(Job(1)));
  EXPECT_TRUE(Pushes(Job(1)));
  EXPECT_FALSE(Pushes(Job(1)));
  const auto taken = queue_.TakeBatch();
  EXPECT_FALSE(Pushes(Job(1)));
  queue_.FinishBatch(*taken);
  EXPECT_TRUE(Pushes(Job(1)));
}

TEST_F(MachineQueueTest, CallsAreLimited) {
  EXPECT_TRUE(Pushes(Job(9)));
  EXPECT_FALSE(Pushes(Job(2)));
  EXPECT_TRUE(Pushes(Job(1)));
  EXPECT_FALSE(Pushes(Job(1)));
  EXPECT_TRUE(Pushes(Job(0))) << "an empty batch has no calls";
}

TEST_F(MachineQueueTest, TheReservedBytesAreLimited) {
  EXPECT_TRUE(Pushes(Job(1, 99)));
  EXPECT_FALSE(Pushes(Job(1, 2)));
  EXPECT_TRUE(Pushes(Job(1, 1)));
  EXPECT_FALSE(Pushes(Job(1, 1)));
}

TEST_F(MachineQueueTest, InspectionsAreLimitedByThemselves) {
  EXPECT_TRUE(queue_.PushInspection(kLook).ok());
  EXPECT_TRUE(queue_.PushInspection(kLook).ok());
  EXPECT_EQ(MisuseReason(queue_.PushInspection(kLook).status()), v1::ERROR_REASON_QUEUE_FULL);
  EXPECT_TRUE(Pushes(Job(1)));
}

TEST_F(MachineQueueTest, ABatchThatIsRemovedTakesNoPlace) {
  const auto first = Job(4, 40);
  const auto second = Job(4, 40);
  EXPECT_TRUE(Pushes(first));
  EXPECT_TRUE(Pushes(second));
  EXPECT_FALSE(Pushes(Job(4, 40)));
  EXPECT_EQ(queue_.TakeBatch(), first);
  EXPECT_FALSE(queue_.Remove(*first)) << "its turn has come";
  EXPECT_TRUE(queue_.Remove(*second));
  EXPECT_FALSE(queue_.Remove(*second));
  EXPECT_EQ(queue_.job_count(), 1U);
  EXPECT_TRUE(Pushes(Job(4, 40)));
}

TEST_F(MachineQueueTest, ClosingGivesWhatNobodyHasTakenAndRefusesTheRest) {
  EXPECT_TRUE(Pushes(Job(1)));
  EXPECT_TRUE(Pushes(Job(2)));
  EXPECT_TRUE(queue_.PushInspection(kLook).ok());
  const auto running = queue_.TakeBatch();

  const MachineQueue::Backlog backlog = queue_.Close(Gone());
  EXPECT_EQ(backlog.batches.size(), 1U);
  EXPECT_EQ(backlog.inspections.size(), 1U);
  EXPECT_EQ(backlog.wake, Wake::kNotNeeded) << "its turn is coming anyway";
  EXPECT_TRUE(queue_.closed());
  EXPECT_EQ(MisuseReason(queue_.PushBatch(Job(1)).status()), v1::ERROR_REASON_MACHINE_DELETED);
  EXPECT_EQ(MisuseReason(queue_.PushInspection(kLook).status()), v1::ERROR_REASON_MACHINE_DELETED);
  EXPECT_EQ(queue_.job_count(), 1U);
  queue_.FinishBatch(*running);
  EXPECT_EQ(queue_.job_count(), 0U);
}

TEST_F(MachineQueueTest, AnIdleMachineThatIsClosedGetsALastTurn) {
  EXPECT_EQ(queue_.Close(Gone()).wake, Wake::kSchedule);
  EXPECT_EQ(queue_.Close(v1::Misuse()).wake, Wake::kNotNeeded);
  EXPECT_EQ(MisuseReason(queue_.CloseStatus()), v1::ERROR_REASON_MACHINE_DELETED);
}

}  // namespace
}  // namespace memsim
