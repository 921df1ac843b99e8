#include "tests/service/server_test_fixture.h"

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/impl/codegen/client_unary_call.h"

#include "server/calls/misuse.h"
#include "server/rpc/message_bytes.h"

namespace memsim {

RpcEnd ReadEnd(const grpc::Status& status) {
  RpcEnd end;
  end.code = status.error_code();
  end.message = status.error_message();
  google::rpc::Status details;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) return end;
  google::rpc::ErrorInfo info;
  if (details.details_size() != 1 || !details.details(0).UnpackTo(&info)) return end;
  EXPECT_EQ(details.code(), static_cast<int>(end.code));
  EXPECT_EQ(details.message(), end.message);
  end.reason = info.reason();
  end.domain = info.domain();
  end.metadata = {info.metadata().begin(), info.metadata().end()};
  return end;
}

std::ostream& operator<<(std::ostream& out, const RpcEnd& end) {
  return out << "code " << static_cast<int>(end.code) << ", reason \"" << end.reason << "\", message \"" << end.message
             << "\"";
}

testing::Matcher<const RpcEnd&> IsMisuse(v1::ErrorReason reason, const std::string& words) {
  using testing::AllOf;
  using testing::Field;
  return AllOf(Field("code", &RpcEnd::code, static_cast<grpc::StatusCode>(MisuseCode(reason))),
               Field("reason", &RpcEnd::reason, MisuseReasonName(reason)), Field("domain", &RpcEnd::domain, "memsim"),
               Field("message", &RpcEnd::message, testing::HasSubstr(words)));
}

grpc::ByteBuffer Bytes(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

void ServerTest::StartServer(const ServerOptions& options) {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Create(options);
  ASSERT_TRUE(server.ok()) << server.status();
  channel_ = nullptr;
  server_ = *std::move(server);
}

void ServerTest::StartServerAtSocket(ServerOptions options) {
  options.grpc_address = "127.0.0.1:0";
  StartServer(options);
  channel_ = grpc::CreateChannel(server().address(), grpc::InsecureChannelCredentials());
}

Server& ServerTest::server() {
  if (server_ == nullptr) StartServer();
  return *server_;
}

std::shared_ptr<grpc::Channel> ServerTest::channel() {
  if (channel_ == nullptr) channel_ = server().InProcessChannel();
  return channel_;
}

RpcEnd ServerTest::CallBytes(const std::string& path, const std::string& request, grpc::ByteBuffer* response,
                             grpc::ClientContext* context) {
  grpc::ClientContext own_context;
  own_context.set_deadline(SoonOnTheWall());
  grpc::ByteBuffer own_response;
  const grpc::internal::RpcMethod method(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
  return ReadEnd(grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
      channel().get(), method, context != nullptr ? context : &own_context, Bytes(request),
      response != nullptr ? response : &own_response));
}

RpcEnd ServerTest::Call(const std::string& path, const google::protobuf::Message& request,
                        google::protobuf::Message* response, grpc::ClientContext* context) {
  grpc::ByteBuffer bytes;
  const RpcEnd end = CallBytes(path, request.SerializeAsString(), &bytes, context);
  if (end.ok() && response != nullptr) {
    EXPECT_EQ(ParseMessage(bytes, *response), absl::OkStatus());
  }
  return end;
}

v1::Machine ServerTest::CreateMachine(const std::string& id, std::uint64_t seed) {
  v1::CreateMachineRequest request;
  request.set_machine_id(id);
  request.mutable_machine()->mutable_spec()->set_memory_bytes(64ULL << 20);
  request.mutable_machine()->mutable_spec()->set_seed(seed);
  v1::Machine machine;
  const RpcEnd end = Call(absl::StrCat(kMachineService, "CreateMachine"), request, &machine);
  EXPECT_TRUE(end.ok()) << end;
  return machine;
}

v1::Machine ServerTest::GetMachine(const std::string& name, v1::MachineView view) {
  v1::GetMachineRequest request;
  request.set_name(name);
  request.set_view(view);
  v1::Machine machine;
  const RpcEnd end = Call(absl::StrCat(kMachineService, "GetMachine"), request, &machine);
  EXPECT_TRUE(end.ok()) << end;
  return machine;
}

RpcEnd ServerTest::ExecuteBatch(const v1::ExecuteBatchRequest& request, v1::ExecuteBatchResponse* response) {
  return Call(kExecuteBatchPath, request, response);
}

void ServerTest::ExpectServes(const std::string& machine) {
  v1::Answer answer;
  const RpcEnd end = Call(kBrkPath, BrkOf(machine), &answer);
  EXPECT_TRUE(end.ok()) << end;
  EXPECT_EQ(answer.error_number(), 0);
}

v1::BrkRequest BrkOf(const std::string& machine) {
  v1::BrkRequest request;
  request.mutable_target()->set_machine(machine);
  request.set_pid(1);
  return request;
}

v1::ExecuteBatchRequest BrkBatch(const std::string& machine, int calls) {
  v1::ExecuteBatchRequest request;
  request.set_machine(machine);
  for (int i = 0; i < calls; ++i) request.add_calls()->mutable_brk()->set_pid(1);
  return request;
}

}  // namespace memsim
