// Every operation of the Call message is served, and it does not matter how a call travels.

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "proto/operations.h"
#include "server/calls/spec_conversion.h"
#include "server/metrics/metrics_page.h"
#include "server/metrics/rpc_metrics.h"
#include "tests/model/called_program.h"
#include "tests/service/server_test_fixture.h"

namespace memsim {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using testing::HasSubstr;

class MethodsTest : public ServerTest {
 protected:
  // The call through the unary method of its operation.
  v1::Answer CallUnary(const std::string& machine, const v1::Call& call) {
    const auto* oneof = v1::Call::descriptor()->FindOneofByName("operation");
    const FieldDescriptor* field = call.GetReflection()->GetOneofFieldDescriptor(call, oneof);
    const Operation* operation = FindOperation(field->name());
    const std::unique_ptr<Message> request(call.GetReflection()->GetMessage(call, field).New());
    request->CopyFrom(call.GetReflection()->GetMessage(call, field));
    const FieldDescriptor* target_field = request->GetDescriptor()->FindFieldByName("target");
    auto& target = static_cast<v1::CallTarget&>(*request->GetReflection()->MutableMessage(request.get(), target_field));
    target.set_machine(machine);
    target.set_store_as(call.store_as());
    if (call.has_cpu()) target.set_cpu(call.cpu());
    v1::Answer answer;
    const RpcEnd end = Call(operation->MethodPath(), *request, &answer);
    EXPECT_TRUE(end.ok()) << operation->MethodPath() << ": " << end;
    return answer;
  }

  // A little of everything, with slots between.
  static std::vector<v1::Call> Program() {
    std::vector<v1::Call> calls;
    auto add = [&calls]() -> v1::Call& { return calls.emplace_back(); };
    add().mutable_spawn()->set_comm("worker");
    calls.back().set_store_as(1);
    for (int i = 0; i < 20; ++i) {
      v1::MmapRequest& mmap = *add().mutable_mmap();
      mmap.set_pid_slot(1);
      mmap.set_length_bytes(4096ULL * static_cast<std::uint64_t>(1 + i));
      mmap.set_prot(3);
      mmap.set_flags(0x22);
      calls.back().set_store_as(static_cast<std::uint32_t>(10 + i));
      v1::TouchRequest& touch = *add().mutable_touch();
      touch.set_pid_slot(1);
      touch.set_address_slot(static_cast<std::uint32_t>(10 + i));
      touch.set_access(v1::ACCESS_KIND_WRITE);
      touch.set_page_count(static_cast<std::uint64_t>(1 + i));
    }
    add().mutable_fork()->set_pid_slot(1);
    calls.back().set_store_as(2);
    add().mutable_touch()->set_pid_slot(2);
    calls.back().mutable_touch()->set_address_slot(10);
    calls.back().mutable_touch()->set_access(v1::ACCESS_KIND_WRITE);
    add().mutable_munmap()->set_pid_slot(1);
    calls.back().mutable_munmap()->set_address_slot(12);
    calls.back().mutable_munmap()->set_length_bytes(4096);
    add().mutable_alloc_pages()->set_order(3);
    calls.back().mutable_alloc_pages()->set_gfp_mask(0xcc0);
    calls.back().set_store_as(3);
    add().mutable_free_pages()->set_frame_number_slot(3);
    calls.back().mutable_free_pages()->set_order(3);
    add().mutable_free_pages()->set_frame_number_slot(3);
    calls.back().mutable_free_pages()->set_order(3);
    add().mutable_brk()->set_pid(4242);
    add().mutable_exit_group()->set_pid_slot(2);
    add().mutable_wait4()->set_pid_slot(1);
    return calls;
  }

  std::string CreateMachineOf(const MachineSpec& spec, const std::string& id) {
    v1::CreateMachineRequest request;
    request.set_machine_id(id);
    SpecToMessage(spec, *request.mutable_machine()->mutable_spec());
    const RpcEnd end = Call(absl::StrCat(kMachineService, "CreateMachine"), request);
    EXPECT_TRUE(end.ok()) << end;
    return id;
  }

