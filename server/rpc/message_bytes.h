// Messages to and from the bytes that gRPC carries.
//
// The methods of this server take bytes rather than messages, because gRPC would answer bytes that are no such message
// without a reason, and because one handler serves all operations.

#ifndef MEMSIM_SERVER_RPC_MESSAGE_BYTES_H_
#define MEMSIM_SERVER_RPC_MESSAGE_BYTES_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"

namespace memsim {

// MESSAGE_MALFORMED: the bytes are no such message.
absl::Status ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::Message& message);

grpc::ByteBuffer SerializeMessage(const google::protobuf::Message& message);

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_MESSAGE_BYTES_H_
