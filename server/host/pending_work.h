// Everything that the host has accepted and not ended yet: the gate that closes when the server drains, and what
// draining waits for.

#ifndef MEMSIM_SERVER_HOST_PENDING_WORK_H_
#define MEMSIM_SERVER_HOST_PENDING_WORK_H_

#include <chrono>
#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"

#include "server/base/mutex.h"

namespace memsim {

// Thread-safe.
class PendingWork {
 public:
  // A limit on the bytes of all that is pending.
  explicit PendingWork(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // QUEUE_FULL: it would pass the limit. SERVER_DRAINING after Close.
  absl::Status Add(std::size_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  // What was added has ended, its callback included.
  void Remove(std::size_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

  // False: the deadline passed before all had ended.
  bool AwaitNone(std::chrono::steady_clock::time_point deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t count() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::size_t bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const std::size_t max_bytes_;
  mutable Mutex mutex_;
  CondVar none_left_;
  std::size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_PENDING_WORK_H_
