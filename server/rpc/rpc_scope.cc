#include "server/rpc/rpc_scope.h"

#include "server/rpc/status_conversion.h"

namespace memsim {

RpcScope::RpcScope(const ApiMethod& method) : method_(method) {
  method_.admission->RpcBegins();
  method_.metrics->Started();
}

RpcScope::~RpcScope() { method_.admission->RpcEnds(); }

absl::Status RpcScope::Admit() const {
  absl::Status status = method_.admission->CheckOpen();
  if (!status.ok()) return status;
  return Authorize(method_.admission->anonymous(), method_.required_role, method_.path);
}

grpc::Status RpcScope::End(const absl::Status& status) {
  method_.metrics->Handled(static_cast<int>(status.code()), std::chrono::steady_clock::now() - begin_);
  return ToGrpcStatus(status);
}

}  // namespace memsim
