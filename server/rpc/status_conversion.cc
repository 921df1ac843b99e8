#include "server/rpc/status_conversion.h"

#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

#include "server/calls/misuse.h"

namespace memsim {

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // The numbers of both are those of google.rpc.Code.
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message(status.message());
  const v1::ErrorReason reason = MisuseReason(status);
  if (reason == v1::ERROR_REASON_UNSPECIFIED) return grpc::Status(code, message);

  google::rpc::ErrorInfo info;
  info.set_reason(MisuseReasonName(reason));
  info.set_domain(kErrorDomain);
  for (const auto& [key, value] : MisuseMetadata(status)) (*info.mutable_metadata())[key] = value;
  google::rpc::Status details;
  details.set_code(static_cast<int>(code));
  details.set_message(message);
  details.add_details()->PackFrom(info);
  return grpc::Status(code, message, details.SerializeAsString());
}

}  // namespace memsim
