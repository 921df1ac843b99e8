// The host's end: what was accepted is executed, what comes later is refused.

#include <memory>
#include <vector>

#include "tests/unit/host/host_test_fixture.h"

namespace memsim {
namespace {

using HostDrainTest = HostTest;

TEST_F(HostDrainTest, WhatWasAcceptedIsExecutedAndWhatComesLaterIsRefused) {
  Create("demo");
  HeldMachine held(host(), "demo");
  SubmittedBatch accepted(host(), BatchOf("demo", BrkCall(), 1000));
  host().BeginDrain();
  EXPECT_TRUE(host().draining());
  SubmittedBatch late(host(), BatchOf("demo", BrkCall()));
  EXPECT_THAT(late.status(), HasReason(v1::ERROR_REASON_SERVER_DRAINING));
  EXPECT_THAT(CreateMachineAndWait(host(), "default", "new", SmallSpec()).status(),
              HasReason(v1::ERROR_REASON_SERVER_DRAINING));
  EXPECT_THAT(InspectAndWait(host(), "demo", Soon(), [](const Machine&) {}),
              HasReason(v1::ERROR_REASON_SERVER_DRAINING));
  EXPECT_FALSE(host().AwaitIdle(std::chrono::steady_clock::now()));
  held.Release();
  EXPECT_TRUE(host().AwaitIdle(Soon()));
  EXPECT_EQ(accepted.status(), absl::OkStatus());
  EXPECT_EQ(accepted.response().answers_size(), 1000);
}

TEST_F(HostDrainTest, AbandoningEndsWhatIsQueuedAndWaitsForWhatRuns) {
  Create("demo");
  auto held = std::make_unique<HeldMachine>(host(), "demo");
  SubmittedBatch queued(host(), BatchOf("demo", BrkCall()));
  std::thread abandoning([this] { host().Abandon(); });
  EXPECT_THAT(queued.status(), HasReason(v1::ERROR_REASON_SERVER_DRAINING));
  held->Release();
  abandoning.join();
  EXPECT_EQ(host().Load().pending_jobs, 0U);
}

TEST_F(HostDrainTest, DestroyingAHostEndsEverythingThatItAccepted) {
  for (int round = 0; round < 20; ++round) {
    HostOptions options;
    options.worker_count = 2;
    StartHost(options);
    Create("a");
    Create("b");
    std::vector<std::unique_ptr<SubmittedBatch>> batches;
    for (int i = 0; i < 8; ++i) {
      batches.push_back(std::make_unique<SubmittedBatch>(host(), BatchOf(i % 2 == 0 ? "a" : "b", BrkCall(), 2000)));
    }
    host().CreateMachine("default", "late", SmallSpec(), [](const absl::StatusOr<MachineInfo>&) {});
    host_ = nullptr;
    for (auto& batch : batches) {
      ASSERT_TRUE(batch->ended());
      if (batch->status().ok()) continue;
      EXPECT_THAT(batch->status(), HasReason(v1::ERROR_REASON_SERVER_DRAINING));
    }
  }
}

}  // namespace
}  // namespace memsim
