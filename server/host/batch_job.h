// A batch of calls on its way through a machine's queue, with the room for its answers.

#ifndef MEMSIM_SERVER_HOST_BATCH_JOB_H_
#define MEMSIM_SERVER_HOST_BATCH_JOB_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "google/protobuf/arena.h"

#include "memsim/v1/execution_service.pb.h"
#include "server/host/pending_work.h"

namespace memsim {

// The submitter fills request(), hands the job to Host::Submit, and touches neither message until done is called; only
// Host::Cancel may be called at any time after that, by any thread. Calls and answers live in one arena, which goes
// with the job.
class BatchJob {
 public:
  // OK: response() has the answers. Otherwise why the batch as a whole was refused, or what became of the rest of it.
  // Called exactly once, without a lock, on a worker or on the thread that submits or cancels: it must not block.
  using Done = std::function<void(BatchJob& job, absl::Status status)>;

  explicit BatchJob(Done done)
      : done_(std::move(done)),
        arena_(ArenaOptions()),
        request_(google::protobuf::Arena::CreateMessage<v1::ExecuteBatchRequest>(&arena_)),
        response_(google::protobuf::Arena::CreateMessage<v1::ExecuteBatchResponse>(&arena_)) {}
  BatchJob(const BatchJob&) = delete;
  BatchJob& operator=(const BatchJob&) = delete;

  google::protobuf::Arena& arena() { return arena_; }
  v1::ExecuteBatchRequest& request() { return *request_; }
  const v1::ExecuteBatchRequest& request() const { return *request_; }
  v1::ExecuteBatchResponse& response() { return *response_; }

  // The batch's size as it was sent. 0: not known, the host asks the message.
  void set_wire_bytes(std::size_t bytes) { wire_bytes_ = bytes; }
  std::size_t wire_bytes() const { return wire_bytes_; }
  // What the request takes, about: the bytes of long strings lie beside the arena, and they were on the wire.
  std::size_t MemoryBytes() const { return sizeof(*this) + arena_.SpaceAllocated() + wire_bytes_; }
  // What of it the limits count, from Host::Reserve or Submit to the end.
  std::size_t reserved_bytes() const { return reserved_.bytes(); }

  // --- For the host.
  void Hold(PendingBytes reserved) { reserved_ = std::move(reserved); }
  void GiveBack() { reserved_ = PendingBytes(); }
  // No further call of the batch begins.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  void Finish(absl::Status status) { done_(*this, std::move(status)); }

 private:
  // Blocks grow from one that holds a unary call to one that holds some hundred calls of a batch.
  static google::protobuf::ArenaOptions ArenaOptions() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = 1024;
    options.max_block_size = std::size_t{64} * 1024;
    return options;
  }

  Done done_;
  google::protobuf::Arena arena_;
  v1::ExecuteBatchRequest* request_;
  v1::ExecuteBatchResponse* response_;
  std::size_t wire_bytes_ = 0;
  PendingBytes reserved_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_BATCH_JOB_H_