  static v1::ExecuteBatchRequest Batch(const std::string& machine, const std::vector<v1::Call>& calls,
                                       std::size_t begin, std::size_t size) {
    v1::ExecuteBatchRequest batch;
    batch.set_machine(machine);
    for (std::size_t i = begin; i < std::min(begin + size, calls.size()); ++i) *batch.add_calls() = calls[i];
    return batch;
  }
  void SendInBatches(const std::string& machine, const std::vector<v1::Call>& calls, std::size_t size) {
    for (std::size_t begin = 0; begin < calls.size(); begin += size) {
      const RpcEnd end = ExecuteBatch(Batch(machine, calls, begin, size));
      ASSERT_TRUE(end.ok()) << end;
    }
  }
  void SendOverStream(const std::string& machine, const std::vector<v1::Call>& calls, std::size_t size) {
    grpc::ClientContext context;
    context.set_deadline(SoonOnTheWall());
    const auto stub = execution();
    const auto stream = stub->Execute(&context);
    // Who does not read is stopped sooner or later, so another thread reads.
    std::thread reader([&stream] {
      v1::ExecuteResponse response;
      while (stream->Read(&response)) {
      }
    });
    for (std::size_t begin = 0; begin < calls.size(); begin += size) {
      v1::ExecuteRequest request;
      *request.mutable_batch() = Batch(machine, calls, begin, size);
      EXPECT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
    reader.join();
    EXPECT_TRUE(stream->Finish().ok());
  }

  std::pair<std::string, std::string> Digests(const std::string& name) {
    const v1::Machine machine = GetMachine(name);
    EXPECT_EQ(machine.state_digest().size(), 32U);
    return {machine.state_digest(), machine.answer_digest()};
  }
};

TEST_F(MethodsTest, EveryOperationHasItsUnaryMethod) {
  CreateMachine("demo");
  for (const Operation& operation : Operations()) {
    ASSERT_NE(operation.method, nullptr) << operation.name();
    // An empty request is a call like any other: it fails in the machine, or is misuse, but there is such a method.
    const std::unique_ptr<Message> request(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(operation.field->message_type())->New());
    const FieldDescriptor* target_field = request->GetDescriptor()->FindFieldByName("target");
    ASSERT_NE(target_field, nullptr) << operation.name();
    static_cast<v1::CallTarget&>(*request->GetReflection()->MutableMessage(request.get(), target_field))
        .set_machine("demo");
    v1::Answer answer;
    const RpcEnd end = Call(operation.MethodPath(), *request, &answer);
    EXPECT_TRUE(end.ok() || end.reason == "FIELD_INVALID") << operation.MethodPath() << ": " << end;
  }
}

TEST_F(MethodsTest, TheUnaryMethodAndTheBatchGiveTheSameAnswers) {
  CreateMachine("unary");
  CreateMachine("batch");
  const std::vector<v1::Call> program = Program();
  v1::ExecuteBatchRequest request;
  request.set_machine("batch");
  for (const v1::Call& call : program) *request.add_calls() = call;
  v1::ExecuteBatchResponse response;
  ASSERT_TRUE(ExecuteBatch(request, &response).ok());
  ASSERT_EQ(response.answers_size(), static_cast<int>(program.size()));
  for (std::size_t i = 0; i < program.size(); ++i) {
    EXPECT_EQ(CallUnary("unary", program[i]).DebugString(), response.answers(static_cast<int>(i)).DebugString())
        << program[i].DebugString();
  }
}

TEST_F(MethodsTest, OneByOneInBatchesAndOverAStreamTheDigestsAreTheSame) {
  const std::vector<v1::Call> program = Program();
  for (const char* id : {"unary", "batch", "stream"}) CreateMachine(id, 5);
  for (const v1::Call& call : program) CallUnary("unary", call);
  SendInBatches("batch", program, program.size());
  SendOverStream("stream", program, 7);
  EXPECT_EQ(Digests("unary"), Digests("batch"));
  EXPECT_EQ(Digests("unary"), Digests("stream"));
  EXPECT_EQ(GetMachine("stream").sequence(), program.size());
  CreateMachine("idle", 5);
  EXPECT_NE(Digests("unary"), Digests("idle"));
}

// Slab caches, lanes and all other calls, on 64 CPUs; the model follows them, so that they mean something.
TEST_F(MethodsTest, HoweverTheCallsOfARandomProgramTravelTheDigestsAreAsInAMachineByItself) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const CalledProgram program = CallsOfSeed(seed, 64);
    const auto create = [this, &program, seed](const std::string& how) {
      return CreateMachineOf(program.spec, absl::StrCat(how, "-", seed));
    };
    std::vector<std::string> machines = {create("unary")};
    for (const v1::Call& call : program.calls) CallUnary(machines.back(), call);
    for (const std::size_t size : {1U, 7U, 100U, 1000U}) {
      machines.push_back(create(absl::StrCat("batches-of-", size)));
      SendInBatches(machines.back(), program.calls, size);
    }
    for (const std::size_t size : {1U, 7U, 1000U}) {
      machines.push_back(create(absl::StrCat("stream-of-", size)));
      SendOverStream(machines.back(), program.calls, size);
    }
    for (const std::string& machine : machines) {
      EXPECT_EQ(Digests(machine), std::pair(program.state_digest, program.answer_digest)) << machine;
    }
  }
}

