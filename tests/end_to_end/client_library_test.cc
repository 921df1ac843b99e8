// The client library against the whole server, over a real port: what a C++ program can do, and what it is told when it
// cannot.

#include <utility>
#include <vector>

#include "gtest/gtest.h"

#include "client/library/client.h"
#include "client/library/errors.h"
#include "server/rpc/server.h"

namespace memsim::client {
namespace {

v1::Call Mmap(std::uint64_t length, std::uint32_t slot) {
  v1::Call call;
  call.set_store_as(slot);
  call.mutable_mmap()->set_pid(1);
  call.mutable_mmap()->set_length_bytes(length);
  call.mutable_mmap()->set_prot(3);
  call.mutable_mmap()->set_flags(0x22);
  call.mutable_mmap()->set_fd(-1);
  return call;
}

v1::Call Touch(std::uint32_t slot, std::uint64_t pages) {
  v1::Call call;
  call.mutable_touch()->set_pid(1);
  call.mutable_touch()->set_address_slot(slot);
  call.mutable_touch()->set_page_count(pages);
  call.mutable_touch()->set_access(v1::ACCESS_KIND_WRITE);
  return call;
}

class ClientLibraryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.grpc_address = "127.0.0.1:0";
    auto server = Server::Create(options);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_ = *Client::Connect(server_->address());
  }

  void Make(const char* name) {
    const auto machine = client_->CreateMachine(name, v1::MachineSpec());
    ASSERT_TRUE(machine.ok()) << machine.status();
  }

  std::string Digests(const char* name) {
    const auto machine = client_->GetMachine(name, v1::MACHINE_VIEW_WITH_DIGESTS);
    return machine.ok() ? machine->state_digest() + " " + machine->answer_digest() : machine.status().ToString();
  }

  std::unique_ptr<Server> server_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientLibraryTest, OneByOneInBatchesAndOverTheStreamIsTheSame) {
  const std::vector<v1::Call> calls = {Mmap(65536, 1), Touch(1, 16), Mmap(4096, 2), Touch(2, 1), Touch(1, 3)};
  for (const char* name : {"single", "batch", "stream"}) Make(name);

  for (const v1::Call& call : calls) {
    const auto answer = client_->Call("single", call);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->error_number(), 0);
  }
  const auto response = client_->ExecuteBatch("batch", calls);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->answers_size(), 5);
  EXPECT_EQ(response->answers(1).value(), 16U) << "minor faults";

  const auto stream = client_->Stream();
  for (const v1::Call& call : calls) {
    v1::ExecuteBatchRequest batch;
    batch.set_machine("stream");
    *batch.add_calls() = call;
    ASSERT_TRUE(stream->Write(batch));
  }
  stream->WritesDone();
  std::uint64_t answered = 0;
  while (const auto batch = stream->Read()) EXPECT_EQ(batch->sequence(), ++answered);
  EXPECT_EQ(answered, 5U);
  EXPECT_TRUE(stream->Finish().ok());

  EXPECT_EQ(Digests("single"), Digests("batch"));
  EXPECT_EQ(Digests("single"), Digests("stream"));
}

TEST_F(ClientLibraryTest, ARetryWithTheExpectedSequenceNeverRunsTwice) {
  Make("demo");
  ASSERT_TRUE(client_->Call("demo", Mmap(4096, 1), {.expected_sequence = 0}).ok());
  const auto again = client_->Call("demo", Mmap(4096, 1), {.expected_sequence = 0});
  EXPECT_EQ(again.status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ErrorReasonOf(again.status()), v1::ERROR_REASON_SEQUENCE_STALE);
  EXPECT_EQ(ErrorMetadataOf(again.status(), "sequence"), "1");
}

TEST_F(ClientLibraryTest, ASimulatedFailureIsAnAnswer) {
  Make("demo");
  const auto answer = client_->Call("demo", Mmap(std::uint64_t{100} << 40, 0));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->error_number(), 12);
}

TEST_F(ClientLibraryTest, MisuseHasItsReason) {
  EXPECT_EQ(ErrorReasonOf(client_->GetMachine("nobody").status()), v1::ERROR_REASON_MACHINE_NOT_FOUND);
  EXPECT_EQ(ErrorReasonOf(client_->DeleteMachine("nobody")), v1::ERROR_REASON_MACHINE_NOT_FOUND);
  Make("demo");
  EXPECT_EQ(ErrorReasonOf(client_->ReadProc("demo", "nothing").status()), v1::ERROR_REASON_PROC_PATH_NOT_FOUND);
  EXPECT_EQ(ErrorReasonOf(client_->Call("demo", Touch(9, 1)).status()), v1::ERROR_REASON_SLOT_UNSET);
  const std::vector<v1::Call> too_many(10001, Touch(1, 1));
  EXPECT_EQ(ErrorReasonOf(client_->ExecuteBatch("demo", too_many).status()), v1::ERROR_REASON_BATCH_TOO_LARGE);
}

TEST_F(ClientLibraryTest, AListOfMoreThanAPageIsWhole) {
  constexpr int kMachines = 1001;  // one more than a page
  v1::MachineSpec small;
  small.set_memory_bytes(16 << 20);
  for (int i = 0; i < kMachines; ++i) ASSERT_TRUE(client_->CreateMachine("", small).ok());
  const auto machines = client_->ListMachines();
  ASSERT_TRUE(machines.ok()) << machines.status();
  EXPECT_EQ(machines->size(), kMachines);
}

TEST_F(ClientLibraryTest, AWatchSeesTheMachineMove) {
  Make("demo");
  std::uint64_t last = 0;
  bool called = false;
  const absl::Status status = client_->Watch("demo", absl::Milliseconds(10),
                                             [&](const v1::WatchMachineResponse& response) {
                                               last = response.state().sequence();
                                               // A second one may be on its way that was sent before the call.
                                               if (!std::exchange(called, true)) {
                                                 EXPECT_TRUE(client_->Call("demo", Mmap(4096, 1)).ok());
                                               }
                                               return last == 0;
                                             },
                                             {.deadline = absl::Seconds(30)});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(last, 1U);
}

TEST_F(ClientLibraryTest, AServerThatIsGoneIsNamed) {
  const std::string address = server_->address();
  server_.reset();
  const auto machines = client_->ListMachines();
  EXPECT_EQ(machines.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(machines.status().message().find(address), absl::string_view::npos);
}

}  // namespace
}  // namespace memsim::client
