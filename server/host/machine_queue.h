// What waits for one machine: batches in the order in which they came, and looks into it, which go between two calls.
//
// It also knows whether the machine is idle, waiting for its turn, or in it, because that must change together with the
// queue: who brings work to an idle machine schedules it, and nobody else does.

#ifndef MEMSIM_SERVER_HOST_MACHINE_QUEUE_H_
#define MEMSIM_SERVER_HOST_MACHINE_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

#include "memsim/v1/answer.pb.h"
#include "server/base/mutex.h"
#include "server/host/batch_job.h"
#include "server/host/host_options.h"
#include "server/host/inspection.h"
#include "server/host/worker_pool.h"

namespace memsim {

// What the bringer of work has to do.
enum class Wake { kNotNeeded, kSchedule };

// Thread-safe. It calls nobody.
class MachineQueue {
 public:
  // The limits must outlive the queue.
  explicit MachineQueue(const QueueLimits& limits) : limits_(limits) {}

  // QUEUE_FULL, or the reason that Close was given. REQUIRES: the job keeps its reserved bytes while it is here.
  absl::StatusOr<Wake> PushBatch(std::shared_ptr<BatchJob> job) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<Wake> PushInspection(Inspection inspection) ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes the batch out before its turn. False: it does not wait here, or not any more.
  bool Remove(const BatchJob& job) ABSL_LOCKS_EXCLUDED(mutex_);

  // --- For the worker that has the turn.
  // The next batch, null if there is none. It counts against the limits until FinishBatch.
  std::shared_ptr<BatchJob> TakeBatch() ABSL_LOCKS_EXCLUDED(mutex_);
  void FinishBatch(const BatchJob& job) ABSL_LOCKS_EXCLUDED(mutex_);
  // Empty if there is none; costs nothing then.
  Inspection TakeInspection() ABSL_LOCKS_EXCLUDED(mutex_);
  // kIdle: nothing is left, and the next Push says kSchedule. A batch that was taken and not finished is work left.
  AfterTurn EndTurn() ABSL_LOCKS_EXCLUDED(mutex_);

  // --- The end.
  struct Backlog {
    std::vector<std::shared_ptr<BatchJob>> batches;
    std::vector<Inspection> inspections;
    Wake wake = Wake::kNotNeeded;
  };
  // Takes nothing any more, and gives what nobody has taken, which the caller ends with the reason. The machine must
  // get one more turn, to end the batch that it is in. A second Close gives nothing.
  Backlog Close(const v1::Misuse& reason) ABSL_LOCKS_EXCLUDED(mutex_);
  // Lock-free, so that every call boundary can ask.
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  // REQUIRES: closed().
  absl::Status CloseStatus() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Batches that wait, the one that was taken included.
  std::size_t job_count() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status CloseStatusLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The batch takes no place any more.
  void Forget(const BatchJob& job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Wake WakeIfIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const QueueLimits& limits_;
  // Mirrors of guarded facts, for questions at every call boundary.
  std::atomic<bool> closed_ = false;
  std::atomic<bool> has_inspections_ = false;

  mutable Mutex mutex_;
  std::deque<std::shared_ptr<BatchJob>> batches_ ABSL_GUARDED_BY(mutex_);
  std::deque<Inspection> inspections_ ABSL_GUARDED_BY(mutex_);
  // In the run queue or with a worker.
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;
  // Of batches_ and the one that was taken; bytes are those that the jobs have reserved.
  std::size_t jobs_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Not a Status: threads that share one look to ThreadSanitizer as if they raced, as Debian's Abseil is not
  // instrumented.
  v1::Misuse close_reason_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_MACHINE_QUEUE_H_
