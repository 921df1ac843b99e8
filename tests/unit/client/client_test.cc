// The client against services that fake no machine at all: they answer what a test put in, over gRPC without a port.
// The real server is behind the client in tests/service and tests/end_to_end.

#include "client/library/client.h"

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"

#include "client/library/errors.h"
#include "memsim/v1/execution_service.grpc.pb.h"
#include "memsim/v1/machine_service.grpc.pb.h"

namespace memsim::client {
namespace {

using ::testing::HasSubstr;

class FakeMachines : public v1::MachineService::Service {
 public:
  grpc::Status CreateMachine(grpc::ServerContext*, const v1::CreateMachineRequest* request,
                             v1::Machine* machine) override {
    *machine = request->machine();
    machine->set_name(absl::StrCat(request->parent(), "/", request->machine_id()));
    return grpc::Status::OK;
  }

  // Machines m0 to m4, two a page, or the same page for ever.
  grpc::Status ListMachines(grpc::ServerContext*, const v1::ListMachinesRequest* request,
                            v1::ListMachinesResponse* response) override {
    const int begin = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    for (int i = begin; i < std::min(begin + 2, 5); ++i) response->add_machines()->set_name(absl::StrCat("m", i));
    if (begin + 2 < 5) response->set_next_page_token(absl::StrCat(begin + 2));
    if (repeat_page) response->set_next_page_token("2");
    return grpc::Status::OK;
  }

  // Never answers, but for the caller leaving.
  grpc::Status GetMachine(grpc::ServerContext* context, const v1::GetMachineRequest*, v1::Machine*) override {
    while (!context->IsCancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return grpc::Status::CANCELLED;
  }

  // More than gRPC's own 4 MiB.
  grpc::Status ReadProc(grpc::ServerContext*, const v1::ReadProcRequest*, v1::ReadProcResponse* response) override {
    response->set_content(std::string(7 << 20, 'x'));
    return grpc::Status::OK;
  }

  grpc::Status WatchMachine(grpc::ServerContext* context, const v1::WatchMachineRequest* request,
                            grpc::ServerWriter<v1::WatchMachineResponse>* writer) override {
    last_interval_ms = request->interval_ms();
    v1::WatchMachineResponse response;
    for (int i = 0; i < states && !context->IsCancelled(); ++i) {
      response.mutable_state()->set_sequence(static_cast<std::uint64_t>(i));
      if (!writer->Write(response)) break;
    }
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone");
  }

  std::atomic<bool> repeat_page = false;
  std::atomic<int> states = 3;
  std::atomic<std::uint32_t> last_interval_ms = 0;
};

class FakeExecution : public v1::ExecutionService::Service {
 public:
  // Answers each batch with its number of calls as the sequence, until one is for the machine "bad", or for "silent",
  // which never answers.
  grpc::Status Execute(grpc::ServerContext* stream_context,
                       grpc::ServerReaderWriter<v1::ExecuteResponse, v1::ExecuteRequest>* stream) override {
    v1::ExecuteRequest request;
    while (stream->Read(&request)) {
      while (request.batch().machine() == "silent" && !stream_context->IsCancelled())
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (request.batch().machine() == "bad") return grpc::Status(grpc::StatusCode::NOT_FOUND, "no machine bad");
      v1::ExecuteResponse response;
      response.mutable_batch()->set_sequence(static_cast<std::uint64_t>(request.batch().calls_size()));
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

  grpc::Status ExecuteBatch(grpc::ServerContext*, const v1::ExecuteBatchRequest* request,
                            v1::ExecuteBatchResponse* response) override {
    last_request = *request;
    response->set_sequence(static_cast<std::uint64_t>(request->calls_size()));
    return grpc::Status::OK;
  }

  v1::ExecuteBatchRequest last_request;
};

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    grpc::ServerBuilder builder;
    builder.RegisterService(&machines_);
    builder.RegisterService(&execution_);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.SetMaxSendMessageSize(-1);
    server_ = builder.BuildAndStart();
    client_ = *Client::Connect(absl::StrCat("127.0.0.1:", port_), {.default_deadline = absl::Seconds(20)});
  }
  ~ClientTest() override {
    client_.reset();
    server_->Shutdown();
  }

