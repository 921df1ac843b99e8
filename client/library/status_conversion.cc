#include "client/library/status_conversion.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"

#include "client/library/error_info.h"

namespace memsim::client {
namespace {

std::string TransportMessage(const grpc::Status& status, absl::string_view address) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return absl::StrCat("no memsim server answers at ", address, "; start one with memsimd --grpc_address=", address,
                          ", or name another server (", status.error_message(), ")");
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::StrCat("no answer from ", address,
                          " before the deadline; allow more time, or make the batch smaller (", status.error_message(),
                          ")");
    case grpc::StatusCode::UNIMPLEMENTED:
      return absl::StrCat("the server at ", address,
                          " does not know this method; it is older than this client, or no memsim (",
                          status.error_message(), ")");
    default:
      return status.error_message();
  }
}

}  // namespace

absl::Status ToAbslStatus(const grpc::Status& status, absl::string_view address) {
  if (status.ok()) return absl::OkStatus();
  // gRPC's codes and Abseil's are the same numbers by design.
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  google::rpc::Status details;
  if (details.ParseFromString(status.error_details())) {
    for (const google::protobuf::Any& detail : details.details()) {
      google::rpc::ErrorInfo info;
      if (!detail.UnpackTo(&info) || info.domain() != kErrorDomain) continue;
      absl::Status converted(code, status.error_message());
      converted.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
      return converted;
    }
  }
  return absl::Status(code, TransportMessage(status, address));
}

}  // namespace memsim::client
