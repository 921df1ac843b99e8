#include "server/host/pending_work.h"

#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/calls/misuse.h"

namespace memsim {

absl::Status PendingWork::Add(std::size_t bytes) {
  MutexLock lock(mutex_);
  if (closed_) {
    return MisuseStatus(v1::ERROR_REASON_SERVER_DRAINING,
                        "the server is shutting down; connect to another one, or retry later");
  }
  if (bytes > max_bytes_ - bytes_) {
    return MisuseStatus(v1::ERROR_REASON_QUEUE_FULL,
                        absl::StrCat("the queues of all machines hold ", bytes_, " bytes of batches, of at most ",
                                     max_bytes_, "; retry after a moment"));
  }
  ++count_;
  bytes_ += bytes;
  return absl::OkStatus();
}

void PendingWork::Remove(std::size_t bytes) {
  MutexLock lock(mutex_);
  MEMSIM_CHECK(count_ > 0 && bytes_ >= bytes, bytes_, bytes);
  --count_;
  bytes_ -= bytes;
  // Under the lock: who waits may destroy this as soon as it sees that nothing is left.
  if (count_ == 0) none_left_.NotifyAll();
}

void PendingWork::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
}

bool PendingWork::AwaitNone(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (count_ > 0) {
    if (!none_left_.WaitUntil(mutex_, deadline)) return count_ == 0;
  }
  return true;
}

std::size_t PendingWork::count() const {
  MutexLock lock(mutex_);
  return count_;
}

std::size_t PendingWork::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace memsim
