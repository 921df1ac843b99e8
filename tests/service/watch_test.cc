// Watching a machine.

#include <memory>
#include <string>
#include <thread>

#include "tests/service/server_test_fixture.h"

namespace memsim {
namespace {

class WatchTest : public ServerTest {
 protected:
  void SetUp() override { CreateMachine("demo"); }

  void Watch(const std::string& name, std::uint32_t interval_ms) {
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(SoonOnTheWall());
    v1::WatchMachineRequest request;
    request.set_name(name);
    request.set_interval_ms(interval_ms);
    stub_ = machines();
    reader_ = stub_->WatchMachine(context_.get(), request);
  }
  RpcEnd Finish() { return ReadEnd(reader_->Finish()); }

  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<v1::MachineService::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<v1::WatchMachineResponse>> reader_;
  v1::WatchMachineResponse response_;
};

TEST_F(WatchTest, TheFirstStateComesAtOnceWithAllDetails) {
  Watch("demo", 60'000);
  ASSERT_TRUE(reader_->Read(&response_));
  EXPECT_EQ(response_.dropped_count(), 0U);
  ASSERT_GT(response_.state().counters_size(), 0);
  EXPECT_FALSE(response_.state().counters(0).help().empty());
}

TEST_F(WatchTest, LaterStatesFollowTheMachineWithoutTheDetails) {
  Watch("demo", 10);
  ASSERT_TRUE(reader_->Read(&response_));
  EXPECT_EQ(response_.state().sequence(), 0U);
  ExpectServes("demo");
  do {
    ASSERT_TRUE(reader_->Read(&response_));
  } while (response_.state().sequence() == 0);
  EXPECT_EQ(response_.state().sequence(), 1U);
  EXPECT_FALSE(response_.state().counters(0).name().empty());
  EXPECT_TRUE(response_.state().counters(0).help().empty());
  EXPECT_TRUE(response_.state().counters(0).unit().empty());
}

TEST_F(WatchTest, TheIntervalHasItsRange) {
  for (const std::uint32_t good : {0U, 10U, 60'000U}) {
    Watch("demo", good);
    EXPECT_TRUE(reader_->Read(&response_)) << good;
    context_->TryCancel();
    EXPECT_EQ(Finish().code, grpc::StatusCode::CANCELLED);
  }
  for (const std::uint32_t bad : {1U, 9U, 60'001U, UINT32_MAX}) {
    Watch("demo", bad);
    EXPECT_FALSE(reader_->Read(&response_));
    EXPECT_THAT(Finish(), IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "interval_ms is")) << bad;
  }
}

TEST_F(WatchTest, AMissingMachineIsNamed) {
  Watch("ghost", 0);
  EXPECT_THAT(Finish(), IsMisuse(v1::ERROR_REASON_MACHINE_NOT_FOUND, "ghost"));
}

TEST_F(WatchTest, DeletingTheMachineEndsTheWatchAlsoWhenItsNameLivesOn) {
  Watch("demo", 10);
  ASSERT_TRUE(reader_->Read(&response_));
  EXPECT_EQ(server().host().DeleteMachine("demo"), absl::OkStatus());
  CreateMachine("demo");
  while (reader_->Read(&response_)) {
  }
  EXPECT_THAT(Finish(), IsMisuse(v1::ERROR_REASON_MACHINE_DELETED, "demo"));
}

TEST_F(WatchTest, ASlowReaderGetsTheNewestStateAndIsToldWhatItMissed) {
  Watch("demo", 10);
  ASSERT_TRUE(reader_->Read(&response_));
  // Nobody reads while states are made, until the transport takes no more and one replaces the other.
  std::uint64_t dropped = 0;
  for (int tries = 0; tries < 20 && dropped == 0; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    ExpectServes("demo");
    const std::uint64_t sequence = GetMachine("demo").sequence();
    // What was under way comes first; then the newest.
    while (response_.state().sequence() < sequence) {
      ASSERT_TRUE(reader_->Read(&response_));
      EXPECT_GE(response_.dropped_count(), dropped) << "the count never falls";
      dropped = response_.dropped_count();
    }
  }
  EXPECT_GT(dropped, 0U);
}

TEST_F(WatchTest, ALookForWhichTheQueueHasNoRoomCountsAsMissed) {
  ServerOptions options;
  options.host.queue.inspections = 1;
  StartServer(options);
  CreateMachine("demo");
  std::uint64_t dropped = 0;
  // The watch may begin too late to meet a full queue.
  for (int tries = 0; tries < 100 && dropped == 0; ++tries) {
    {
      const HeldMachine held(server().host(), "demo");
      server().host().Inspect("demo", [](const absl::StatusOr<const Machine*>&) {});
      Watch("demo", 10);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ASSERT_TRUE(reader_->Read(&response_));
    dropped = response_.dropped_count();
    context_->TryCancel();
    EXPECT_EQ(Finish().code, grpc::StatusCode::CANCELLED);
  }
  EXPECT_GT(dropped, 0U);
}

TEST_F(WatchTest, ManyWatchersComeAndGoWhileTheMachineWorks) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 10; ++i) {
        grpc::ClientContext context;
        context.set_deadline(SoonOnTheWall());
        v1::WatchMachineRequest request;
        request.set_name("demo");
        request.set_interval_ms(10);
        const auto stub = machines();
        const auto reader = stub->WatchMachine(&context, request);
        v1::WatchMachineResponse response;
        for (int n = 0; n < 3; ++n) EXPECT_TRUE(reader->Read(&response));
        context.TryCancel();
        EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
      }
    });
  }
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 1000)).ok());
  for (std::thread& thread : threads) thread.join();
  ExpectServes("demo");
}

}  // namespace
}  // namespace memsim
