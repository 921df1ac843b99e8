#include "server/host/machine_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/calls/misuse.h"

namespace memsim {
namespace {

absl::Status QueueFull(std::size_t count, absl::string_view unit) {
  return MisuseStatus(v1::ERROR_REASON_QUEUE_FULL, absl::StrCat("the machine's queue is full, it holds ", count, " ",
                                                                unit, "; retry after a moment"));
}

std::size_t CallCount(const BatchJob& job) { return static_cast<std::size_t>(job.request().calls_size()); }

}  // namespace

absl::StatusOr<Wake> MachineQueue::PushBatch(std::shared_ptr<BatchJob> job) {
  const std::size_t calls = CallCount(*job);
  const std::size_t bytes = job->reserved_bytes();
  MutexLock lock(mutex_);
  if (closed()) return CloseStatusLocked();
  if (jobs_ >= limits_.jobs) return QueueFull(jobs_, "batches");
  if (calls_ + calls > limits_.calls) return QueueFull(calls_, "calls");
  if (bytes_ + bytes > limits_.memory_bytes) return QueueFull(bytes_, "bytes of batches");
  batches_.push_back(std::move(job));
  ++jobs_;
  calls_ += calls;
  bytes_ += bytes;
  return WakeIfIdle();
}

absl::StatusOr<Wake> MachineQueue::PushInspection(Inspection inspection) {
  MutexLock lock(mutex_);
  if (closed()) return CloseStatusLocked();
  if (inspections_.size() >= limits_.inspections) return QueueFull(inspections_.size(), "looks into the machine");
  inspections_.push_back(std::move(inspection));
  has_inspections_.store(true, std::memory_order_relaxed);
  return WakeIfIdle();
}

Wake MachineQueue::WakeIfIdle() {
  if (scheduled_) return Wake::kNotNeeded;
  scheduled_ = true;
  return Wake::kSchedule;
}

std::shared_ptr<BatchJob> MachineQueue::TakeBatch() {
  MutexLock lock(mutex_);
  if (batches_.empty()) return nullptr;
  std::shared_ptr<BatchJob> job = std::move(batches_.front());
  batches_.pop_front();
  return job;
}

bool MachineQueue::Remove(const BatchJob& job) {
  MutexLock lock(mutex_);
  const auto found = std::find_if(batches_.begin(), batches_.end(),
                                  [&job](const std::shared_ptr<BatchJob>& batch) { return batch.get() == &job; });
  if (found == batches_.end()) return false;
  batches_.erase(found);
  Forget(job);
  return true;
}

void MachineQueue::FinishBatch(const BatchJob& job) {
  MutexLock lock(mutex_);
  Forget(job);
}

void MachineQueue::Forget(const BatchJob& job) {
  MEMSIM_CHECK(jobs_ > 0 && calls_ >= CallCount(job) && bytes_ >= job.reserved_bytes(), jobs_, calls_);
  --jobs_;
  calls_ -= CallCount(job);
  bytes_ -= job.reserved_bytes();
}

Inspection MachineQueue::TakeInspection() {
  if (!has_inspections_.load(std::memory_order_relaxed)) return nullptr;
  MutexLock lock(mutex_);
  if (inspections_.empty()) return nullptr;
  Inspection inspection = std::move(inspections_.front());
  inspections_.pop_front();
  has_inspections_.store(!inspections_.empty(), std::memory_order_relaxed);
  return inspection;
}

AfterTurn MachineQueue::EndTurn() {
  MutexLock lock(mutex_);
  if (closed() || jobs_ > 0 || !inspections_.empty()) return AfterTurn::kRunAgain;
  scheduled_ = false;
  return AfterTurn::kIdle;
}

MachineQueue::Backlog MachineQueue::Close(const v1::Misuse& reason) {
  Backlog backlog;
  MutexLock lock(mutex_);
  if (closed()) return backlog;
  close_reason_ = reason;
  closed_.store(true, std::memory_order_release);
  for (std::shared_ptr<BatchJob>& job : batches_) {
    Forget(*job);
    backlog.batches.push_back(std::move(job));
  }
  batches_.clear();
  backlog.inspections.assign(std::make_move_iterator(inspections_.begin()),
                             std::make_move_iterator(inspections_.end()));
  inspections_.clear();
  has_inspections_.store(false, std::memory_order_relaxed);
  backlog.wake = WakeIfIdle();
  return backlog;
}

absl::Status MachineQueue::CloseStatus() const {
  MutexLock lock(mutex_);
  return CloseStatusLocked();
}

absl::Status MachineQueue::CloseStatusLocked() const {
  return MisuseStatus(close_reason_.reason(), close_reason_.message());
}

std::size_t MachineQueue::job_count() const {
  MutexLock lock(mutex_);
  return jobs_;
}

}  // namespace memsim
