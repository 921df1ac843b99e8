// The stream of batches.

#include "server/rpc/execute_stream.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "server/base/random.h"
#include "tests/service/server_test_fixture.h"

namespace memsim {
namespace {

class ExecuteStreamTest : public ServerTest {
 protected:
  void SetUp() override {
    StartServerAtSocket();
    CreateMachine("demo");
    CreateMachine("other");
    Open();
  }

  void Open() {
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(SoonOnTheWall());
    stub_ = execution();
    stream_ = stub_->Execute(context_.get());
  }
  bool Send(const v1::ExecuteBatchRequest& batch) {
    v1::ExecuteRequest request;
    *request.mutable_batch() = batch;
    return stream_->Write(request);
  }
  // False: the stream has ended.
  bool Receive(v1::ExecuteBatchResponse& batch) {
    v1::ExecuteResponse response;
    const bool received = stream_->Read(&response);
    batch = response.batch();
    return received;
  }
  RpcEnd Finish() { return ReadEnd(stream_->Finish()); }

  static constexpr std::size_t kLargeBatchBytes = 1U << 19;
  static v1::ExecuteBatchRequest LargeBatch(const std::string& machine) {
    v1::ExecuteBatchRequest batch = BrkBatch(machine, 1);
    batch.add_calls()->mutable_unlink()->set_path(std::string(kLargeBatchBytes, 'x'));
    return batch;
  }

  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<v1::ExecutionService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ExecuteRequest, v1::ExecuteResponse>> stream_;
  v1::ExecuteBatchResponse response_;
};

TEST_F(ExecuteStreamTest, EachBatchIsAnsweredInOrder) {
  // A sender who does not read is stopped after some batches, so another thread reads.
  std::thread sender([this] {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(Send(BrkBatch("demo", 3)));
    stream_->WritesDone();
  });
  for (std::uint64_t i = 1; i <= 50; ++i) {
    ASSERT_TRUE(Receive(response_));
    EXPECT_EQ(response_.answers_size(), 3);
    EXPECT_EQ(response_.sequence(), 3 * i);
  }
  sender.join();
  EXPECT_FALSE(Receive(response_));
  EXPECT_TRUE(Finish().ok());
}

TEST_F(ExecuteStreamTest, TheNextBatchMayBeSentAfterTheLastAnswer) {
  for (std::uint64_t i = 1; i <= 20; ++i) {
    ASSERT_TRUE(Send(BrkBatch("demo", 1)));
    ASSERT_TRUE(Receive(response_));
    EXPECT_EQ(response_.sequence(), i);
  }
  stream_->WritesDone();
  EXPECT_TRUE(Finish().ok());
}

TEST_F(ExecuteStreamTest, AnEmptyMachineIsTheLastOneAgain) {
  ASSERT_TRUE(Send(BrkBatch("demo", 1)));
  ASSERT_TRUE(Send(BrkBatch("", 1)));
  ASSERT_TRUE(Send(BrkBatch("other", 1)));
  ASSERT_TRUE(Send(BrkBatch("", 1)));
  stream_->WritesDone();
  for (const std::uint64_t sequence : {1U, 2U, 1U, 2U}) {
    ASSERT_TRUE(Receive(response_));
    EXPECT_EQ(response_.sequence(), sequence);
  }
  EXPECT_TRUE(Finish().ok());
}

TEST_F(ExecuteStreamTest, TheFirstBatchMustNameItsMachine) {
  ASSERT_TRUE(Send(BrkBatch("", 1)));
  EXPECT_FALSE(Receive(response_));
  EXPECT_THAT(Finish(), IsMisuse(v1::ERROR_REASON_NAME_INVALID, "it must be"));
}

TEST_F(ExecuteStreamTest, AStreamWithoutBatchesEndsWell) {
  stream_->WritesDone();
  EXPECT_FALSE(Receive(response_));
  EXPECT_TRUE(Finish().ok());
}

TEST_F(ExecuteStreamTest, AnEmptyBatchIsAnswered) {
  ASSERT_TRUE(Send(BrkBatch("demo", 0)));
  ASSERT_TRUE(Receive(response_));
  EXPECT_EQ(response_.answers_size(), 0);
}

TEST_F(ExecuteStreamTest, ARefusedBatchEndsTheStreamAndNothingBehindItRuns) {
  ASSERT_TRUE(Send(BrkBatch("demo", 2)));
  v1::ExecuteBatchRequest stale = BrkBatch("demo", 1);
  stale.set_expected_sequence(99);
  ASSERT_TRUE(Send(stale));
  // Both may find the stream closed already.
  (void)Send(BrkBatch("demo", 5));
  (void)Send(BrkBatch("other", 5));
  ASSERT_TRUE(Receive(response_));
  EXPECT_EQ(response_.sequence(), 2U);
  EXPECT_FALSE(Receive(response_));
  const RpcEnd end = Finish();
  EXPECT_THAT(end, IsMisuse(v1::ERROR_REASON_SEQUENCE_STALE, "expected_sequence is 99"));
  EXPECT_EQ(end.metadata.at("sequence"), "2");
  EXPECT_EQ(GetMachine("demo").sequence(), 2U);
  EXPECT_EQ(GetMachine("other").sequence(), 0U);
}

TEST_F(ExecuteStreamTest, AMissingMachineATooLargeBatchAndADeletedMachineEndTheStreamWithTheirReasons) {
  ASSERT_TRUE(Send(BrkBatch("ghost", 1)));
  EXPECT_THAT(Finish(), IsMisuse(v1::ERROR_REASON_MACHINE_NOT_FOUND, "ghost"));
  Open();
  ASSERT_TRUE(Send(BrkBatch("demo", 10'001)));
  EXPECT_THAT(Finish(), IsMisuse(v1::ERROR_REASON_BATCH_TOO_LARGE, "10001 calls"));
  Open();
  v1::ExecuteBatchRequest large;
  large.set_machine("demo");
  large.add_calls()->mutable_spawn()->set_comm(std::string(5U << 20, 'x'));
  ASSERT_TRUE(Send(large));
  EXPECT_THAT(Finish(), IsMisuse(v1::ERROR_REASON_BATCH_TOO_LARGE, "bytes"));
  Open();
  {
    HeldMachine held(server().host(), "demo");
    ASSERT_TRUE(Send(BrkBatch("demo", 1)));
    while (server().host().GetMachine("demo")->queued_jobs == 0) std::this_thread::yield();
    EXPECT_EQ(server().host().DeleteMachine("demo"), absl::OkStatus());
  }
  EXPECT_THAT(Finish(), IsMisuse(v1::ERROR_REASON_MACHINE_DELETED, "deleted"));
  ExpectServes("other");
}

TEST_F(ExecuteStreamTest, TheServerReadsNoMoreThanItMayHoldAndTheSenderWaits) {
  // While the machine is held, batches of half a megabyte fill what the stream may hold and the transport's window.
  const v1::ExecuteBatchRequest batch = LargeBatch("demo");
  auto held = std::make_unique<HeldMachine>(server().host(), "demo");
  constexpr int kBatches = 200;
  std::atomic<int> sent = 0;
  std::thread sender([this, &batch, &sent] {
    for (; sent < kBatches; ++sent) EXPECT_TRUE(Send(batch));
    stream_->WritesDone();
  });
  while (server().host().Load().queued_bytes < ExecuteStream::kMaxBytesInFlight) std::this_thread::yield();
  // Until nothing moves any more.
  for (int before = -1; before != sent;) {
    before = sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  EXPECT_LT(sent, kBatches / 2) << "the rest is gRPC's, which holds some megabytes";
  EXPECT_EQ(server().host().GetMachine("demo")->queued_jobs, 1U) << "one batch at a time is with the host";
  EXPECT_LT(server().host().Load().queued_bytes, ExecuteStream::kMaxBytesInFlight + kLargeBatchBytes + 10'000);
  held->Release();
  int answered = 0;
  while (Receive(response_)) ++answered;
  sender.join();
  EXPECT_EQ(answered, kBatches);
  EXPECT_TRUE(Finish().ok());
}

TEST_F(ExecuteStreamTest, StreamsReadAheadUpToHalfOfTheLimitOfAllBatches) {
  ServerOptions options;
  options.host.max_queued_bytes = 4 * kLargeBatchBytes;
  StartServerAtSocket(options);
  CreateMachine("demo");
  CreateMachine("other");
  Open();
  {
    HeldMachine held(server().host(), "demo");
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(Send(LargeBatch("demo")));
    while (server().host().Load().queued_bytes < 2 * kLargeBatchBytes) std::this_thread::yield();
    EXPECT_FALSE(server().host().MayReserveAhead());
    EXPECT_TRUE(ExecuteBatch(LargeBatch("other")).ok());
  }
  stream_->WritesDone();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Receive(response_));
  EXPECT_TRUE(Finish().ok());
}

TEST_F(ExecuteStreamTest, AReaderWhoNeverReadsStopsOnlyItself) {
  std::thread sender([this] {
    while (Send(BrkBatch("demo", 10'000))) {
    }
  });
  while (server().host().GetMachine("demo")->sequence < 20'000) std::this_thread::yield();
  ExpectServes("demo");
  ExpectServes("other");
  context_->TryCancel();
  sender.join();
  EXPECT_EQ(Finish().code, grpc::StatusCode::CANCELLED);
  ExpectServes("demo");
}

TEST_F(ExecuteStreamTest, CancellingDropsWhatHasNotBegun) {
  {
    HeldMachine held(server().host(), "demo");
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(Send(BrkBatch("demo", 10)));
    while (server().host().GetMachine("demo")->queued_jobs == 0) std::this_thread::yield();
    context_->TryCancel();
    EXPECT_EQ(Finish().code, grpc::StatusCode::CANCELLED);
    // The server hears of it a little later than the client.
    while (server().host().GetMachine("demo")->queued_jobs > 0) std::this_thread::yield();
  }
  EXPECT_EQ(GetMachine("demo").sequence(), 0U);
}

TEST_F(ExecuteStreamTest, BytesThatAreNoMessageEndTheStream) {
  grpc::ClientContext context;
  context.set_deadline(SoonOnTheWall());
  const grpc::internal::RpcMethod method("/memsim.v1.ExecutionService/Execute",
                                         grpc::internal::RpcMethod::BIDI_STREAMING);
  const std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(channel().get(), method,
                                                                                            &context));
  ASSERT_TRUE(stream->Write(Bytes("\x0a\x7f")));
  grpc::ByteBuffer response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(ReadEnd(stream->Finish()), IsMisuse(v1::ERROR_REASON_MESSAGE_MALFORMED, "memsim.v1.ExecuteRequest"));
}

TEST_F(ExecuteStreamTest, RandomBytesOnAStreamNeverHarmTheServer) {
  constexpr std::uint64_t kSeed = 11;
  Random random(kSeed);
  const grpc::internal::RpcMethod method("/memsim.v1.ExecutionService/Execute",
                                         grpc::internal::RpcMethod::BIDI_STREAMING);
  for (int round = 0; round < 200; ++round) {
    grpc::ClientContext context;
    context.set_deadline(SoonOnTheWall());
    const std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
        grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(channel().get(), method,
                                                                                              &context));
    for (std::uint64_t n = random.Below(4); n > 0; --n) {
      std::string bytes(random.Below(60), '\0');
      for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
      (void)stream->Write(Bytes(bytes));
    }
    if (round % 3 == 0) context.TryCancel();
    stream->WritesDone();
    grpc::ByteBuffer response;
    while (stream->Read(&response)) {
    }
    const RpcEnd end = ReadEnd(stream->Finish());
    EXPECT_TRUE(end.ok() || !end.reason.empty() || round % 3 == 0)
        << "seed " << kSeed << ", round " << round << ": " << end;
  }
  ExpectServes("demo");
}

}  // namespace
}  // namespace memsim
