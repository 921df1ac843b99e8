// Whatever a client gets wrong has its code, its reason, and words that say what; and the server goes on.

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"

#include "proto/operations.h"
#include "server/base/random.h"
#include "tests/service/server_test_fixture.h"

namespace memsim {
namespace {

using testing::AnyOf;

class BadInputTest : public ServerTest {
 protected:
  void SetUp() override {
    CreateMachine("demo");
    CreateMachine("other");
  }
  void TearDown() override { ExpectServes("other"); }

  RpcEnd Create(const std::string& parent, const std::string& id, const v1::MachineSpec& spec = {}) {
    v1::CreateMachineRequest request;
    request.set_parent(parent);
    request.set_machine_id(id);
    *request.mutable_machine()->mutable_spec() = spec;
    return Call(absl::StrCat(kMachineService, "CreateMachine"), request);
  }
  RpcEnd ReadProc(const std::string& name, const std::string& path) {
    v1::ReadProcRequest request;
    request.set_name(name);
    request.set_path(path);
    return Call(absl::StrCat(kMachineService, "ReadProc"), request);
  }
  RpcEnd List(const std::string& parent, int page_size, const std::string& token) {
    v1::ListMachinesRequest request;
    request.set_parent(parent);
    request.set_page_size(page_size);
    request.set_page_token(token);
    return Call(absl::StrCat(kMachineService, "ListMachines"), request);
  }
};

TEST_F(BadInputTest, AMissingMachineIsNamed) {
  const auto missing = IsMisuse(v1::ERROR_REASON_MACHINE_NOT_FOUND, "tenants/default/machines/ghost");
  v1::GetMachineRequest get;
  get.set_name("ghost");
  EXPECT_THAT(Call(absl::StrCat(kMachineService, "GetMachine"), get), missing);
  v1::DeleteMachineRequest del;
  del.set_name("ghost");
  EXPECT_THAT(Call(absl::StrCat(kMachineService, "DeleteMachine"), del), missing);
  v1::GetCountersRequest counters;
  counters.set_name("ghost");
  EXPECT_THAT(Call(absl::StrCat(kMachineService, "GetCounters"), counters), missing);
  EXPECT_THAT(ReadProc("ghost", "meminfo"), missing);
  EXPECT_THAT(Call(kBrkPath, BrkOf("ghost")), missing);
  EXPECT_THAT(ExecuteBatch(BrkBatch("ghost", 1)), missing);
}

TEST_F(BadInputTest, ABadNameSaysWhatANameIs) {
  for (const char* name : {"", "Demo", "tenants/a/machines", "tenants/a/machines/b/c", "-"}) {
    EXPECT_THAT(Call(kBrkPath, BrkOf(name)), IsMisuse(v1::ERROR_REASON_NAME_INVALID, "it must be")) << name;
  }
  EXPECT_THAT(Create("", "Upper"), IsMisuse(v1::ERROR_REASON_NAME_INVALID, "machine_id is \"Upper\""));
  EXPECT_THAT(Create("acme", "x"), IsMisuse(v1::ERROR_REASON_NAME_INVALID, "parent is \"acme\""));
  EXPECT_THAT(Create("tenants/-", "x"), IsMisuse(v1::ERROR_REASON_NAME_INVALID, "parent"));
  EXPECT_THAT(List("acme", 0, ""), IsMisuse(v1::ERROR_REASON_NAME_INVALID, "parent"));
}

TEST_F(BadInputTest, ADuplicateNameIsNamed) {
  EXPECT_THAT(Create("", "demo"), IsMisuse(v1::ERROR_REASON_MACHINE_ALREADY_EXISTS, "tenants/default/machines/demo"));
}

TEST_F(BadInputTest, ABadSpecFieldIsNamedWithItsRange) {
  v1::MachineSpec spec;
  spec.set_cpu_count(1000);
  EXPECT_THAT(Create("", "new", spec),
              IsMisuse(v1::ERROR_REASON_SPEC_INVALID, "spec.cpu_count is 1000; it must be 1 to 256"));
  spec.set_cpu_count(1);
  spec.set_memory_bytes(1);
  EXPECT_THAT(Create("", "new", spec), IsMisuse(v1::ERROR_REASON_SPEC_INVALID, "spec.memory_bytes is 1"));
  spec.set_memory_bytes(64 << 20);
  spec.mutable_sysctls()->set_overcommit_memory(3);
  EXPECT_THAT(Create("", "new", spec), IsMisuse(v1::ERROR_REASON_SPEC_INVALID, "spec.sysctls.overcommit_memory is 3"));
}

TEST_F(BadInputTest, ABatchOfTooManyCallsIsRefusedWhole) {
  EXPECT_TRUE(ExecuteBatch(BrkBatch("demo", 10'000)).ok());
  EXPECT_THAT(ExecuteBatch(BrkBatch("demo", 10'001)),
              IsMisuse(v1::ERROR_REASON_BATCH_TOO_LARGE, "10001 calls with those of lanes, of at most 10000"));
  EXPECT_EQ(GetMachine("demo").sequence(), 10'000U);
}

TEST_F(BadInputTest, ABatchOfTooManyBytesIsRefusedWhole) {
  v1::ExecuteBatchRequest request = BrkBatch("demo", 1);
  request.add_calls()->mutable_spawn()->set_comm(std::string(4U << 20, 'x'));
  EXPECT_THAT(ExecuteBatch(request), IsMisuse(v1::ERROR_REASON_BATCH_TOO_LARGE, "bytes, of at most 4194304"));
  v1::MknodRequest mknod;
  mknod.mutable_target()->set_machine("demo");
  mknod.set_path("/" + std::string(5U << 20, 'x'));
  EXPECT_THAT(Call("/memsim.v1.FileService/Mknod", mknod), IsMisuse(v1::ERROR_REASON_BATCH_TOO_LARGE, "bytes"));
}

TEST_F(BadInputTest, AMessageBeyondAllBoundsIsCutOffByGrpc) {
  const RpcEnd end = CallBytes(kExecuteBatchPath, std::string(20U << 20, 'x'));
  EXPECT_EQ(end.code, grpc::StatusCode::RESOURCE_EXHAUSTED) << end;
}

TEST_F(BadInputTest, WhoSendsMoreThanTheMemoryForMessagesIsTurnedAwayAndTheServerGoesOn) {
  ServerOptions options;
  options.max_transport_bytes = 16U << 20;
  StartServerAtSocket(options);
  SetUp();
  v1::ExecuteBatchRequest batch = BrkBatch("demo", 1);
  batch.add_calls()->mutable_unlink()->set_path(std::string(4'000'000, 'x'));
  HeldMachine held(server().host(), "demo");
  constexpr int kCallers = 30;
  std::atomic<int> turned_away = 0;
  std::atomic<int> ended = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.emplace_back([this, &batch, &turned_away, &ended] {
      grpc::ChannelArguments own_connection;
      own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      const auto stub = v1::ExecutionService::NewStub(
          grpc::CreateCustomChannel(server().address(), grpc::InsecureChannelCredentials(), own_connection));
      grpc::ClientContext context;
      context.set_deadline(SoonOnTheWall());
      v1::ExecuteBatchResponse response;
      const RpcEnd end = ReadEnd(stub->ExecuteBatch(&context, batch, &response));
      if (end.reason.empty() && !end.ok() && end.code != grpc::StatusCode::DEADLINE_EXCEEDED) ++turned_away;
      ++ended;
    });
  }
  while (turned_away == 0 && ended < kCallers) std::this_thread::yield();
  EXPECT_GT(turned_away, 0);
  held.Release();
  for (std::thread& caller : callers) caller.join();
}

TEST_F(BadInputTest, BytesThatAreNoMessageAreMalformedForEveryMethod) {
  // Field 1 with a length beyond the end.
  const std::string broken = "\x0a\x7f";
  for (const auto* service : ApiServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      if (method->client_streaming() || method->server_streaming()) continue;
      const std::string path = absl::StrCat("/", service->full_name(), "/", method->name());
      EXPECT_THAT(CallBytes(path, broken),
                  IsMisuse(v1::ERROR_REASON_MESSAGE_MALFORMED,
                           absl::StrCat("2 bytes of the request are no ", method->input_type()->full_name())))
          << path;
    }
  }
}

TEST_F(BadInputTest, RandomBytesNeverHarmTheServer) {
  constexpr std::uint64_t kSeed = 7;
  Random random(kSeed);
  for (const auto* service : ApiServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      if (method->client_streaming() || method->server_streaming()) continue;
      const std::string path = absl::StrCat("/", service->full_name(), "/", method->name());
      for (int round = 0; round < 200; ++round) {
        std::string bytes(random.Below(40), '\0');
        for (char& byte : bytes) byte = static_cast<char>(random.Below(256));
        // Half of them reach a machine: {target: {machine: "demo"}} before the noise.
        if (round % 2 == 0)
          bytes =
              "\x0a\x06\x0a\x04"
              "demo" +
              bytes;
        const RpcEnd end = CallBytes(path, bytes);
        EXPECT_TRUE(end.ok() || !end.reason.empty()) << "seed " << kSeed << ", " << path << ": " << end;
      }
    }
  }
}

TEST_F(BadInputTest, AnUnknownProcPathIsNamed) {
  EXPECT_THAT(ReadProc("demo", "nonsense"), IsMisuse(v1::ERROR_REASON_PROC_PATH_NOT_FOUND, "/proc/nonsense"));
  EXPECT_THAT(ReadProc("demo", ""), IsMisuse(v1::ERROR_REASON_PROC_PATH_NOT_FOUND, "/proc/"));
  EXPECT_THAT(ReadProc("demo", "99999/maps"), IsMisuse(v1::ERROR_REASON_PROC_PATH_NOT_FOUND, "/proc/99999/maps"));
  EXPECT_THAT(ReadProc("demo", "../etc/passwd"), IsMisuse(v1::ERROR_REASON_PROC_PATH_NOT_FOUND, "../etc/passwd"));
}

TEST_F(BadInputTest, AProcFileLongerThanAnAnswerMayBeIsRefused) {
  // Each newline of a name takes four bytes of maps.
  std::string path;
  for (int i = 0; i < 16; ++i) absl::StrAppend(&path, "/", std::string(250, '\n'));
  v1::ExecuteBatchRequest batch;
  batch.set_machine("demo");
  batch.add_calls()->mutable_mknod()->set_path(path);
  batch.add_calls()->mutable_open()->set_pid(1);
  batch.mutable_calls(1)->mutable_open()->set_path(path);
  v1::ExecuteBatchResponse response;
  ASSERT_TRUE(ExecuteBatch(batch, &response).ok());
  const auto fd = static_cast<std::int32_t>(response.answers(1).value());
  batch.clear_calls();
  constexpr int kMappings = 1100;
  for (int i = 0; i < kMappings; ++i) {
    v1::MmapRequest& mmap = *batch.add_calls()->mutable_mmap();
    mmap.set_pid(1);
    mmap.set_length_bytes(4096);
    mmap.set_prot(1);
    mmap.set_flags(2);
    mmap.set_fd(fd);
  }
  ASSERT_TRUE(ExecuteBatch(batch, &response).ok());
  ASSERT_EQ(response.answers(kMappings - 1).error_number(), 0);
  EXPECT_THAT(ReadProc("demo", "1/maps"), IsMisuse(v1::ERROR_REASON_ANSWER_TOO_LARGE, "longer than 16 MiB"));
  EXPECT_TRUE(ReadProc("demo", "1/statm").ok());
}

// gRPC would inflate a message of any size before it looks at how large it is.
TEST_F(BadInputTest, CompressedMessagesAreRefused) {
  StartServerAtSocket();
  CreateMachine("other");
  grpc::ClientContext context;
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  v1::ExecuteBatchRequest request;
  request.set_machine("demo");
  request.add_calls()->mutable_mknod()->set_path(std::string(100000, 'x'));
  EXPECT_EQ(Call(kExecuteBatchPath, request, nullptr, &context).code, grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(BadInputTest, AProcPathThatIsTooLongIsRefusedWithoutWaitingForTheMachine) {
  EXPECT_THAT(ReadProc("demo", std::string(4095, 'x')), IsMisuse(v1::ERROR_REASON_PROC_PATH_NOT_FOUND, "/proc/xxx"));
  HeldMachine held(server().host(), "demo");
  EXPECT_THAT(ReadProc("demo", "/proc/" + std::string(4096, 'x')),
              IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "path has 4096 bytes below /proc; it must have at most 4095"));
}

TEST_F(BadInputTest, AnUnknownViewIsNamed) {
  v1::GetMachineRequest request;
  request.set_name("demo");
  request.set_view(static_cast<v1::MachineView>(7));
  EXPECT_THAT(Call(absl::StrCat(kMachineService, "GetMachine"), request),
              IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "view is 7; it must be MACHINE_VIEW_BASIC"));
}

TEST_F(BadInputTest, AnUnsetSlotIsNamed) {
  v1::BrkRequest request = BrkOf("demo");
  request.set_pid_slot(7);
  EXPECT_THAT(Call(kBrkPath, request), IsMisuse(v1::ERROR_REASON_SLOT_UNSET, "pid_slot"));
  request.set_pid_slot(0);
  request.mutable_target()->set_store_as(70'000);
  EXPECT_THAT(Call(kBrkPath, request), IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "store_as is 70000"));
  EXPECT_EQ(GetMachine("demo").sequence(), 0U) << "misuse executes nothing";
}

TEST_F(BadInputTest, AStaleSequenceTellsTheTrueOne) {
  ExpectServes("demo");
  v1::BrkRequest request = BrkOf("demo");
  request.mutable_target()->set_expected_sequence(0);
  const RpcEnd end = Call(kBrkPath, request);
  EXPECT_THAT(end, IsMisuse(v1::ERROR_REASON_SEQUENCE_STALE, "expected_sequence is 0"));
  EXPECT_EQ(end.metadata.at("sequence"), "1");
  request.mutable_target()->set_expected_sequence(1);
  EXPECT_TRUE(Call(kBrkPath, request).ok());
}

TEST_F(BadInputTest, ACallWithoutAnOperationIsMisuseOfThatCallAlone) {
  v1::ExecuteBatchRequest request = BrkBatch("demo", 1);
  request.add_calls();
  request.add_calls()->mutable_brk()->set_pid(1);
  v1::ExecuteBatchResponse response;
  ASSERT_TRUE(ExecuteBatch(request, &response).ok());
  EXPECT_EQ(response.answers(1).misuse().reason(), v1::ERROR_REASON_OPERATION_UNKNOWN);
  EXPECT_FALSE(response.answers(1).misuse().message().empty());
  EXPECT_EQ(response.sequence(), 2U);
}

TEST_F(BadInputTest, AnUnknownMethodHasItsReason) {
  EXPECT_THAT(CallBytes("/memsim.v1.AddressSpaceService/Mumap", ""),
              IsMisuse(v1::ERROR_REASON_METHOD_UNKNOWN, "/memsim.v1.AddressSpaceService/Mumap"));
  EXPECT_THAT(CallBytes("/other.Service/Method", ""),
              IsMisuse(v1::ERROR_REASON_METHOD_UNKNOWN, "/other.Service/Method"));
}

TEST_F(BadInputTest, BadPagesAreRefused) {
  EXPECT_THAT(List("", -1, ""), IsMisuse(v1::ERROR_REASON_FIELD_INVALID, "page_size is -1"));
  EXPECT_THAT(List("", 0, "nonsense"), IsMisuse(v1::ERROR_REASON_PAGE_TOKEN_INVALID, "page_token"));
  v1::ListMachinesRequest request;
  request.set_page_size(1);
  v1::ListMachinesResponse response;
  ASSERT_TRUE(Call(absl::StrCat(kMachineService, "ListMachines"), request, &response).ok());
  EXPECT_TRUE(List("", 1, response.next_page_token()).ok());
  EXPECT_THAT(List("tenants/-", 1, response.next_page_token()),
              IsMisuse(v1::ERROR_REASON_PAGE_TOKEN_INVALID, "was not made for this list"));
}

TEST_F(BadInputTest, AFullQueueSaysSoAndDrains) {
  ServerOptions options;
  options.host.worker_count = 2;
  options.host.queue.jobs = 4;
  StartServer(options);
  SetUp();
  HeldMachine held(server().host(), "demo");
  std::vector<std::future<RpcEnd>> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.push_back(std::async(std::launch::async, [this] { return Call(kBrkPath, BrkOf("demo")); }));
  }
  while (server().host().GetMachine("demo")->queued_jobs < 4) std::this_thread::yield();
  EXPECT_THAT(Call(kBrkPath, BrkOf("demo")), IsMisuse(v1::ERROR_REASON_QUEUE_FULL, "retry"));
  ExpectServes("other");
  held.Release();
  for (auto& end : waiting) EXPECT_TRUE(end.get().ok());
  ExpectServes("demo");
}

TEST_F(BadInputTest, ADeadlineThatPassesBeforeTheCallBeganExecutesNothing) {
  StartServer();
  SetUp();
  const auto queued = [this] { return server().host().GetMachine("demo")->queued_jobs; };
  {
    HeldMachine held(server().host(), "demo");
    // Long enough to reach the queue, even if the first attempts are not.
    bool was_queued = false;
    for (auto patience = std::chrono::milliseconds(20); !was_queued; patience *= 2) {
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + patience);
      std::future<RpcEnd> late =
          std::async(std::launch::async, [this, &context] { return Call(kBrkPath, BrkOf("demo"), nullptr, &context); });
      while (!was_queued && late.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
        was_queued = queued() > 0;
      }
      EXPECT_EQ(late.get().code, grpc::StatusCode::DEADLINE_EXCEEDED);
    }
    // The server hears of it a little later than the client.
    while (queued() > 0) std::this_thread::yield();
    grpc::ClientContext cancelled;
    std::thread canceller([&cancelled, &queued] {
      while (queued() == 0) std::this_thread::yield();
      cancelled.TryCancel();
    });
    EXPECT_EQ(Call(kBrkPath, BrkOf("demo"), nullptr, &cancelled).code, grpc::StatusCode::CANCELLED);
    canceller.join();
    while (queued() > 0) std::this_thread::yield();
  }
  EXPECT_EQ(GetMachine("demo").sequence(), 0U);
}

TEST_F(BadInputTest, AnInsufficientRoleIsToldWhatItLacks) {
  ServerOptions options;
  options.anonymous_role = v1::ROLE_VIEWER;
  StartServer(options);
  EXPECT_THAT(Create("", "demo"), IsMisuse(v1::ERROR_REASON_ROLE_INSUFFICIENT, "requires ROLE_OWNER"));
  EXPECT_THAT(Call(kBrkPath, BrkOf("demo")), IsMisuse(v1::ERROR_REASON_ROLE_INSUFFICIENT, "ROLE_OPERATOR"));
  EXPECT_TRUE(List("", 0, "").ok());
  StartServer();
  SetUp();
}

TEST_F(BadInputTest, TooManyMachinesAreRefused) {
  ServerOptions options;
  options.host.max_machines = 2;
  StartServer(options);
  SetUp();
  EXPECT_THAT(Create("", "third"), IsMisuse(v1::ERROR_REASON_TOO_MANY_MACHINES, "2 machines"));
}

TEST_F(BadInputTest, ExhaustedHostMemoryRefusesWhatGrows) {
  ServerOptions options;
  options.host.max_host_memory = ByteCount(1);
  StartServer(options);
  CreateMachine("demo");
  EXPECT_THAT(Call(kBrkPath, BrkOf("demo")),
              IsMisuse(v1::ERROR_REASON_HOST_MEMORY_EXHAUSTED, "bytes of the server's memory"));
  EXPECT_THAT(Create("", "more"), IsMisuse(v1::ERROR_REASON_HOST_MEMORY_EXHAUSTED, "delete a machine"));
  StartServer();
  SetUp();
}

TEST_F(BadInputTest, DeletingAMachineEndsItsQueuedCalls) {
  HeldMachine held(server().host(), "demo");
  std::future<RpcEnd> call = std::async(std::launch::async, [this] { return Call(kBrkPath, BrkOf("demo")); });
  while (server().host().GetMachine("demo")->queued_jobs == 0) std::this_thread::yield();
  v1::DeleteMachineRequest request;
  request.set_name("demo");
  EXPECT_TRUE(Call(absl::StrCat(kMachineService, "DeleteMachine"), request).ok());
  EXPECT_THAT(call.get(), IsMisuse(v1::ERROR_REASON_MACHINE_DELETED, "tenants/default/machines/demo was deleted"));
}

TEST(DeadServerTest, NobodyAtTheAddressIsUnavailable) {
  const auto channel = grpc::CreateChannel("unix:/nowhere/memsim.socket", grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  v1::Machine machine;
  EXPECT_EQ(v1::MachineService::NewStub(channel)->GetMachine(&context, v1::GetMachineRequest(), &machine).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace memsim