TEST_F(MethodsTest, SlotsCarryAnAnswerToALaterCallOfAnotherBatch) {
  CreateMachine("demo");
  v1::Call spawn;
  spawn.mutable_spawn();
  spawn.set_store_as(1);
  const std::uint64_t pid = CallUnary("demo", spawn).value();
  EXPECT_GT(pid, 1U);
  v1::ExecuteBatchRequest request;
  request.set_machine("demo");
  request.add_calls()->mutable_exit_group()->set_pid_slot(1);
  v1::ExecuteBatchResponse response;
  ASSERT_TRUE(ExecuteBatch(request, &response).ok());
  EXPECT_EQ(response.answers(0).error_number(), 0);
}

TEST_F(MethodsTest, ASimulatedFailureIsAnAnswerAndNotAnError) {
  CreateMachine("demo");
  v1::Call call;
  call.mutable_touch()->set_pid(1);
  EXPECT_EQ(CallUnary("demo", call).signal().number(), 11);
  call.mutable_brk()->set_pid(4242);
  EXPECT_EQ(CallUnary("demo", call).error_number(), 3);
}

TEST_F(MethodsTest, EveryRpcIsCountedWithItsMethodAndCode) {
  CreateMachine("demo");
  ExpectServes("demo");
  EXPECT_FALSE(Call(kBrkPath, BrkOf("ghost")).ok());
  EXPECT_FALSE(CallBytes("/memsim.v1.Nothing/AtAll", "").ok());
  MetricsPage page;
  server().rpc_metrics().AddTo(page);
  const std::string text = page.Render();
  const std::string brk = R"(grpc_type="unary",grpc_service="memsim.v1.AddressSpaceService",grpc_method="Brk")";
  EXPECT_THAT(text, HasSubstr("grpc_server_started_total{" + brk + "} 2"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handled_total{" + brk + R"(,grpc_code="OK"} 1)"));
  EXPECT_THAT(text, HasSubstr("grpc_server_handled_total{" + brk + R"(,grpc_code="NotFound"} 1)"));
  EXPECT_THAT(text, HasSubstr("grpc_server_msg_received_total{" + brk + "} 2"));
  EXPECT_THAT(text, HasSubstr("grpc_server_msg_sent_total{" + brk + "} 1"));
  for (const auto* service : ApiServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      EXPECT_THAT(text, HasSubstr(absl::StrCat("grpc_method=\"", service->method(i)->name(), "\"")));
    }
  }
}

}  // namespace
}  // namespace memsim
