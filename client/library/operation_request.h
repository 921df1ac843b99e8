// One Call as the unary request of its operation.

#ifndef MEMSIM_CLIENT_LIBRARY_OPERATION_REQUEST_H_
#define MEMSIM_CLIENT_LIBRARY_OPERATION_REQUEST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

#include "memsim/v1/call.pb.h"

namespace memsim::client {

struct OperationRequest {
  // "/memsim.v1.AddressSpaceService/Mmap".
  std::string method_path;
  // The operation's request with its CallTarget filled.
  std::unique_ptr<google::protobuf::Message> message;
};

// INVALID_ARGUMENT with the reason OPERATION_UNKNOWN if the call has no operation.
absl::StatusOr<OperationRequest> MakeOperationRequest(absl::string_view machine, const v1::Call& call,
                                                      std::optional<std::uint64_t> expected_sequence);

}  // namespace memsim::client

#endif  // MEMSIM_CLIENT_LIBRARY_OPERATION_REQUEST_H_
