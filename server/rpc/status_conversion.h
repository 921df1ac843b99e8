// The only place where our statuses become gRPC's.

#ifndef MEMSIM_SERVER_RPC_STATUS_CONVERSION_H_
#define MEMSIM_SERVER_RPC_STATUS_CONVERSION_H_

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace memsim {

// The domain of every ErrorInfo that this server sends.
inline constexpr char kErrorDomain[] = "memsim";

// A misuse carries a google.rpc.Status with one ErrorInfo (reason, domain, metadata) in its details.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_STATUS_CONVERSION_H_
