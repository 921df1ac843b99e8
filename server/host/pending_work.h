// Everything that the host has accepted and not ended yet: the gate that closes when the server drains, what draining
// waits for, and the memory that batches take meanwhile.

#ifndef MEMSIM_SERVER_HOST_PENDING_WORK_H_
#define MEMSIM_SERVER_HOST_PENDING_WORK_H_

#include <chrono>
#include <cstddef>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "server/base/mutex.h"

namespace memsim {

class PendingWork;

// Bytes that count as pending until this ends. The work must outlive it.
class PendingBytes {
 public:
  PendingBytes() = default;
  PendingBytes(PendingBytes&& other) noexcept { *this = std::move(other); }
  PendingBytes& operator=(PendingBytes&& other) noexcept {
    std::swap(work_, other.work_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~PendingBytes();

  // 0: none.
  std::size_t bytes() const { return bytes_; }

 private:
  friend class PendingWork;
  PendingBytes(PendingWork& work, std::size_t bytes) : work_(&work), bytes_(bytes) {}

  PendingWork* work_ = nullptr;
  std::size_t bytes_ = 0;
};

// Thread-safe.
class PendingWork {
 public:
  // A limit on the bytes of all that is pending.
  explicit PendingWork(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // SERVER_DRAINING after Close.
  absl::Status Add() ABSL_LOCKS_EXCLUDED(mutex_);
  // What was added has ended, its callback included.
  void Remove() ABSL_LOCKS_EXCLUDED(mutex_);

  // QUEUE_FULL: they would pass the limit.
  absl::StatusOr<PendingBytes> Reserve(std::size_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

  // False: the deadline passed before all had ended.
  bool AwaitNone(std::chrono::steady_clock::time_point deadline) ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t count() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::size_t bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  friend class PendingBytes;
  void GiveBack(std::size_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::size_t max_bytes_;
  mutable Mutex mutex_;
  CondVar none_left_;
  std::size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_PENDING_WORK_H_
