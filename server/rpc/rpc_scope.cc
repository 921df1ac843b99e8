#include "server/rpc/rpc_scope.h"

#include "server/rpc/status_conversion.h"

namespace memsim {

RpcScope::RpcScope(const ApiMethod& method) : method_(method) {
  method_.admission->RpcBegins();
  method_.metrics->Started();
}

RpcScope::~RpcScope() { method_.admission->RpcEnds(let_in_); }

absl::Status RpcScope::Admit() {
  absl::Status status = method_.admission->LetIn();
  if (!status.ok()) return status;
  let_in_ = true;
  return Authorize(method_.admission->anonymous(), method_.required_role, method_.path);
}

grpc::Status RpcScope::End(const absl::Status& status) {
  method_.metrics->Handled(static_cast<int>(status.code()), std::chrono::steady_clock::now() - begin_);
  return ToGrpcStatus(status);
}

}  // namespace memsim
