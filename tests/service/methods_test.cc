// Every operation of the Call message is served, and it does not matter how a call travels.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "proto/operations.h"
#include "server/metrics/metrics_page.h"
#include "server/metrics/rpc_metrics.h"
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
  v1::ExecuteBatchRequest request;
  request.set_machine("batch");
  for (const v1::Call& call : program) *request.add_calls() = call;
  ASSERT_TRUE(ExecuteBatch(request).ok());

  grpc::ClientContext context;
  context.set_deadline(SoonOnTheWall());
  const auto stub = execution();
  const auto stream = stub->Execute(&context);
  for (std::size_t begin = 0; begin < program.size(); begin += 7) {
    v1::ExecuteRequest batch;
    batch.mutable_batch()->set_machine("stream");
    for (std::size_t i = begin; i < std::min(begin + 7, program.size()); ++i)
      *batch.mutable_batch()->add_calls() = program[i];
    ASSERT_TRUE(stream->Write(batch));
  }
  stream->WritesDone();
  v1::ExecuteResponse response;
  while (stream->Read(&response)) {
  }
  EXPECT_TRUE(stream->Finish().ok());

  EXPECT_EQ(Digests("unary"), Digests("batch"));
  EXPECT_EQ(Digests("unary"), Digests("stream"));
  EXPECT_EQ(GetMachine("stream").sequence(), program.size());
  CreateMachine("idle", 5);
  EXPECT_NE(Digests("unary"), Digests("idle"));
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
