// An empty service beside memsimd: the same methods, over the same callback API, that answer at once with answers of
// the size that a machine gives.
//
//   echo_server messages|bytes
//
// messages: reads the calls' messages and builds the answers', as any service must. bytes: looks at neither, and sends
// answers that were made before: what gRPC alone takes. Says where it listens, and ends on SIGTERM.

#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/arena.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/support/server_callback.h"

#include "memsim/v1/execution_service.pb.h"
#include "server/base/check.h"
#include "server/rpc/message_bytes.h"
#include "server/termination_signal.h"
#include "tests/bench/service_calls.h"

namespace memsim::bench {
namespace {

using grpc::ByteBuffer;
using grpc::CallbackServerContext;
using grpc::internal::RpcMethod;

// As many calls as a machine has executed that was used for a while, so that numbers have as many digits.
constexpr std::uint64_t kFirstSequence = 1'000'000;

void FillBatch(const v1::ExecuteBatchRequest& request, v1::ExecuteBatchResponse& response) {
  response.mutable_answers()->Reserve(request.calls_size());
  std::uint64_t sequence = kFirstSequence;
  for (const v1::Call& call : request.calls()) {
    FillLikeAMachine(call.operation_case(), ++sequence, *response.add_answers());
  }
  response.set_sequence(sequence);
}

// --- The bytes of the answer to those of a request.
// One call's.
template <typename Request>
struct AnswerCall {
  v1::Call::OperationCase operation;
  ByteBuffer operator()(const ByteBuffer& bytes) const {
    google::protobuf::Arena arena;
    auto& request = *google::protobuf::Arena::CreateMessage<Request>(&arena);
    auto& answer = *google::protobuf::Arena::CreateMessage<v1::Answer>(&arena);
    MEMSIM_CHECK(ParseMessage(bytes, request).ok());
    FillLikeAMachine(operation, kFirstSequence, answer);
    return SerializeMessage(answer);
  }
};

template <typename Request, typename Response>
struct AnswerBatch {
  ByteBuffer operator()(const ByteBuffer& bytes) const {
    google::protobuf::Arena arena;
    auto& request = *google::protobuf::Arena::CreateMessage<Request>(&arena);
    auto& response = *google::protobuf::Arena::CreateMessage<Response>(&arena);
    MEMSIM_CHECK(ParseMessage(bytes, request).ok());
    Fill(request, response);
    return SerializeMessage(response);
  }
  static void Fill(const v1::ExecuteRequest& request, v1::ExecuteResponse& response) {
    FillBatch(request.batch(), *response.mutable_batch());
  }
  static void Fill(const v1::ExecuteBatchRequest& request, v1::ExecuteBatchResponse& response) {
    FillBatch(request, response);
  }
};

// Of any request, without looking at it.
struct AnswerBytes {
  ByteBuffer answer;
  ByteBuffer operator()(const ByteBuffer&) const { return answer; }
};

using Fill = std::function<ByteBuffer(const ByteBuffer&)>;

class EchoStream final : public grpc::ServerBidiReactor<ByteBuffer, ByteBuffer> {
 public:
  explicit EchoStream(const Fill& fill) : fill_(fill) { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    response_ = fill_(request_);
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    StartRead(&request_);
  }
  void OnDone() override { delete this; }

 private:
  const Fill& fill_;
  ByteBuffer request_;
  ByteBuffer response_;
};

class EchoService final : public grpc::Service {
 public:
  void AddUnary(const std::string& path, const Fill& fill) {
    Add(path, RpcMethod::NORMAL_RPC,
        new grpc::internal::CallbackUnaryHandler<ByteBuffer, ByteBuffer>(
            [fill](CallbackServerContext* context, const ByteBuffer* request, ByteBuffer* response) {
              *response = fill(*request);
              grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
              reactor->Finish(grpc::Status::OK);
              return reactor;
            }));
  }

  void AddStream(const std::string& path, const Fill& fill) {
    Add(path, RpcMethod::BIDI_STREAMING,
        new grpc::internal::CallbackBidiHandler<ByteBuffer, ByteBuffer>(
            [fill](CallbackServerContext*) { return new EchoStream(fill); }));
  }

 private:
  void Add(const std::string& path, RpcMethod::RpcType type, grpc::internal::MethodHandler* handler) {
    paths_.push_back(std::make_unique<std::string>(path));
    // gRPC owns both from here.
    AddMethod(new grpc::internal::RpcServiceMethod(paths_.back()->c_str(), type, nullptr));
    MarkMethodCallback(static_cast<int>(paths_.size()) - 1, handler);
  }

  std::vector<std::unique_ptr<const std::string>> paths_;
};

constexpr char kAllocPagesPath[] = "/memsim.v1.PageService/AllocPages";
constexpr char kFreePagesPath[] = "/memsim.v1.PageService/FreePages";

void ServeMessages(EchoService& service) {
  service.AddUnary(kAllocPagesPath, AnswerCall<v1::AllocPagesRequest>{v1::Call::kAllocPages});
  service.AddUnary(kFreePagesPath, AnswerCall<v1::FreePagesRequest>{v1::Call::kFreePages});
  service.AddUnary(kExecuteBatchPath, AnswerBatch<v1::ExecuteBatchRequest, v1::ExecuteBatchResponse>());
  service.AddStream(kExecutePath, AnswerBatch<v1::ExecuteRequest, v1::ExecuteResponse>());
}

AnswerBytes BytesOf(v1::Call::OperationCase operation) {
  v1::Answer answer;
  FillLikeAMachine(operation, kFirstSequence, answer);
  return {SerializeMessage(answer)};
}

void ServeBytes(EchoService& service) {
  v1::ExecuteBatchRequest request;
  for (const v1::Call& call : Batch(Mix::kPages, 1, 1)) *request.add_calls() = call;
  v1::ExecuteResponse response;
  FillBatch(request, *response.mutable_batch());
  service.AddUnary(kAllocPagesPath, BytesOf(v1::Call::kAllocPages));
  service.AddUnary(kFreePagesPath, BytesOf(v1::Call::kFreePages));
  service.AddUnary(kExecuteBatchPath, AnswerBytes{SerializeMessage(response.batch())});
  service.AddStream(kExecutePath, AnswerBytes{SerializeMessage(response)});
}

int Serve(bool messages) {
  TerminationSignal termination;
  EchoService service;
  messages ? ServeMessages(service) : ServeBytes(service);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    std::fprintf(stderr, "echo_server: cannot listen on the loopback\n");
    return 1;
  }
  std::printf("echo_server: gRPC at 127.0.0.1:%d\n", port);
  std::fflush(stdout);
  termination.Wait();
  server->Shutdown(std::chrono::system_clock::now());
  server->Wait();
  return 0;
}

}  // namespace
}  // namespace memsim::bench

int main(int argc, char** argv) {
  const bool messages = argc == 2 && std::strcmp(argv[1], "messages") == 0;
  if (!messages && (argc != 2 || std::strcmp(argv[1], "bytes") != 0)) {
    std::fprintf(stderr, "usage: echo_server messages|bytes\n");
    return 2;
  }
  return memsim::bench::Serve(messages);
}
