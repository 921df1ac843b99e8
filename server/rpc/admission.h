// Who may begin an RPC, which RPCs are under way, and the end of all of them when the server drains.

#ifndef MEMSIM_SERVER_RPC_ADMISSION_H_
#define MEMSIM_SERVER_RPC_ADMISSION_H_

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"

#include "server/base/mutex.h"
#include "server/rpc/principal.h"

namespace memsim {

// An RPC that would go on for ever, and must be told that the server drains.
class DrainableStream {
 public:
  virtual ~DrainableStream() = default;
  // Ends the stream with SERVER_DRAINING once what it has begun is answered. Any thread; may be called after the
  // stream's end.
  virtual void Drain() = 0;
};

// Thread-safe. It calls nobody while it holds its lock.
class Admission {
 public:
  // Streams that are open at a time, of all clients: an idle one costs gRPC and us some kilobytes.
  static constexpr std::size_t kMaxStreams = 16384;

  // Until tokens exist, every caller is anonymous and has this role.
  explicit Admission(v1::Role anonymous_role) : anonymous_{"anonymous", anonymous_role} {}

  const Principal& anonymous() const { return anonymous_; }

  // An RPC's life, whether it is let in or not.
  void RpcBegins() ABSL_LOCKS_EXCLUDED(mutex_);
  // Lets in an RPC that has begun. SERVER_DRAINING after BeginDrain.
  absl::Status LetIn() ABSL_LOCKS_EXCLUDED(mutex_);
  void RpcEnds(bool was_let_in) ABSL_LOCKS_EXCLUDED(mutex_);

  // Has the stream told to drain, at once if the server drains already. QUEUE_FULL: there are kMaxStreams.
  absl::Status AddStream(const std::shared_ptr<DrainableStream>& stream) ABSL_LOCKS_EXCLUDED(mutex_);
  void RemoveStream(const DrainableStream* stream) ABSL_LOCKS_EXCLUDED(mutex_);

  // From now on nothing is let in, and streams end.
  void BeginDrain() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until no RPC that was let in is under way: those that are refused may come as fast as they like. False: the
  // deadline passed first. Not for gRPC's threads.
  bool AwaitLetIn(std::chrono::steady_clock::time_point deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until no RPC is under way at all. REQUIRES: no new one can begin. Not for gRPC's threads.
  void AwaitAll() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const Principal anonymous_;
  mutable Mutex mutex_;
  CondVar ended_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  // Under way, and those of them that were let in.
  std::size_t rpcs_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t let_in_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<const DrainableStream*, std::weak_ptr<DrainableStream>> streams_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_RPC_ADMISSION_H_
