// One unary RPC while it is handled.

#ifndef MEMSIM_SERVER_RPC_UNARY_RPC_H_
#define MEMSIM_SERVER_RPC_UNARY_RPC_H_

#include <atomic>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

#include "server/host/batch_job.h"
#include "server/rpc/rpc_scope.h"

namespace memsim {

class UnaryRpc;

// Handles one RPC: calls exactly one of Reply and Refuse, now or later, on any thread, and does not touch the RPC after
// it. Never blocks.
using UnaryHandler = std::function<void(UnaryRpc&)>;

// Thread-compatible, but for cancelled(). It deletes itself when gRPC is done with it.
class UnaryRpc final : public grpc::ServerUnaryReactor {
 public:
  // Lets the RPC in, and hands it to the handler. gRPC's objects live until OnDone.
  static UnaryRpc* Start(const ApiMethod& method, const UnaryHandler& handler, const grpc::ByteBuffer& request,
                         grpc::ByteBuffer& response);

  Host& host() const { return scope_.host(); }
  const grpc::ByteBuffer& request() const { return request_; }

  void Reply(const google::protobuf::Message& response);
  // REQUIRES: the status is not OK.
  void Refuse(const absl::Status& status);

  // Whether the caller is gone, so that an answer is of no use.
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // Cancels the job when the caller goes. REQUIRES: called before the handler returns.
  void CancelWithCaller(const std::shared_ptr<BatchJob>& job) { job_ = job; }

  void OnCancel() override;
  void OnDone() override;
  // gRPC would hand both to another thread, as it does not know what they do: they are short, and wait for nothing. It
  // says this of its own reactors, and calls it no API: without it a call costs a tenth more, and nothing else changes.
  bool InternalInlineable() override { return true; }

 private:
  UnaryRpc(const ApiMethod& method, const grpc::ByteBuffer& request, grpc::ByteBuffer& response)
      : scope_(method), request_(request), response_(response) {}

  RpcScope scope_;
  const grpc::ByteBuffer& request_;
  grpc::ByteBuffer& response_;
  // Not the owner: a caller who takes no answer keeps this object alive, but not the batch's memory.
  std::weak_ptr<BatchJob> job_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_UNARY_RPC_H_
