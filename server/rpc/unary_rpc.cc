#include "server/rpc/unary_rpc.h"

#include "server/rpc/message_bytes.h"

namespace memsim {

UnaryRpc* UnaryRpc::Start(const ApiMethod& method, const UnaryHandler& handler, const grpc::ByteBuffer& request,
                          grpc::ByteBuffer& response) {
  auto* rpc = new UnaryRpc(method, request, response);
  rpc->scope_.MessageReceived();
  const absl::Status admitted = rpc->scope_.Admit();
  if (admitted.ok()) {
    handler(*rpc);
  } else {
    rpc->Refuse(admitted);
  }
  return rpc;
}

void UnaryRpc::Reply(const google::protobuf::Message& response) {
  grpc::ByteBuffer bytes = SerializeMessage(response);
  response_.Swap(&bytes);
  scope_.MessageSent();
  Finish(scope_.End(absl::OkStatus()));
}

void UnaryRpc::Refuse(const absl::Status& status) { Finish(scope_.End(status)); }

void UnaryRpc::OnCancel() {
  cancelled_.store(true, std::memory_order_relaxed);
  if (const std::shared_ptr<BatchJob> job = job_.lock()) host().Cancel(job);
}

void UnaryRpc::OnDone() { delete this; }

}  // namespace memsim
