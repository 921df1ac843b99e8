// Watching a machine's events.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

#include "tests/service/server_test_fixture.h"

namespace memsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class WatchEventsTest : public ServerTest {
 protected:
  void SetUp() override { CreateMachine("demo"); }

  // Until the watch has begun.
  void Watch(const std::string& name, const std::vector<std::string>& patterns, bool with_fields = false) {
    Start(name, patterns, with_fields);
    ASSERT_TRUE(reader_->Read(&response_));
    EXPECT_THAT(response_.events(), IsEmpty());
  }
  void Start(const std::string& name, const std::vector<std::string>& patterns, bool with_fields = false) {
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(SoonOnTheWall());
    v1::WatchEventsRequest request;
    request.set_name(name);
    for (const std::string& pattern : patterns) request.add_patterns(pattern);
    request.set_with_fields(with_fields);
    stub_ = machines();
    reader_ = stub_->WatchEvents(context_.get(), request);
  }
  RpcEnd Finish() { return ReadEnd(reader_->Finish()); }
  RpcEnd Refusal(const std::vector<std::string>& patterns) {
    Start("demo", patterns);
    EXPECT_FALSE(reader_->Read(&response_));
    return Finish();
  }
  // So many events, however many responses they take.
  std::vector<v1::Event> ReadEvents(std::size_t count) {
    std::vector<v1::Event> events;
    while (events.size() < count && reader_->Read(&response_)) {
      events.insert(events.end(), response_.events().begin(), response_.events().end());
    }
    return events;
  }
  std::uint64_t HostMemory() { return GetMachine("demo").host_memory_bytes(); }

  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<v1::MachineService::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<v1::WatchEventsResponse>> reader_;
  v1::WatchEventsResponse response_;
};

TEST_F(WatchEventsTest, WhatHappensAfterTheFirstResponseIsSentAsTheKernelPrintsIt) {
  EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 1)).ok());
  Watch("demo", {"syscalls:*_brk"});
  EXPECT_EQ(response_.sequence(), 1U);
  EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 1)).ok());
  const std::vector<v1::Event> events = ReadEvents(2);
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].name(), "syscalls:sys_enter_brk");
  EXPECT_EQ(events[0].text(), "brk: 0x00000000");
  EXPECT_EQ(events[0].comm(), "init");
  EXPECT_EQ(events[0].pid(), 1U);
  EXPECT_EQ(events[0].cpu(), 0U);
  EXPECT_GT(events[0].virtual_time_ns(), 0U);
  EXPECT_THAT(events[0].fields(), IsEmpty()) << "nobody asked for them";
  EXPECT_EQ(events[1].name(), "syscalls:sys_exit_brk");
  EXPECT_EQ(response_.sequence(), 2U);
  EXPECT_EQ(response_.lost_count(), 0U);
}

TEST_F(WatchEventsTest, FieldsComeOneByOneForWhoeverAsks) {
  Watch("demo", {"sys_enter_brk"}, true);
  EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 1)).ok());
  const std::vector<v1::Event> events = ReadEvents(1);
  ASSERT_THAT(events, SizeIs(1));
  ASSERT_THAT(events[0].fields(), SizeIs(1));
  EXPECT_EQ(events[0].fields(0).name(), "brk");
  EXPECT_EQ(events[0].fields(0).value(), "0x00000000");
}

TEST_F(WatchEventsTest, ManyEventsComeInOrderAndInSeveralResponses) {
  Watch("demo", {"sys_enter_brk"});
  EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 2000)).ok());
  std::uint64_t seen = 0;
  std::uint64_t last = 0;
  while (seen < 2000 && reader_->Read(&response_)) {
    EXPECT_LE(response_.events_size(), 500);
    for (const v1::Event& event : response_.events()) {
      EXPECT_GT(event.virtual_time_ns(), last);
      last = event.virtual_time_ns();
    }
    seen += static_cast<std::uint64_t>(response_.events_size());
  }
  EXPECT_EQ(seen, 2000U);
  EXPECT_EQ(response_.lost_count(), 0U);
}

TEST_F(WatchEventsTest, AReaderThatDoesNotReadLosesEventsAndIsToldHowMany) {
  Watch("demo", {"sys_enter_brk"});
  constexpr std::uint64_t kCalls = 200'000;
  for (std::uint64_t sent = 0; sent < kCalls; sent += 10'000) {
    EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 10'000)).ok()) << "the machine does not wait for it";
  }
  std::uint64_t seen = 0;
  while (seen + response_.lost_count() < kCalls && reader_->Read(&response_)) {
    seen += static_cast<std::uint64_t>(response_.events_size());
  }
  EXPECT_GT(response_.lost_count(), 0U);
  EXPECT_EQ(seen + response_.lost_count(), kCalls) << "each was sent or counted";
}

TEST_F(WatchEventsTest, WatchingChangesNothingInTheMachine) {
  const auto digests = [this](const std::string& name) {
    EXPECT_TRUE(ExecuteBatch(BrkBatch(name, 100)).ok());
    const v1::Machine machine = GetMachine(name);
    return machine.state_digest() + machine.answer_digest();
  };
  CreateMachine("unseen");
  Watch("demo", {});
  EXPECT_EQ(digests("demo"), digests("unseen"));
}

