// grpc::Status to absl::Status, in the one place where clients do it.

#ifndef MEMSIM_CLIENT_LIBRARY_STATUS_CONVERSION_H_
#define MEMSIM_CLIENT_LIBRARY_STATUS_CONVERSION_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/status.h"

namespace memsim::client {

// Keeps the code, the message and the ErrorInfo. A status that carries none came from the transport, not from memsim;
// where a person can do something about it (nobody listens, the deadline passed), the message says what, and names the
// address.
absl::Status ToAbslStatus(const grpc::Status& status, absl::string_view address);

}  // namespace memsim::client

#endif  // MEMSIM_CLIENT_LIBRARY_STATUS_CONVERSION_H_
