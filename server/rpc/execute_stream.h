// ExecutionService.Execute: a stream of batches, each answered in order.
//
// Nothing more is read while kMaxBatchesInFlight batches, or kMaxBytesInFlight of memory, are read and not answered,
// and gRPC's flow control stops the sender. One batch at a time is with the host, and the next follows from its
// callback, while the machine still has its turn. So a batch never begins before the one ahead of it has ended well,
// also when they are for different machines.

#ifndef MEMSIM_SERVER_RPC_EXECUTE_STREAM_H_
#define MEMSIM_SERVER_RPC_EXECUTE_STREAM_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

#include "server/base/mutex.h"
#include "server/host/batch_job.h"
#include "server/rpc/admission.h"
#include "server/rpc/rpc_scope.h"

namespace memsim {

class ExecuteStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                            public DrainableStream,
                            public std::enable_shared_from_this<ExecuteStream> {
 public:
  // Enough to keep a machine busy while answers and batches travel.
  static constexpr std::size_t kMaxBatchesInFlight = 8;
  // Of batches and their answers: more than eight batches of a thousand ordinary calls take, and less than a hundredth
  // of what the host gives to all batches, so that it takes many streams to fill that. The batch that passes it is
  // still read, so that a stream can carry the largest.
  static constexpr std::size_t kMaxBytesInFlight = 4U << 20;

  static ExecuteStream* Start(const ApiMethod& method);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;
  void Drain() override;

 private:
  // A batch that was read: the job, or why there is none.
  struct Batch {
    std::shared_ptr<BatchJob> job;
    absl::Status status;
  };

  explicit ExecuteStream(const ApiMethod& method) : scope_(method) {}

  Batch Parse(const grpc::ByteBuffer& bytes);
  void BatchEnded(BatchJob& job, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // The stream ends for this reason, unless it has one already; batches that have not begun never do.
  void EndWith(const absl::Status& reason) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Nobody reads answers any more.
  void CallerLeft() ABSL_LOCKS_EXCLUDED(mutex_);

  // Does whatever may be done now: read, run, write, finish.
  void Advance() ABSL_LOCKS_EXCLUDED(mutex_);
  std::shared_ptr<BatchJob> TakeBatchToRun() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::size_t BytesInFlight() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayRead() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayFinish() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  RpcScope scope_;
  // Keeps the stream until gRPC is done with it; callbacks that come later hold it too.
  std::shared_ptr<ExecuteStream> self_;
  // Of one outstanding read; and the machine that the last batch named. The reading callbacks come one at a time.
  grpc::ByteBuffer read_buffer_;
  std::string machine_;
  // Of one outstanding write.
  grpc::ByteBuffer write_buffer_;

  Mutex mutex_;
  std::deque<Batch> waiting_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<BatchJob> running_ ABSL_GUARDED_BY(mutex_);
  std::deque<grpc::ByteBuffer> answers_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // Answers are of no use any more.
  bool caller_left_ ABSL_GUARDED_BY(mutex_) = false;
  // Nothing more is read: the caller has sent its last batch, or a bad one.
  bool read_closed_ ABSL_GUARDED_BY(mutex_) = false;
  // Why the stream ends before its last batch.
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_EXECUTE_STREAM_H_
