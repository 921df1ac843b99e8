// What cuts across all methods: each RPC, unary or stream, lives in one scope, from its first byte to its last.
//
// The scope lets it in or not, counts it, measures it, and turns its status into gRPC's. Handlers do none of that.

#ifndef MEMSIM_SERVER_RPC_RPC_SCOPE_H_
#define MEMSIM_SERVER_RPC_RPC_SCOPE_H_

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/support/status.h"

#include "memsim/v1/options.pb.h"
#include "server/host/host.h"
#include "server/metrics/rpc_metrics.h"
#include "server/rpc/admission.h"

namespace memsim {

// A method as the server knows it. Lives as long as the server.
struct ApiMethod {
  // "/memsim.v1.MachineService/CreateMachine".
  std::string path;
  // As its required_role option says.
  v1::Role required_role = v1::ROLE_UNSPECIFIED;
  RpcMetrics::Method* metrics = nullptr;
  Host* host = nullptr;
  Admission* admission = nullptr;
};

class RpcScope {
 public:
  // The method must outlive the scope.
  explicit RpcScope(const ApiMethod& method);
  ~RpcScope();
  RpcScope(const RpcScope&) = delete;
  RpcScope& operator=(const RpcScope&) = delete;

  // Once: whether the RPC may run: ROLE_INSUFFICIENT, SERVER_DRAINING.
  absl::Status Admit();

  void MessageReceived() { method_.metrics->MessageReceived(); }
  void MessageSent() { method_.metrics->MessageSent(); }
  // Once: how the RPC ended, as gRPC says it.
  grpc::Status End(const absl::Status& status);

  Host& host() const { return *method_.host; }
  Admission& admission() const { return *method_.admission; }

 private:
  const ApiMethod& method_;
  bool let_in_ = false;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_RPC_SCOPE_H_
