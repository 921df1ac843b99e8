// Shutting down with grace, health, reflection, and addresses.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"

#include "proto/operations.h"
#include "server/http/router.h"
#include "server/metrics/server_metrics.h"
#include "tests/service/server_test_fixture.h"

namespace memsim {
namespace {

using testing::HasSubstr;

class DrainTest : public ServerTest {
 protected:
  // grpc.health.v1.HealthCheckResponse.status: 1 SERVING, 2 NOT_SERVING; 0 if there is no answer.
  int Health() {
    grpc::ByteBuffer response;
    if (!CallBytes("/grpc.health.v1.Health/Check", "", &response).ok()) return 0;
    grpc::Slice slice;
    if (!response.DumpToSingleSlice(&slice).ok() || slice.size() != 2) return 0;
    return *(slice.begin() + 1);  // Field 1, a varint.
  }
  // Begins draining while something keeps the server from its end.
  std::thread StartDraining(bool& in_time, std::chrono::nanoseconds timeout = std::chrono::seconds(30)) {
    std::thread thread([this, &in_time, timeout] { in_time = server().Drain(timeout); });
    while (!server().host().draining()) std::this_thread::yield();
    return thread;
  }
};

TEST_F(DrainTest, AServerThatRunsIsHealthy) { EXPECT_EQ(Health(), 1); }

TEST_F(DrainTest, WhatWasAcceptedIsAnsweredAndWhatComesLaterIsRefused) {
  CreateMachine("demo");
  auto held = std::make_unique<HeldMachine>(server().host(), "demo");
  std::future<RpcEnd> accepted =
      std::async(std::launch::async, [this] { return ExecuteBatch(BrkBatch("demo", 1000)); });
  while (server().host().GetMachine("demo")->queued_jobs == 0) std::this_thread::yield();
  bool in_time = false;
  std::thread draining = StartDraining(in_time);
  while (Health() != 2) std::this_thread::yield();
  // The door is shut before anybody can see that the server drains, so this is not let in to wait for the machine.
  EXPECT_THAT(Call(kBrkPath, BrkOf("demo")), IsMisuse(v1::ERROR_REASON_SERVER_DRAINING, "shutting down"));
  held->Release();
  EXPECT_TRUE(accepted.get().ok());
  draining.join();
  EXPECT_TRUE(in_time);
}

TEST_F(DrainTest, HttpAndMetricsSaySoAsLongAsItTakes) {
  CreateMachine("demo");
  const ServerMetrics metrics(server().host(), server().rpc_metrics());
  const Router router(server().host(), metrics, "127.0.0.1:1");
  HttpRequest health;
  health.method = "GET";
  health.path = "/healthz";
  EXPECT_EQ(router.Answer(health).status, 200);
  EXPECT_THAT(metrics.ServerPage(std::chrono::steady_clock::now()), HasSubstr("\nmemsim_draining 0\n"));
  HeldMachine held(server().host(), "demo");
  std::future<RpcEnd> accepted = std::async(std::launch::async, [this] { return Call(kBrkPath, BrkOf("demo")); });
  while (server().host().GetMachine("demo")->queued_jobs == 0) std::this_thread::yield();
  bool in_time = false;
  std::thread draining([this, &in_time] { in_time = server().Drain(std::chrono::seconds(30)); });
  while (Health() != 2) std::this_thread::yield();
  EXPECT_EQ(router.Answer(health).status, 503);
  EXPECT_THAT(metrics.ServerPage(std::chrono::steady_clock::now()), HasSubstr("\nmemsim_draining 1\n"));
  held.Release();
  draining.join();
  EXPECT_TRUE(in_time);
  EXPECT_TRUE(accepted.get().ok());
}

TEST_F(DrainTest, StreamsEndWithTheReasonAfterTheirLastAnswer) {
  StartServerAtSocket();
  CreateMachine("demo");
  grpc::ClientContext execute_context;
  const auto execution_stub = execution();
  const auto stream = execution_stub->Execute(&execute_context);
  v1::ExecuteRequest request;
  *request.mutable_batch() = BrkBatch("demo", 10);
  ASSERT_TRUE(stream->Write(request));
  v1::ExecuteResponse response;
  ASSERT_TRUE(stream->Read(&response));
  grpc::ClientContext watch_context;
  v1::WatchMachineRequest watch;
  watch.set_name("demo");
  const auto machine_stub = machines();
  const auto reader = machine_stub->WatchMachine(&watch_context, watch);
  v1::WatchMachineResponse state;
  ASSERT_TRUE(reader->Read(&state));

  auto held = std::make_unique<HeldMachine>(server().host(), "demo");
  ASSERT_TRUE(stream->Write(request));
  while (server().host().GetMachine("demo")->queued_jobs == 0) std::this_thread::yield();
  std::future<std::vector<std::uint64_t>> answers = std::async(std::launch::async, [&stream, &response] {
    std::vector<std::uint64_t> sequences;
    while (stream->Read(&response)) sequences.push_back(response.batch().sequence());
    return sequences;
  });
  bool in_time = false;
  std::thread draining = StartDraining(in_time);
  while (reader->Read(&state)) {
  }
  EXPECT_THAT(ReadEnd(reader->Finish()), IsMisuse(v1::ERROR_REASON_SERVER_DRAINING, "shutting down"));
  held->Release();
  EXPECT_THAT(answers.get(), testing::ElementsAre(20U)) << "the batch that was accepted is answered";
  EXPECT_THAT(ReadEnd(stream->Finish()), IsMisuse(v1::ERROR_REASON_SERVER_DRAINING, "shutting down"));
  draining.join();
  EXPECT_TRUE(in_time);
}

TEST_F(DrainTest, AfterTheTimeoutWhatIsQueuedIsRefusedAndWhatRunsIsWaitedFor) {
  CreateMachine("demo");
  auto held = std::make_unique<HeldMachine>(server().host(), "demo");
  std::future<RpcEnd> queued = std::async(std::launch::async, [this] { return Call(kBrkPath, BrkOf("demo")); });
  while (server().host().GetMachine("demo")->queued_jobs == 0) std::this_thread::yield();
  bool in_time = true;
  std::thread draining = StartDraining(in_time, std::chrono::milliseconds(20));
  EXPECT_THAT(queued.get(), IsMisuse(v1::ERROR_REASON_SERVER_DRAINING, "shutting down"));
  held->Release();
  draining.join();
  EXPECT_FALSE(in_time);
}

TEST_F(DrainTest, DrainingABusyServerEndsItsCallsAndStreams) {
  for (int round = 0; round < 5; ++round) {
    StartServerAtSocket();
    CreateMachine("demo");
    std::vector<std::thread> clients;
    std::atomic<int> answered = 0;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([channel = channel(), i, &answered] {
        const auto stub = v1::ExecutionService::NewStub(channel);
        grpc::ClientContext context;
        const auto stream = stub->Execute(&context);
        v1::ExecuteRequest request;
        *request.mutable_batch() = BrkBatch("demo", 1000 + i);
        v1::ExecuteResponse response;
        EXPECT_TRUE(stream->Write(request) && stream->Read(&response));
        ++answered;
        while (stream->Write(request) && stream->Read(&response)) {
        }
        EXPECT_THAT(ReadEnd(stream->Finish()), IsMisuse(v1::ERROR_REASON_SERVER_DRAINING, "shutting down"));
      });
    }
    while (answered < 4) std::this_thread::yield();
    EXPECT_TRUE(server().Drain(std::chrono::seconds(30)));
    for (std::thread& client : clients) client.join();
  }
}

TEST_F(DrainTest, DestroyingAServerEndsABatchInItsMidst) {
  StartServerAtSocket();
  CreateMachine("demo");
  const auto stub = execution();
  grpc::ClientContext context;
  const auto stream = stub->Execute(&context);
  auto held = std::make_unique<HeldMachine>(server().host(), "demo");
  v1::ExecuteRequest request;
  *request.mutable_batch() = BrkBatch("demo", 5);
  ASSERT_TRUE(stream->Write(request));
  while (server().host().GetMachine("demo")->queued_jobs == 0) std::this_thread::yield();
  std::future<RpcEnd> behind = std::async(std::launch::async, [this] { return Call(kBrkPath, BrkOf("demo")); });
  while (server().host().GetMachine("demo")->queued_jobs == 1) std::this_thread::yield();
  // A look goes between two calls: this one stops the machine between the first and the second, which it lets finish.
  std::promise<void> between;
  std::promise<void> go_on;
  server().host().Inspect("demo", [&between, &go_on](const absl::StatusOr<const Machine*>&) {
    between.set_value();
    go_on.get_future().wait();
  });
  held->Release();
  between.get_future().wait();
  std::thread destroying([this] { DestroyServer(); });
  EXPECT_THAT(behind.get(), IsMisuse(v1::ERROR_REASON_SERVER_DRAINING, "shutting down")) << "it had not begun";
  go_on.set_value();
  destroying.join();
  v1::ExecuteResponse response;
  EXPECT_FALSE(stream->Read(&response));
  const RpcEnd end = ReadEnd(stream->Finish());
  EXPECT_THAT(end, IsMisuse(v1::ERROR_REASON_SERVER_DRAINING, "of the batch's 5 calls the first 2 were executed"));
  EXPECT_EQ(end.metadata, (std::map<std::string, std::string>{{"executed", "2"}, {"sequence", "2"}}));
}

TEST(ServerAddressTest, AServerAtAPortIsReachedAndASecondOneIsTurnedAway) {
  ServerOptions options;
  options.grpc_address = "127.0.0.1:0";
  const auto server = Server::Create(options);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_NE((*server)->address(), options.grpc_address);
  const auto channel = grpc::CreateChannel((*server)->address(), grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  v1::ListMachinesResponse response;
  EXPECT_TRUE(v1::MachineService::NewStub(channel)->ListMachines(&context, v1::ListMachinesRequest(), &response).ok());

  options.grpc_address = (*server)->address();
  const absl::Status taken = Server::Create(options).status();
  EXPECT_EQ(taken.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(taken.message()), HasSubstr("Address already in use"));
  EXPECT_THAT(std::string(taken.message()), HasSubstr(options.grpc_address));
}

TEST(ServerAddressTest, AUnixSocketWorksAndALeftOverOneIsReplaced) {
  const std::string path = absl::StrCat(testing::TempDir(), "/memsim-", getpid(), ".socket");
  ServerOptions options;
  options.grpc_address = "unix:" + path;
  auto server = Server::Create(options);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(Server::Create(options).status().code(), absl::StatusCode::kUnavailable)
      << "the first one must not lose its socket";
  const auto channel = grpc::CreateChannel(options.grpc_address, grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  v1::ListMachinesResponse response;
  EXPECT_TRUE(v1::MachineService::NewStub(channel)->ListMachines(&context, v1::ListMachinesRequest(), &response).ok());
  *server = nullptr;
  EXPECT_TRUE(Server::Create(options).ok());
  unlink(path.c_str());
}

// A Unix socket of this process at a path of its own, which nobody serves.
class RawSocket {
 public:
  RawSocket(const std::string& name, int type) : path_(absl::StrCat(testing::TempDir(), "/memsim-", getpid(), name)) {
    unlink(path_.c_str());
    address_.sun_family = AF_UNIX;
    path_.copy(address_.sun_path, sizeof(address_.sun_path) - 1);
    fd_ = socket(AF_UNIX, type, 0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<const sockaddr*>(&address_), sizeof(address_)), 0);
  }
  ~RawSocket() {
    for (const int fd : waiting_) close(fd);
    close(fd_);
    unlink(path_.c_str());
  }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  // Listens and never accepts, with as many connections waiting as may be.
  void ListenAndStick() {
    EXPECT_EQ(listen(fd_, 0), 0);
    int error = 0;
    while (error == 0) {
      waiting_.push_back(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
      error = connect(waiting_.back(), reinterpret_cast<const sockaddr*>(&address_), sizeof(address_)) == 0 ? 0 : errno;
    }
    EXPECT_EQ(error, EAGAIN);
  }
  absl::Status CreateServerThere() const {
    ServerOptions options;
    options.grpc_address = "unix:" + path_;
    return Server::Create(options).status();
  }
  bool exists() const { return access(path_.c_str(), F_OK) == 0; }

 private:
  const std::string path_;
  sockaddr_un address_ = {};
  int fd_ = -1;
  std::vector<int> waiting_;
};

TEST(ServerAddressTest, AStuckServersSocketIsNotTakenAndNotWaitedFor) {
  RawSocket stuck(".stuck", SOCK_STREAM);
  stuck.ListenAndStick();
  const absl::Status status = stuck.CreateServerThere();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("Address already in use"));
  EXPECT_TRUE(stuck.exists());
}

TEST(ServerAddressTest, ASocketThatCannotBeAskedIsNotTaken) {
  // Nothing but "refused" says that nobody is there: this one belongs to somebody, who speaks datagrams.
  const RawSocket datagrams(".datagrams", SOCK_DGRAM);
  const absl::Status status = datagrams.CreateServerThere();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("wrong type"));
  EXPECT_TRUE(datagrams.exists());
}

TEST(ServerAddressTest, WhatIsNoAddressIsRefused) {
  for (const char* address : {"nonsense", ":7600", "127.0.0.1:", "127.0.0.1:port", "unix:", "127.0.0.1:99999999"}) {
    ServerOptions options;
    options.grpc_address = address;
    const absl::Status status = Server::Create(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(address));
  }
}

TEST(ServerAddressTest, AFileThatIsNoSocketIsNotTouched) {
  const std::string path = absl::StrCat(testing::TempDir(), "/memsim-", getpid(), ".txt");
  std::ofstream(path) << "precious";
  ServerOptions options;
  options.grpc_address = "unix:" + path;
  EXPECT_EQ(Server::Create(options).status().code(), absl::StatusCode::kUnavailable);
  std::string content;
  std::ifstream(path) >> content;
  EXPECT_EQ(content, "precious");
  unlink(path.c_str());
}

}  // namespace
}  // namespace memsim
