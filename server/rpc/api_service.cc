#include "server/rpc/api_service.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

#include "memsim/v1/options.pb.h"
#include "proto/operations.h"
#include "server/base/check.h"
#include "server/rpc/event_stream.h"
#include "server/rpc/execute_stream.h"
#include "server/rpc/execution_methods.h"
#include "server/rpc/machine_methods.h"
#include "server/rpc/unary_rpc.h"
#include "server/rpc/watch_stream.h"

namespace memsim {
namespace {

using google::protobuf::MethodDescriptor;
using grpc::ByteBuffer;
using grpc::CallbackServerContext;
using grpc::internal::RpcMethod;

std::string PathOf(const MethodDescriptor& method) {
  return absl::StrCat("/", method.service()->full_name(), "/", method.name());
}

// The handlers of the unary methods, by path: those of the operations are derived, the others stand here.
std::map<std::string, UnaryHandler> UnaryHandlers() {
  const std::string machines = "/memsim.v1.MachineService/";
  std::map<std::string, UnaryHandler> handlers = {
      {machines + "CreateMachine", CreateMachine},
      {machines + "GetMachine", GetMachine},
      {machines + "ListMachines", ListMachines},
      {machines + "DeleteMachine", DeleteMachine},
      {machines + "ReadProc", ReadProc},
      {machines + "GetCounters", GetCounters},
      {machines + "GetTracepoints", GetTracepoints},
      {"/memsim.v1.ExecutionService/ExecuteBatch", ExecuteBatch},
  };
  for (const Operation& operation : Operations()) {
    if (operation.method != nullptr) handlers.emplace(operation.MethodPath(), OperationHandler(operation));
  }
  return handlers;
}

grpc::internal::MethodHandler* UnaryMethodHandler(const ApiMethod& method) {
  static const auto* const kHandlers = new std::map<std::string, UnaryHandler>(UnaryHandlers());
  const auto found = kHandlers->find(method.path);
  if (found == kHandlers->end()) return nullptr;
  const UnaryHandler& handler = found->second;
  return new grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>(
      [&method, &handler](CallbackServerContext*, const ByteBuffer* request, ByteBuffer* response) {
        return UnaryRpc::Start(method, handler, *request, *response);
      });
}

grpc::internal::MethodHandler* MakeHandler(const MethodDescriptor& descriptor, const ApiMethod& method) {
  if (!descriptor.server_streaming() && !descriptor.client_streaming()) return UnaryMethodHandler(method);
  if (method.path == "/memsim.v1.MachineService/WatchMachine") {
    return new grpc::internal::CallbackServerStreamingHandler<ByteBuffer, ByteBuffer>(
        [&method](CallbackServerContext*, const ByteBuffer* request) { return WatchStream::Start(method, *request); });
  }
  if (method.path == "/memsim.v1.MachineService/WatchEvents") {
    return new grpc::internal::CallbackServerStreamingHandler<ByteBuffer, ByteBuffer>(
        [&method](CallbackServerContext*, const ByteBuffer* request) { return EventStream::Start(method, *request); });
  }
  if (method.path == "/memsim.v1.ExecutionService/Execute") {
    return new grpc::internal::CallbackBidiHandler<ByteBuffer, ByteBuffer>(
        [&method](CallbackServerContext*) { return ExecuteStream::Start(method); });
  }
  return nullptr;
}

RpcMethod::RpcType TypeOf(const MethodDescriptor& method) {
  if (method.client_streaming()) {
    return method.server_streaming() ? RpcMethod::BIDI_STREAMING : RpcMethod::CLIENT_STREAMING;
  }
  return method.server_streaming() ? RpcMethod::SERVER_STREAMING : RpcMethod::NORMAL_RPC;
}

RpcType MetricsTypeOf(const MethodDescriptor& method) {
  if (method.client_streaming()) return method.server_streaming() ? RpcType::kBidiStream : RpcType::kClientStream;
  return method.server_streaming() ? RpcType::kServerStream : RpcType::kUnary;
}

}  // namespace

ApiService::ApiService(const google::protobuf::ServiceDescriptor& service, Host& host, Admission& admission,
                       RpcMetrics& metrics) {
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& descriptor = *service.method(i);
    auto method = std::make_unique<ApiMethod>();
    method->path = PathOf(descriptor);
    method->required_role = descriptor.options().GetExtension(v1::required_role);
    method->metrics = &metrics.method(method->path);
    method->host = &host;
    method->admission = &admission;
    // Our own omission, found by the first test that starts a server.
    MEMSIM_CHECK(method->required_role != v1::ROLE_UNSPECIFIED, i);
    Add(descriptor, *method);
    methods_.push_back(std::move(method));
  }
}

void ApiService::Add(const MethodDescriptor& descriptor, const ApiMethod& method) {
  grpc::internal::MethodHandler* handler = MakeHandler(descriptor, method);
  MEMSIM_CHECK(handler != nullptr, descriptor.index());
  // gRPC owns both from here.
  AddMethod(new grpc::internal::RpcServiceMethod(method.path.c_str(), TypeOf(descriptor), nullptr));
  MarkMethodCallback(descriptor.index(), handler);
}

std::vector<RpcMetrics::MethodName> ApiMethodNames() {
  std::vector<RpcMetrics::MethodName> names;
  for (const auto* service : ApiServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor& method = *service->method(i);
      names.push_back({service->full_name(), method.name(), MetricsTypeOf(method)});
    }
  }
  return names;
}

}  // namespace memsim