TEST_F(WatchEventsTest, APatternThatMatchesNothingIsAnsweredWithTheNearest) {
  EXPECT_THAT(Refusal({"kmem:*", "kmem:mm_page_aloc"}),
              IsMisuse(v1::ERROR_REASON_FIELD_INVALID,
                       "patterns[1] is \"kmem:mm_page_aloc\", which no event of a machine matches; did you mean "
                       "kmem:mm_page_alloc?"));
  EXPECT_THAT(Refusal({"kmm:*"}), IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "did you mean kmem:*?"));
  EXPECT_THAT(Refusal({"[a-z]*"}), IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "matches; GetTracepoints tells"))
      << "nothing is near";
  EXPECT_THAT(Refusal({""}), IsMisuse(v1::ERROR_REASON_FIELD_INVALID,
                                      "patterns[0] is \"\", which no event of a machine matches; write *"));
}

TEST_F(WatchEventsTest, PatternsHaveTheirLimits) {
  Watch("demo", std::vector<std::string>(100, "kmem:*"));
  EXPECT_THAT(Refusal(std::vector<std::string>(101, "kmem:*")),
              IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "there are 101 patterns"));
  Watch("demo", {std::string(100, '*')});
  EXPECT_THAT(Refusal({std::string(101, '*')}), IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "patterns[0] has 101 bytes"));
}

TEST_F(WatchEventsTest, AMissingMachineIsNamed) {
  Start("ghost", {"*"});
  EXPECT_THAT(Finish(), IsMisuse(v1::ERROR_REASON_MACHINE_NOT_FOUND, "ghost"));
}

TEST_F(WatchEventsTest, TheMachineForgetsWhoIsGone) {
  const std::uint64_t quiet = HostMemory();
  Watch("demo", {"*"});
  EXPECT_GT(HostMemory(), quiet);
  context_->TryCancel();
  EXPECT_EQ(Finish().code, grpc::StatusCode::CANCELLED);
  for (int tries = 0; tries < 1000 && HostMemory() > quiet; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(HostMemory(), quiet);
}

TEST_F(WatchEventsTest, WhatWasReadIsTheMachinesMemoryNoLonger) {
  Watch("demo", {"sys_enter_brk"});
  EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 1)).ok()) << "what the call itself needs from now on";
  EXPECT_THAT(ReadEvents(1), SizeIs(1));
  const std::uint64_t watched = HostMemory();
  EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 10'000)).ok());
  EXPECT_THAT(ReadEvents(10'000), SizeIs(10'000));
  // No call comes any more: the stream itself lets the machine look.
  for (int tries = 0; tries < 1000 && HostMemory() > watched; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(HostMemory(), watched);
}

TEST_F(WatchEventsTest, DeletingTheMachineEndsTheWatchAfterItsLastEvents) {
  Watch("demo", {"sys_enter_brk"});
  EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 3)).ok());
  EXPECT_EQ(server().host().DeleteMachine("demo"), absl::OkStatus());
  EXPECT_THAT(ReadEvents(SIZE_MAX), SizeIs(3));
  EXPECT_THAT(Finish(), IsMisuse(v1::ERROR_REASON_MACHINE_DELETED, "demo"));
}

TEST_F(WatchEventsTest, TooManyWatchersOfOneMachineAreRefused) {
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchEventsResponse>>> readers;
  for (int i = 0; i < 16; ++i) {
    Watch("demo", {"kmem:*"});
    contexts.push_back(std::move(context_));
    readers.push_back(std::move(reader_));
  }
  EXPECT_THAT(Refusal({"kmem:*"}), IsMisuse(v1::ERROR_REASON_QUEUE_FULL, "16 watchers"));
  for (const auto& context : contexts) context->TryCancel();
  for (const auto& reader : readers) EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchEventsTest, ManyWatchersComeAndGoWhileTheMachineWorks) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 10; ++i) {
        grpc::ClientContext context;
        context.set_deadline(SoonOnTheWall());
        v1::WatchEventsRequest request;
        request.set_name("demo");
        const auto stub = machines();
        const auto reader = stub->WatchEvents(&context, request);
        v1::WatchEventsResponse response;
        for (int n = 0; n < 3; ++n) EXPECT_TRUE(reader->Read(&response));
        context.TryCancel();
        EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
      }
    });
  }
  std::thread stopper([&threads] {
    for (std::thread& thread : threads) thread.join();
  });
  std::atomic<bool> stopped = false;
  std::thread worker([this, &stopped] {
    while (!stopped) EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 100)).ok());
  });
  stopper.join();
  stopped = true;
  worker.join();
  ExpectServes("demo");
}

TEST_F(WatchEventsTest, TracepointsAreListedByPattern) {
  const std::string path = absl::StrCat(kMachineService, "GetTracepoints");
  v1::GetTracepointsRequest request;
  v1::GetTracepointsResponse response;
  ASSERT_TRUE(Call(path, request, &response).ok());
  EXPECT_GT(response.tracepoints_size(), 50);
  request.add_patterns("kmem:mm_page_free");
  ASSERT_TRUE(Call(path, request, &response).ok());
  ASSERT_THAT(response.tracepoints(), SizeIs(1));
  EXPECT_EQ(response.tracepoints(0).name(), "kmem:mm_page_free");
  EXPECT_THAT(response.tracepoints(0).fields(), ElementsAre("pfn", "order"));
  EXPECT_THAT(response.tracepoints(0).help(), HasSubstr("given back"));
  request.add_patterns("nothing");
  EXPECT_THAT(Call(path, request, &response), IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "patterns[1]"));
}

}  // namespace
}  // namespace memsim
