// A fixed number of threads that take turns from one run queue.

#ifndef MEMSIM_SERVER_HOST_WORKER_POOL_H_
#define MEMSIM_SERVER_HOST_WORKER_POOL_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"

#include "server/base/mutex.h"

namespace memsim {

enum class AfterTurn { kIdle, kRunAgain };

// Something that works in turns. In the run queue at most once, so that one worker at a time runs it.
class Runnable {
 public:
  virtual ~Runnable() = default;
  // Works for a bounded time. kRunAgain: there is more to do.
  virtual AfterTurn RunTurn() = 0;
};

// Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t workers);
  // Joins the workers after the turns that they are in. What is still in the run queue never runs.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // To the tail of the run queue. REQUIRES: it is neither in it nor running.
  void Schedule(std::shared_ptr<Runnable> runnable) ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t size() const { return threads_.size(); }

 private:
  void Work() ABSL_LOCKS_EXCLUDED(mutex_);
  // Null when the pool stops.
  std::shared_ptr<Runnable> Take() ABSL_LOCKS_EXCLUDED(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::shared_ptr<Runnable>> run_queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Not guarded: only the constructor and the destructor touch it, after which no worker lives.
  std::vector<std::thread> threads_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_WORKER_POOL_H_