  FakeMachines machines_;
  FakeExecution execution_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Client> client_;
};

v1::ExecuteBatchRequest Batch(const std::string& machine, int calls) {
  v1::ExecuteBatchRequest batch;
  batch.set_machine(machine);
  for (int i = 0; i < calls; ++i) batch.add_calls()->mutable_brk();
  return batch;
}

TEST_F(ClientTest, AMachineIsMadeWithItsSpecAndItsParent) {
  v1::MachineSpec spec;
  spec.set_cpu_count(4);
  const auto machine = client_->CreateMachine("demo", spec, "tenants/t");
  ASSERT_TRUE(machine.ok()) << machine.status();
  EXPECT_EQ(machine->name(), "tenants/t/demo");
  EXPECT_EQ(machine->spec().cpu_count(), 4U);
}

TEST_F(ClientTest, AListIsReadToItsLastPage) {
  const auto machines = client_->ListMachines();
  ASSERT_TRUE(machines.ok()) << machines.status();
  ASSERT_EQ(machines->size(), 5U);
  EXPECT_EQ((*machines)[4].name(), "m4");
}

TEST_F(ClientTest, AServerThatRepeatsAPageIsNotAskedForEver) {
  machines_.repeat_page = true;
  EXPECT_EQ(client_->ListMachines().status().code(), absl::StatusCode::kInternal);
}

TEST_F(ClientTest, ADeadlineEndsACallThatIsNotAnswered) {
  const absl::Time begin = absl::Now();
  const auto machine = client_->GetMachine("demo", v1::MACHINE_VIEW_BASIC, {.deadline = absl::Milliseconds(50)});
  EXPECT_EQ(machine.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(machine.status().message()), HasSubstr(client_->address()));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
}

TEST_F(ClientTest, TheDefaultDeadlineHoldsToo) {
  const auto hasty = *Client::Connect(client_->address(), {.default_deadline = absl::Milliseconds(50)});
  EXPECT_EQ(hasty->GetMachine("demo").status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ClientTest, ALargeProcFileArrivesWhole) {
  const auto file = client_->ReadProc("demo", "1/maps");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->content().size(), 7U << 20);
}

TEST_F(ClientTest, AWatchEndsWhenItsReaderHasSeenEnough) {
  machines_.states = 1000000;
  int seen = 0;
  const absl::Status status =
      client_->Watch("demo", absl::Milliseconds(5), [&](const v1::WatchMachineResponse&) { return ++seen < 3; });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(machines_.last_interval_ms, 5U);
}

TEST_F(ClientTest, AWatchThatTheServerEndsSaysWhy) {
  int seen = 0;
  const absl::Status status =
      client_->Watch("demo", absl::Seconds(1), [&](const v1::WatchMachineResponse&) { return ++seen > 0; });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(seen, 3);
}

TEST_F(ClientTest, ABatchCarriesItsCallsStopsAndSequence) {
  std::vector<v1::Call> calls(3);
  for (v1::Call& call : calls) call.mutable_brk();
  v1::StopConditions stop;
  stop.set_on_signal(true);
  const auto response = client_->ExecuteBatch("demo", calls, stop, {.expected_sequence = 7});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->sequence(), 3U);
  EXPECT_EQ(execution_.last_request.machine(), "demo");
  EXPECT_EQ(execution_.last_request.expected_sequence(), 7U);
  EXPECT_TRUE(execution_.last_request.stop().on_signal());
}

TEST_F(ClientTest, AStreamIsPipelinedAndAnswersInOrder) {
  const auto stream = client_->Stream();
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(stream->Write(Batch("demo", i)));
  stream->WritesDone();
  for (std::uint64_t i = 1; i <= 5; ++i) {
    const auto response = stream->Read();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->sequence(), i);
  }
  EXPECT_FALSE(stream->Read().has_value());
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_TRUE(stream->Finish().ok()) << "and again";
}

TEST_F(ClientTest, AStreamThatBreaksTellsWhyAtTheEnd) {
  const auto stream = client_->Stream();
  ASSERT_TRUE(stream->Write(Batch("bad", 1)));
  EXPECT_FALSE(stream->Read().has_value());
  const absl::Status status = stream->Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no machine bad");
}

TEST_F(ClientTest, AStreamThatIsDroppedIsCancelled) {
  const auto stream = client_->Stream();
  ASSERT_TRUE(stream->Write(Batch("demo", 1)));
}

TEST_F(ClientTest, AMethodThatTheServerLacksIsSaid) {
  v1::Call call;
  call.mutable_brk();
  const auto answer = client_->Call("demo", call);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("older than this client"));
}

TEST(ClientConnectTest, AddressesAreCheckedAtOnce) {
  for (const char* good : {"127.0.0.1:7600", "localhost:1", "[::1]:65535", "unix:/run/memsim.sock", "unix:relative"}) {
    EXPECT_TRUE(Client::Connect(good).ok()) << good;
  }
  for (const char* bad :
       {"", "localhost", ":7600", "localhost:", "localhost:0", "localhost:65536", "unix:", "http://x"}) {
    EXPECT_EQ(Client::Connect(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(ClientConnectTest, ADeadServerShowsAtTheFirstCall) {
  const auto client = *Client::Connect("127.0.0.1:1");
  const auto machines = client->ListMachines();
  EXPECT_EQ(machines.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(machines.status().message()), HasSubstr("127.0.0.1:1"));
  const auto stream = client->Stream();
  stream->Write(Batch("demo", 1));
  EXPECT_EQ(stream->Finish().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ClientTest, AStepOfAStreamThatWaitsTooLongEndsIt) {
  const absl::Time begin = absl::Now();
  const auto stream = client_->Stream({.step_deadline = absl::Milliseconds(200)});
  // Each step has its time anew: together they take longer.
  for (int i = 0; i < 3; ++i) {
    absl::SleepFor(absl::Milliseconds(100));
    ASSERT_TRUE(stream->Write(Batch("demo", 1)));
    ASSERT_TRUE(stream->Read().has_value());
  }
  ASSERT_TRUE(stream->Write(Batch("silent", 1)));
  EXPECT_FALSE(stream->Read().has_value());
  const absl::Status status = stream->Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("waited 200ms"));
  EXPECT_LT(absl::Now() - begin, absl::Seconds(10));
}

}  // namespace
}  // namespace memsim::client
