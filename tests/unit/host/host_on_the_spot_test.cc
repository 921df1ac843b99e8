// A short call of an idle machine is run by the thread that brings it: then, and never otherwise, and as a turn is.

#include <atomic>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "server/host/short_calls.h"
#include "tests/unit/host/host_test_fixture.h"

namespace memsim {
namespace {

// The only worker is held in the turn of a machine named gate, so what ends was run by the thread that brought it.
class HostOnTheSpotTest : public HostTest {
 protected:
  HostOnTheSpotTest() {
    for (const char* id : {"gate", "demo", "other"}) Create(id);
    gate_ = std::make_unique<HeldMachine>(host(), "gate");
  }

  void ReleaseWorker() { gate_->Release(); }
  SubmittedBatch Submit(const v1::Call& call, int times = 1, const std::string& machine = "demo") {
    return SubmittedBatch(host(), BatchOf(machine, call, times));
  }
  void SubmitThen(const std::string& machine, std::function<void()> done) {
    auto job = std::make_shared<BatchJob>([done](BatchJob&, const absl::Status&) { done(); });
    job->request() = BatchOf(machine, BrkCall());
    host().Submit(job);
  }

  std::unique_ptr<HeldMachine> gate_;
};

TEST_F(HostOnTheSpotTest, AShortCallIsOverWhenSubmitReturns) {
  const HostLoad before = host().Load();
  SubmittedBatch batch = Submit(BrkCall());
  ASSERT_TRUE(batch.ended());
  EXPECT_EQ(batch.status(), absl::OkStatus());
  EXPECT_EQ(batch.response().answers(0).sequence(), 1U);
  EXPECT_EQ(batch.response().sequence(), 1U);
  EXPECT_EQ(host().GetMachine("demo")->sequence, 1U);
  EXPECT_EQ(host().GetMachine("demo")->queued_jobs, 0U);
  EXPECT_EQ(host().Load().pending_jobs, before.pending_jobs);
  EXPECT_EQ(host().Load().queued_bytes, before.queued_bytes);
  EXPECT_TRUE(Submit(BrkCall()).ended()) << "the machine is idle again";
  EXPECT_TRUE(Submit(BrkCall(), 0).ended());
}

TEST_F(HostOnTheSpotTest, WhatIsNotShortIsForAWorker) {
  SubmittedBatch two = Submit(BrkCall(), 2);
  EXPECT_FALSE(two.ended());
  SubmittedBatch behind = Submit(BrkCall());
  EXPECT_FALSE(behind.ended()) << "nothing overtakes what is queued";
  v1::Call fork;
  fork.mutable_fork()->set_pid(1);
  SubmittedBatch long_call = Submit(fork, 1, "other");
  EXPECT_FALSE(long_call.ended());
  ReleaseWorker();
  EXPECT_EQ(long_call.status(), absl::OkStatus());
  EXPECT_EQ(two.status(), absl::OkStatus());
  EXPECT_EQ(behind.status(), absl::OkStatus());
  EXPECT_EQ(behind.response().answers(0).sequence(), 3U);
}

TEST_F(HostOnTheSpotTest, AMachineInItsTurnIsLeftAlone) {
  SubmittedBatch batch = Submit(BrkCall(), 1, "gate");
  EXPECT_FALSE(batch.ended());
  ReleaseWorker();
  EXPECT_EQ(batch.status(), absl::OkStatus());
}

TEST_F(HostOnTheSpotTest, ALookThatWaitsComesFirst) {
  bool looked = false;
  host().Inspect("demo", [&looked](const absl::StatusOr<const Machine*>&) { looked = true; });
  SubmittedBatch batch = Submit(BrkCall());
  EXPECT_FALSE(batch.ended());
  ReleaseWorker();
  EXPECT_EQ(batch.status(), absl::OkStatus());
  EXPECT_TRUE(looked);
}

TEST_F(HostOnTheSpotTest, ACallbackThatSubmitsToAnotherIdleMachineDoesNotNest) {
  std::atomic<bool> inner_ended = false;
  SubmitThen("demo", [&] {
    SubmitThen("other", [&] { inner_ended = true; });
    EXPECT_FALSE(inner_ended) << "one turn a thread";
  });
  EXPECT_FALSE(inner_ended);
  EXPECT_TRUE(Submit(BrkCall()).ended()) << "the thread's turn is over";
  ReleaseWorker();
  EXPECT_TRUE(host().AwaitIdle(Soon()));
  EXPECT_TRUE(inner_ended);
}

TEST_F(HostOnTheSpotTest, TheStackDoesNotGrowWithAChainOfCallbacks) {
  ReleaseWorker();
  static thread_local int depth = 0;
  std::atomic<int> deepest = 0;
  std::atomic<int> left = 20'000;
  std::promise<void> all_done;
  std::function<void()> next = [&] {
    if (++depth > deepest) deepest = depth;
    const int now = --left;
    if (now > 0) {
      SubmitThen(now % 2 == 0 ? "demo" : "other", next);
    } else {
      all_done.set_value();
    }
    --depth;
  };
  SubmitThen("demo", next);
  all_done.get_future().wait();
  EXPECT_TRUE(host().AwaitIdle(Soon()));
  EXPECT_EQ(deepest, 1);
}

TEST_F(HostOnTheSpotTest, WhatIsRefusedIsRefusedAsInATurn) {
  v1::ExecuteBatchRequest stale = BatchOf("demo", BrkCall());
  stale.set_expected_sequence(7);
  SubmittedBatch refused(host(), stale);
  ASSERT_TRUE(refused.ended());
  EXPECT_THAT(refused.status(), HasReason(v1::ERROR_REASON_SEQUENCE_STALE));
  SubmittedBatch misused = Submit(UnsetSlotCall());
  ASSERT_TRUE(misused.ended());
  EXPECT_EQ(misused.status(), absl::OkStatus());
  EXPECT_EQ(misused.response().answers(0).misuse().reason(), v1::ERROR_REASON_SLOT_UNSET);
  EXPECT_EQ(host().GetMachine("demo")->sequence, 0U);
}

TEST_F(HostOnTheSpotTest, WhatItTakesOfTheHostsMemoryIsCounted) {
  const ByteCount before = host().Load().host_memory;
  v1::Call map;
  map.mutable_mmap()->set_pid(1);
  map.mutable_mmap()->set_length_bytes(1 << 20);
  map.mutable_mmap()->set_prot(3);
  map.mutable_mmap()->set_flags(0x22);
  map.set_store_as(1);
  ASSERT_TRUE(Submit(map).ended());
  v1::Call touch;
  touch.mutable_touch()->set_pid(1);
  touch.mutable_touch()->set_address_slot(1);
  touch.mutable_touch()->set_access(v1::ACCESS_KIND_WRITE);
  touch.mutable_touch()->set_page_count(kMaxPagesOfShortCall);
  SubmittedBatch touched = Submit(touch);
  ASSERT_TRUE(touched.ended());
  EXPECT_EQ(touched.response().answers(0).value(), kMaxPagesOfShortCall);
  EXPECT_GT(host().Load().host_memory, before);
}

TEST_F(HostOnTheSpotTest, AMachineShortOfMemoryIsForAWorker) {
  v1::Call take;
  take.mutable_alloc_pages()->set_gfp_mask(0xcc0);
  constexpr int kAllPages = (64 << 20) / 4096;
  int taken = 0;
  while (taken < kAllPages && Submit(take).ended()) ++taken;
  EXPECT_GT(taken, 1000);
  EXPECT_LT(taken, kAllPages);
  ReleaseWorker();
  EXPECT_TRUE(host().AwaitIdle(Soon()));
  // It ends where it should: the last page took a whole refill of its CPU's list from what was free.
  EXPECT_EQ(InspectAndWait(host(), "demo", Soon(),
                           [](const Machine& machine) {
                             EXPECT_FALSE(machine.HasMemoryFor(kHeadroomOfShortCall));
                             EXPECT_TRUE(machine.HasMemoryFor(PageCount(kHeadroomOfShortCall.value() / 2)));
                           }),
            absl::OkStatus());
}

TEST_F(HostOnTheSpotTest, WhoWasCancelledLeavesTheMachineIdle) {
  std::promise<absl::Status> ended;
  auto job = std::make_shared<BatchJob>([&ended](BatchJob&, absl::Status status) { ended.set_value(status); });
  job->request() = BatchOf("demo", BrkCall());
  host().Cancel(job);
  host().Submit(job);
  EXPECT_THAT(ended.get_future().get(), HasReason(v1::ERROR_REASON_CALLER_GONE));
  SubmittedBatch next = Submit(BrkCall());
  ASSERT_TRUE(next.ended());
  EXPECT_EQ(next.response().answers(0).sequence(), 1U);
}

// Its place is free before its turn comes, and then it is another batch that is first.
TEST_F(HostOnTheSpotTest, WhoComesInThePlaceOfACancelledOneIsForAWorker) {
  v1::Call fork;
  fork.mutable_fork()->set_pid(1);
  std::unique_ptr<SubmittedBatch> forked;
  auto job = std::make_shared<BatchJob>([&](BatchJob&, const absl::Status&) {
    forked = std::make_unique<SubmittedBatch>(host(), BatchOf("demo", fork));
  });
  job->request() = BatchOf("demo", BrkCall());
  host().Cancel(job);
  host().Submit(job);
  ASSERT_NE(forked, nullptr);
  EXPECT_FALSE(forked->ended());
  ReleaseWorker();
  EXPECT_EQ(forked->status(), absl::OkStatus());
}

TEST_F(HostOnTheSpotTest, AMachineThatIsDeletedInTheCallbackIsDestroyedByAWorker) {
  SubmitThen("demo", [this] {
    EXPECT_EQ(host().DeleteMachine("demo"), absl::OkStatus());
    EXPECT_THAT(Execute(BatchOf("demo", BrkCall())), HasReason(v1::ERROR_REASON_MACHINE_NOT_FOUND));
  });
  const ByteCount before = host().Load().host_memory;
  ReleaseWorker();
  while (host().Load().host_memory == before) std::this_thread::yield();
  EXPECT_TRUE(host().AwaitIdle(Soon()));
}

TEST_F(HostOnTheSpotTest, ALookThatComesInTheCallbackIsForAWorker) {
  bool looked = false;
  SubmitThen("demo", [this, &looked] {
    host().Inspect("demo", [&looked](const absl::StatusOr<const Machine*>& machine) {
      EXPECT_EQ((*machine)->sequence(), 1U);
      looked = true;
    });
    EXPECT_FALSE(looked);
  });
  EXPECT_FALSE(looked);
  ReleaseWorker();
  EXPECT_TRUE(host().AwaitIdle(Soon()));
  EXPECT_TRUE(looked);
}

TEST_F(HostOnTheSpotTest, ADrainingHostRunsNothingOnTheSpotEither) {
  host().BeginDrain();
  SubmittedBatch batch = Submit(BrkCall());
  ASSERT_TRUE(batch.ended());
  EXPECT_THAT(batch.status(), HasReason(v1::ERROR_REASON_SERVER_DRAINING));
  EXPECT_EQ(host().GetMachine("demo")->sequence, 0U);
}

}  // namespace
}  // namespace memsim
