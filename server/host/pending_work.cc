#include "server/host/pending_work.h"

#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/calls/misuse.h"
#include "server/host/refusals.h"

namespace memsim {

PendingBytes::~PendingBytes() {
  if (work_ != nullptr) work_->GiveBack(bytes_);
}

absl::StatusOr<PendingBytes> PendingWork::Reserve(std::size_t bytes) {
  MutexLock lock(mutex_);
  if (bytes > max_bytes_ - bytes_) {
    return MisuseStatus(v1::ERROR_REASON_QUEUE_FULL,
                        absl::StrCat("the queues of all machines hold ", bytes_, " bytes of batches, of at most ",
                                     max_bytes_, "; retry after a moment"));
  }
  bytes_ += bytes;
  return PendingBytes(*this, bytes);
}

void PendingWork::GiveBack(std::size_t bytes) {
  MutexLock lock(mutex_);
  MEMSIM_CHECK(bytes_ >= bytes, bytes_, bytes);
  bytes_ -= bytes;
}

absl::Status PendingWork::Add() {
  MutexLock lock(mutex_);
  if (closed_) return ServerDraining();
  ++count_;
  return absl::OkStatus();
}

void PendingWork::Remove() {
  MutexLock lock(mutex_);
  MEMSIM_CHECK(count_ > 0);
  --count_;
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
