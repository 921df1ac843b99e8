#include "server/host/worker_pool.h"

#include <utility>

#include "server/host/thread_turn.h"

namespace memsim {

WorkerPool::WorkerPool(std::size_t workers) {
  threads_.reserve(workers);
  for (std::size_t i = 0; i < workers; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerPool::~WorkerPool() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Schedule(std::shared_ptr<Runnable> runnable) {
  {
    MutexLock lock(mutex_);
    run_queue_.push_back(std::move(runnable));
  }
  changed_.NotifyOne();
}

std::shared_ptr<Runnable> WorkerPool::Take() {
  MutexLock lock(mutex_);
  while (run_queue_.empty() && !stopping_) changed_.Wait(mutex_);
  if (stopping_) return nullptr;
  std::shared_ptr<Runnable> runnable = std::move(run_queue_.front());
  run_queue_.pop_front();
  return runnable;
}

void WorkerPool::Work() {
  while (std::shared_ptr<Runnable> runnable = Take()) {
    const ThreadTurn turn;
    if (runnable->RunTurn() == AfterTurn::kRunAgain) Schedule(std::move(runnable));
  }
}

}  // namespace memsim
