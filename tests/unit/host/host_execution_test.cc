// Batches run in order, in turns, and end as their conditions say.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/host/host_test_fixture.h"

namespace memsim {
namespace {

using testing::HasSubstr;

class HostExecutionTest : public HostTest {
 protected:
  v1::ExecuteBatchResponse Answers(const v1::ExecuteBatchRequest& request) {
    const absl::StatusOr<v1::ExecuteBatchResponse> response = ExecuteAndWait(host(), request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : v1::ExecuteBatchResponse();
  }
};

TEST_F(HostExecutionTest, EveryCallIsAnsweredInOrder) {
  Create("demo");
  v1::ExecuteBatchRequest request = BatchOf("demo", BrkCall(), 2);
  *request.add_calls() = FailingCall();
  *request.add_calls() = UnsetSlotCall();
  *request.add_calls() = BrkCall();
  const v1::ExecuteBatchResponse response = Answers(request);
  ASSERT_EQ(response.answers_size(), 5);
  EXPECT_EQ(response.answers(0).sequence(), 1U);
  EXPECT_EQ(response.answers(1).sequence(), 2U);
  EXPECT_NE(response.answers(2).error_number(), 0);
  EXPECT_EQ(response.answers(2).sequence(), 3U);
  EXPECT_EQ(response.answers(3).misuse().reason(), v1::ERROR_REASON_SLOT_UNSET);
  EXPECT_EQ(response.answers(3).sequence(), 0U) << "misuse is not counted";
  EXPECT_EQ(response.answers(4).sequence(), 4U);
  EXPECT_EQ(response.sequence(), 4U);
}

TEST_F(HostExecutionTest, AnEmptyBatchTellsTheSequence) {
  Create("demo");
  Answers(BatchOf("demo", BrkCall(), 3));
  const v1::ExecuteBatchResponse response = Answers(BatchOf("demo", BrkCall(), 0));
  EXPECT_EQ(response.answers_size(), 0);
  EXPECT_EQ(response.sequence(), 3U);
}

TEST_F(HostExecutionTest, ABatchStopsAfterWhatItsConditionsName) {
  Create("demo");
  v1::ExecuteBatchRequest request;
  request.set_machine("demo");
  for (const v1::Call& call : {BrkCall(), UnsetSlotCall(), FailingCall(), SegfaultCall(), BrkCall()})
    *request.add_calls() = call;
  EXPECT_EQ(Answers(request).answers_size(), 5);
  request.mutable_stop()->set_on_signal(true);
  EXPECT_EQ(Answers(request).answers_size(), 4);
  request.mutable_stop()->set_on_error_number(true);
  EXPECT_EQ(Answers(request).answers_size(), 3);
  request.mutable_stop()->set_on_misuse(true);
  EXPECT_EQ(Answers(request).answers_size(), 2);
}

TEST_F(HostExecutionTest, AStaleSequenceExecutesNothingAndTellsTheTrueOne) {
  Create("demo");
  v1::ExecuteBatchRequest request = BatchOf("demo", BrkCall(), 2);
  request.set_expected_sequence(0);
  EXPECT_EQ(Execute(request), absl::OkStatus());
  const absl::Status stale = Execute(request);
  EXPECT_THAT(stale, HasReason(v1::ERROR_REASON_SEQUENCE_STALE));
  EXPECT_EQ(MisuseMetadata(stale)["sequence"], "2");
  EXPECT_THAT(std::string(stale.message()), HasSubstr("expected_sequence is 0"));
  EXPECT_EQ(Sequence("demo"), 2U);
  request.set_expected_sequence(2);
  EXPECT_EQ(Execute(request), absl::OkStatus());
  request.set_expected_sequence(5);
  EXPECT_THAT(Execute(request), HasReason(v1::ERROR_REASON_SEQUENCE_STALE));
}

TEST_F(HostExecutionTest, TheSequenceIsCheckedWhenTheBatchBeginsNotWhenItIsQueued) {
  Create("demo");
  HeldMachine held(host(), "demo");
  SubmittedBatch first(host(), BatchOf("demo", BrkCall()));
  v1::ExecuteBatchRequest request = BatchOf("demo", BrkCall());
  request.set_expected_sequence(1);
  SubmittedBatch second(host(), request);
  SubmittedBatch third(host(), request);
  held.Release();
  EXPECT_EQ(first.status(), absl::OkStatus());
  EXPECT_EQ(second.status(), absl::OkStatus());
  EXPECT_THAT(third.status(), HasReason(v1::ERROR_REASON_SEQUENCE_STALE));
}

TEST_F(HostExecutionTest, WhatTheCallerCancelsBeforeItBeganIsDroppedAtOnce) {
  Create("demo");
  HeldMachine held(host(), "demo");
  SubmittedBatch cancelled(host(), BatchOf("demo", BrkCall(), 5));
  SubmittedBatch kept(host(), BatchOf("demo", BrkCall()));
  cancelled.Cancel();
  ASSERT_TRUE(cancelled.ended()) << "also while the machine is busy";
  EXPECT_THAT(cancelled.status(), HasReason(v1::ERROR_REASON_CALLER_GONE));
  EXPECT_EQ(host().GetMachine("demo")->queued_jobs, 1U);
  cancelled.Cancel();
  held.Release();
  EXPECT_EQ(kept.status(), absl::OkStatus());
  EXPECT_EQ(kept.response().answers(0).sequence(), 1U);
}

TEST_F(HostExecutionTest, ABatchThatWasCancelledBeforeItWasSubmittedNeverRuns) {
  Create("demo");
  std::promise<absl::Status> ended;
  auto job = std::make_shared<BatchJob>([&ended](BatchJob&, absl::Status status) { ended.set_value(status); });
  job->request() = BatchOf("demo", BrkCall());
  host().Cancel(job);
  host().Submit(job);
  EXPECT_THAT(ended.get_future().get(), HasReason(v1::ERROR_REASON_CALLER_GONE));
  EXPECT_EQ(Sequence("demo"), 0U);
}

TEST_F(HostExecutionTest, ABatchThatEndsInItsMidstTellsHowMuchWasExecuted) {
  Create("demo");
  HeldMachine held(host(), "demo");
  SubmittedBatch batch(host(), BatchOf("demo", BrkCall(), 5));
  SubmittedBatch behind(host(), BatchOf("demo", BrkCall(), 5));
  // A look goes between two calls: this one between the first and the second, which it lets finish.
  host().Inspect("demo", [this](const absl::StatusOr<const Machine*>&) {
    EXPECT_EQ(host().DeleteMachine("demo"), absl::OkStatus());
  });
  held.Release();
  const absl::Status status = batch.status();
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_MACHINE_DELETED));
  EXPECT_EQ(std::string(status.message()),
            "the machine tenants/default/machines/demo was deleted meanwhile; of the batch's 5 calls the first 2 were "
            "executed, the rest was not");
  EXPECT_EQ(MisuseMetadata(status)["executed"], "2");
  EXPECT_EQ(MisuseMetadata(status)["sequence"], "2");
  EXPECT_TRUE(MisuseMetadata(behind.status()).empty()) << "none of its calls was";
}

TEST_F(HostExecutionTest, CancellingABatchThatRunsDropsItsRest) {
  Create("demo");
  SubmittedBatch batch(host(), BatchOf("demo", BrkCall(), 10'000));
  batch.Cancel();
  const absl::Status status = batch.status();
  // It may have ended before.
  EXPECT_TRUE(status.ok() || MisuseReason(status) == v1::ERROR_REASON_CALLER_GONE) << status;
  EXPECT_LE(Sequence("demo"), 10'000U);
}

// A Concurrent in whose midst something happens: when its events have half filled the machine's ring.
class InTheMidstTest : public HostExecutionTest {
 protected:
  // The answer of the last call of the one lane, and whether the first was executed.
  v1::Misuse EndOf(const std::function<void(SubmittedBatch&)>& what_happens) {
    Create("demo");
    std::atomic<SubmittedBatch*> running = nullptr;
    const auto mailbox = std::make_shared<EventMailbox>(MatchTracepoints("syscalls:*"), [&running, &what_happens] {
      if (SubmittedBatch* const batch = running.exchange(nullptr)) what_happens(*batch);
    });
    host().ListenToEvents("demo", mailbox);
    Sequence("demo");
    while (mailbox->Take(10).any) continue;
    v1::Call call;
    v1::Lane& lane = *call.mutable_concurrent()->add_lanes();
    for (int i = 0; i < 9'000; ++i) *lane.add_calls() = BrkCall();
    HeldMachine held(host(), "demo");
    SubmittedBatch batch(host(), BatchOf("demo", call));
    running = &batch;
    held.Release();
    EXPECT_EQ(batch.status(), absl::OkStatus()) << "its one call has an answer";
    const v1::LaneAnswer& answers = batch.response().answers(0).concurrent().lanes(0);
    EXPECT_EQ(answers.answers_size(), 9'000);
    EXPECT_FALSE(answers.answers(0).has_misuse());
    mailbox->Close();
    return answers.answers(answers.answers_size() - 1).misuse();
  }
};

TEST_F(InTheMidstTest, AMachineThatIsDeletedEndsItsConcurrentBeforeTheNextCallOfALane) {
  const v1::Misuse end = EndOf([this](SubmittedBatch&) { EXPECT_EQ(host().DeleteMachine("demo"), absl::OkStatus()); });
  EXPECT_EQ(end.reason(), v1::ERROR_REASON_MACHINE_DELETED);
}

TEST_F(InTheMidstTest, ACallerWhoLeavesEndsAConcurrentBeforeTheNextCallOfALane) {
  EXPECT_EQ(EndOf([](SubmittedBatch& batch) { batch.Cancel(); }).reason(), v1::ERROR_REASON_CALLER_GONE);
}

// Which of two machines with one worker is done first: a batch of a thousand calls, or one of two that came after it.
class HostTurnsTest : public HostTest {
 protected:
  std::string FirstToEnd(std::chrono::nanoseconds turn) {
    HostOptions options;
    options.turn = turn;
    StartHost(options);
    for (const char* id : {"gate", "busy", "idle"}) Create(id);
    HeldMachine held(host(), "gate");
    std::string order;  // Written by the one worker.
    auto submit = [this, &order](const std::string& name, int calls) {
      auto job = std::make_shared<BatchJob>([&order, name](BatchJob&, const absl::Status&) { order += name + " "; });
      job->request() = BatchOf(name, BrkCall(), calls);
      host().Submit(std::move(job));
    };
    submit("busy", 1000);
    submit("idle", 2);  // One call would be run on the spot.
    held.Release();
    EXPECT_TRUE(host().AwaitIdle(Soon()));
    return order;
  }
};

TEST_F(HostTurnsTest, ABusyMachineStopsNoOther) { EXPECT_EQ(FirstToEnd(std::chrono::nanoseconds(0)), "idle busy "); }

TEST_F(HostTurnsTest, ATurnHoldsAsManyCallsAsFit) { EXPECT_EQ(FirstToEnd(std::chrono::hours(1)), "busy idle "); }

TEST_F(HostExecutionTest, ShortTurnsLeaveAnswersAsTheyAre) {
  HostOptions options;
  options.turn = std::chrono::nanoseconds(0);  // One call a turn.
  StartHost(options);
  Create("a");
  Create("b");
  SubmittedBatch a(host(), BatchOf("a", BrkCall(), 1000));
  SubmittedBatch b(host(), BatchOf("b", BrkCall(), 1000));
  EXPECT_EQ(a.status(), absl::OkStatus());
  EXPECT_EQ(b.status(), absl::OkStatus());
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(a.response().answers(i).sequence(), static_cast<std::uint64_t>(i) + 1);
}

TEST_F(HostExecutionTest, ALookDoesNotWaitForQueuedBatches) {
  Create("demo");
  HeldMachine held(host(), "demo");
  std::vector<std::unique_ptr<SubmittedBatch>> load;
  for (int i = 0; i < 10; ++i)
    load.push_back(std::make_unique<SubmittedBatch>(host(), BatchOf("demo", BrkCall(), 10'000)));
  std::promise<std::uint64_t> seen;
  host().Inspect("demo",
                 [&seen](const absl::StatusOr<const Machine*>& machine) { seen.set_value((*machine)->sequence()); });
  held.Release();
  EXPECT_LE(seen.get_future().get(), 1U);
  for (auto& batch : load) EXPECT_EQ(batch->status(), absl::OkStatus());
}

TEST_F(HostExecutionTest, ALookThatCannotBeginInTimeNeverDoes) {
  Create("demo");
  HeldMachine held(host(), "demo");
  bool looked = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
  EXPECT_EQ(InspectAndWait(host(), "demo", deadline, [&looked](const Machine&) { looked = true; }).code(),
            absl::StatusCode::kDeadlineExceeded);
  held.Release();
  EXPECT_EQ(Sequence("demo"), 0U);
  EXPECT_FALSE(looked);
}

TEST_F(HostExecutionTest, ACallbackMaySubmitTheNextBatch) {
  Create("demo");
  std::promise<void> all_done;
  int left = 100;
  std::function<void()> submit = [&] {
    auto job = std::make_shared<BatchJob>([&](BatchJob&, const absl::Status& status) {
      EXPECT_EQ(status, absl::OkStatus());
      if (--left > 0) {
        submit();
      } else {
        all_done.set_value();
      }
    });
    job->request() = BatchOf("demo", BrkCall());
    host().Submit(std::move(job));
  };
  submit();
  all_done.get_future().wait();
  EXPECT_EQ(Sequence("demo"), 100U);
}

TEST_F(HostExecutionTest, DeletingAMachineEndsWhatIsQueuedOnIt) {
  Create("demo");
  HeldMachine held(host(), "demo");
  SubmittedBatch queued(host(), BatchOf("demo", BrkCall()));
  std::promise<absl::Status> looked;
  host().Inspect("demo",
                 [&looked](absl::StatusOr<const Machine*> machine) { looked.set_value(std::move(machine).status()); });
  EXPECT_EQ(host().DeleteMachine("demo"), absl::OkStatus());
  // While the machine is still in its turn.
  EXPECT_THAT(queued.status(), HasReason(v1::ERROR_REASON_MACHINE_DELETED));
  EXPECT_THAT(looked.get_future().get(), HasReason(v1::ERROR_REASON_MACHINE_DELETED));
  EXPECT_THAT(Execute(BatchOf("demo", BrkCall())), HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
  held.Release();
}

TEST_F(HostExecutionTest, DeletingAMachineThatWorksEndsItsBatchAtACallBoundary) {
  HostOptions options;
  options.worker_count = 2;
  StartHost(options);
  for (int round = 0; round < 50; ++round) {
    Create("demo");
    SubmittedBatch running(host(), BatchOf("demo", BrkCall(), 10'000));
    SubmittedBatch queued(host(), BatchOf("demo", BrkCall(), 10'000));
    if (round % 2 == 1) std::this_thread::yield();
    EXPECT_EQ(host().DeleteMachine("demo"), absl::OkStatus());
    for (SubmittedBatch* batch : {&running, &queued}) {
      if (batch->status().ok()) {
        EXPECT_EQ(batch->response().answers_size(), 10'000);
      } else {
        EXPECT_THAT(batch->status(), HasReason(v1::ERROR_REASON_MACHINE_DELETED));
      }
    }
  }
  EXPECT_TRUE(host().AwaitIdle(Soon()));
}

}  // namespace
}  // namespace memsim
