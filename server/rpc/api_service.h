// The services of the API as gRPC serves them, made from their descriptors.
//
// No generated stub stands between: a method is its path, its handler, and what its options say. So an operation that
// is added to the protos is served as soon as the machine knows it, and reflection shows it like any other.

#ifndef MEMSIM_SERVER_RPC_API_SERVICE_H_
#define MEMSIM_SERVER_RPC_API_SERVICE_H_

#include <memory>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "grpcpp/impl/service_type.h"

#include "server/host/host.h"
#include "server/metrics/rpc_metrics.h"
#include "server/rpc/admission.h"
#include "server/rpc/rpc_scope.h"

namespace memsim {

class ApiService final : public grpc::Service {
 public:
  // All must outlive the service.
  ApiService(const google::protobuf::ServiceDescriptor& service, Host& host, Admission& admission, RpcMetrics& metrics);

 private:
  void Add(const google::protobuf::MethodDescriptor& descriptor, const ApiMethod& method);

  std::vector<std::unique_ptr<const ApiMethod>> methods_;
};

// What RpcMetrics wants to be told: the methods of all services of the API.
std::vector<RpcMetrics::MethodName> ApiMethodNames();

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_API_SERVICE_H_
