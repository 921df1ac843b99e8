// Unary RPCs whose call is short are executed by gRPC's own thread, which must do everything that a worker's answer
// does.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/service/server_test_fixture.h"

namespace memsim {
namespace {

// The only worker is held in the turn of a machine named gate.
class OnTheSpotTest : public ServerTest {
 protected:
  OnTheSpotTest() {
    ServerOptions options;
    options.host.worker_count = 1;
    StartServerAtSocket(options);
    for (const char* id : {"gate", "demo"}) CreateMachine(id);
    gate_ = std::make_unique<HeldMachine>(server().host(), "gate");
  }

  std::uint64_t SequenceOf(const std::string& machine) { return server().host().GetMachine(machine)->sequence; }

  std::unique_ptr<HeldMachine> gate_;
};

TEST_F(OnTheSpotTest, AShortCallNeedsNoWorker) {
  v1::Answer answer;
  ASSERT_TRUE(Call(kBrkPath, BrkOf("demo"), &answer).ok());
  EXPECT_EQ(answer.sequence(), 1U);
  EXPECT_NE(answer.value(), 0U);
  v1::ExecuteBatchResponse response;
  ASSERT_TRUE(ExecuteBatch(BrkBatch("demo", 1), &response).ok());
  EXPECT_EQ(response.sequence(), 2U);
  ASSERT_TRUE(ExecuteBatch(BrkBatch("demo", 0), &response).ok());
  EXPECT_EQ(response.sequence(), 2U);
}

TEST_F(OnTheSpotTest, WhatIsRefusedSaysWhy) {
  v1::BrkRequest request = BrkOf("demo");
  request.mutable_target()->set_expected_sequence(5);
  EXPECT_THAT(Call(kBrkPath, request), IsMisuse(v1::ERROR_REASON_SEQUENCE_STALE, "expected_sequence is 5"));
  request = BrkOf("demo");
  request.set_pid_slot(9);
  EXPECT_THAT(Call(kBrkPath, request), IsMisuse(v1::ERROR_REASON_SLOT_UNSET, "pid_slot is 9"));
  EXPECT_EQ(SequenceOf("demo"), 0U);
}

TEST_F(OnTheSpotTest, AStreamOfSingleCallsIsAnsweredInOrder) {
  constexpr std::uint64_t kBatches = 500;
  gate_->Release();
  grpc::ClientContext context;
  context.set_deadline(SoonOnTheWall());
  const auto stream = execution()->Execute(&context);
  // On another thread, so that batches come while others are under way.
  std::thread writer([&stream] {
    v1::ExecuteRequest request;
    *request.mutable_batch() = BrkBatch("demo", 1);
    for (std::uint64_t i = 0; i < kBatches; ++i) stream->Write(request);
    stream->WritesDone();
  });
  v1::ExecuteResponse response;
  std::uint64_t answered = 0;
  while (stream->Read(&response)) EXPECT_EQ(response.batch().sequence(), ++answered);
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answered, kBatches);
}

// Callers who leave at any moment, also while gRPC tells of it on the thread that runs the call.
TEST_F(OnTheSpotTest, CallersWhoLeaveDisturbNobody) {
  gate_->Release();
  constexpr int kThreads = 4;
  constexpr int kCalls = 200;
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t, &answered] {
      for (int i = 0; i < kCalls; ++i) {
        grpc::ClientContext context;
        std::thread leaver;
        if (i % 4 == t) leaver = std::thread([&context] { context.TryCancel(); });
        v1::Answer answer;
        if (Call(kBrkPath, BrkOf("demo"), &answer, &context).ok()) ++answered;
        if (leaver.joinable()) leaver.join();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(answered, kThreads * kCalls * 3 / 4);
  EXPECT_GE(SequenceOf("demo"), static_cast<std::uint64_t>(answered));
  ExpectServes("demo");
}

TEST_F(OnTheSpotTest, TheServerEndsWellUnderShortCalls) {
  gate_->Release();
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, &stop] {
      while (!stop) (void)Call(kBrkPath, BrkOf("demo"));
    });
  }
  while (SequenceOf("demo") < 200) std::this_thread::yield();
  EXPECT_TRUE(server().Drain(std::chrono::seconds(30)));
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace memsim
