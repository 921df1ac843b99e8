// How the library keeps google.rpc.ErrorInfo inside an absl::Status, for its own sources.

#ifndef MEMSIM_CLIENT_LIBRARY_ERROR_INFO_H_
#define MEMSIM_CLIENT_LIBRARY_ERROR_INFO_H_

#include "google/rpc/error_details.pb.h"

namespace memsim::client {

// The payload's type URL, as Abseil and protobuf's Any agree on it; the payload is the serialized ErrorInfo.
inline constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";

// The domain of memsim's reasons.
inline constexpr char kErrorDomain[] = "memsim";

}  // namespace memsim::client

#endif  // MEMSIM_CLIENT_LIBRARY_ERROR_INFO_H_
