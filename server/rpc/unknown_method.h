// Answers RPCs whose method this server does not have.

#ifndef MEMSIM_SERVER_RPC_UNKNOWN_METHOD_H_
#define MEMSIM_SERVER_RPC_UNKNOWN_METHOD_H_

#include "grpcpp/generic/async_generic_service.h"

#include "server/rpc/rpc_scope.h"

namespace memsim {

// METHOD_UNKNOWN, so that this error too carries a reason.
class UnknownMethodService final : public grpc::CallbackGenericService {
 public:
  UnknownMethodService(Host& host, Admission& admission, RpcMetrics& metrics);

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

 private:
  ApiMethod method_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_UNKNOWN_METHOD_H_
