#include "server/rpc/server.h"

#include <utility>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/stubs/logging.h"
#include "grpcpp/channel.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

#include "proto/operations.h"
#include "server/host/host.h"
#include "server/metrics/rpc_metrics.h"
#include "server/rpc/admission.h"
#include "server/rpc/api_service.h"
#include "server/rpc/listen_address.h"
#include "server/rpc/unknown_method.h"

namespace memsim {
namespace {

// For health watchers and reflection, whose streams only end when gRPC cuts them.
constexpr std::chrono::milliseconds kForeignStreamGrace(100);

// What concerns all servers of the process.
void PrepareProcess() {
  static absl::once_flag once;
  absl::call_once(once, [] {
    // What is wrong with a client's bytes is told to the client; it must not be able to fill our log.
    google::protobuf::SetLogHandler(nullptr);
    // The services that stand beside ours.
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

}  // namespace

class Server::State {
 public:
  explicit State(const ServerOptions& options)
      : metrics_(ApiMethodNames()),
        host_(options.host),
        admission_(options.anonymous_role),
        unknown_(host_, admission_, metrics_) {
    for (const auto* service : ApiServices()) {
      services_.push_back(std::make_unique<ApiService>(*service, host_, admission_, metrics_));
    }
  }

  absl::Status Listen(const ServerOptions& options);
  bool Drain(std::chrono::nanoseconds timeout);

  Host& host() { return host_; }
  const RpcMetrics& metrics() const { return metrics_; }
  const std::string& address() const { return address_; }
  grpc::Server& server() { return *server_; }

 private:
  std::string address_;
  RpcMetrics metrics_;
  Host host_;
  Admission admission_;
  std::vector<std::unique_ptr<ApiService>> services_;
  UnknownMethodService unknown_;
  std::unique_ptr<grpc::Server> server_;
  absl::once_flag drained_;
};

absl::Status Server::State::Listen(const ServerOptions& options) {
  PrepareProcess();
  grpc::ServerBuilder builder;
  int port = 0;
  if (!options.grpc_address.empty()) {
    absl::Status status = CheckListenAddress(options.grpc_address);
    if (!status.ok()) return status;
    builder.AddListeningPort(options.grpc_address, grpc::InsecureServerCredentials(), &port);
  }
  // Else two servers could share a port, and each would get some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  builder.SetResourceQuota(grpc::ResourceQuota("memsim").Resize(options.max_transport_bytes));
  builder.SetMaxReceiveMessageSize(options.max_receive_bytes);
  // gRPC inflates a message before it looks at its size: a few megabytes could become all of the host's memory.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetMaxSendMessageSize(-1);
  for (const auto& service : services_) builder.RegisterService(service.get());
  builder.RegisterCallbackGenericService(&unknown_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot listen at ", options.grpc_address, "; choose another address"));
  }
  address_ = options.grpc_address;
  if (!address_.empty() && !absl::StartsWith(address_, "unix:")) {
    address_ = absl::StrCat(address_.substr(0, address_.rfind(':')), ":", port);
  }
  return absl::OkStatus();
}

bool Server::State::Drain(std::chrono::nanoseconds timeout) {
  bool in_time = true;
  absl::call_once(drained_, [this, timeout, &in_time] {
    if (server_ == nullptr) return;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    // The door first: whoever sees that the server drains can rely on it that nothing is let in any more.
    admission_.BeginDrain();
    host_.AnnounceDrain();
    server_->GetHealthCheckService()->SetServingStatus(false);
    in_time = admission_.AwaitLetIn(deadline);
    host_.Abandon();
    server_->Shutdown(std::chrono::system_clock::now() + kForeignStreamGrace);
    server_->Wait();
    // Timers and looks may hold a stream a little longer than gRPC does.
    admission_.AwaitAll();
  });
  return in_time;
}

absl::StatusOr<std::unique_ptr<Server>> Server::Create(const ServerOptions& options) {
  auto state = std::make_unique<State>(options);
  const absl::Status status = state->Listen(options);
  if (!status.ok()) return status;
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { state_->Drain(std::chrono::nanoseconds(0)); }

const std::string& Server::address() const { return state_->address(); }

Host& Server::host() { return state_->host(); }

const RpcMetrics& Server::rpc_metrics() const { return state_->metrics(); }

std::shared_ptr<grpc::Channel> Server::InProcessChannel() {
  // The maps of a process with many mappings take more than the 4 MiB that a channel takes by default.
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return state_->server().InProcessChannel(arguments);
}

bool Server::Drain(std::chrono::nanoseconds timeout) { return state_->Drain(timeout); }

}  // namespace memsim
