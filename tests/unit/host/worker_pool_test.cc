#include "server/host/worker_pool.h"

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "gtest/gtest.h"

#include "server/base/mutex.h"

namespace memsim {
namespace {

// Takes a number of turns, and writes its name down for each.
class Counted final : public Runnable {
 public:
  Counted(char name, int turns, std::string& log, Mutex& mutex, std::promise<void> done)
      : name_(name), turns_(turns), log_(log), mutex_(mutex), done_(std::move(done)) {}

  AfterTurn RunTurn() override {
    EXPECT_FALSE(running_.exchange(true)) << "two workers at once";
    {
      MutexLock lock(mutex_);
      log_ += name_;
    }
    running_ = false;
    if (--turns_ > 0) return AfterTurn::kRunAgain;
    done_.set_value();
    return AfterTurn::kIdle;
  }

 private:
  const char name_;
  int turns_;
  std::string& log_;
  Mutex& mutex_;
  std::promise<void> done_;
  std::atomic<bool> running_ = false;
};

// Keeps a worker until told.
class Blocker final : public Runnable {
 public:
  explicit Blocker(std::shared_future<void> go) : go_(std::move(go)) {}
  AfterTurn RunTurn() override {
    go_.wait();
    return AfterTurn::kIdle;
  }

 private:
  const std::shared_future<void> go_;
};

TEST(WorkerPoolTest, WhoWantsAnotherTurnGoesBehindTheOthers) {
  Mutex mutex;
  std::string log;
  WorkerPool pool(1);
  std::promise<void> go;
  pool.Schedule(std::make_shared<Blocker>(go.get_future().share()));
  std::promise<void> a_done;
  std::promise<void> b_done;
  std::future<void> a = a_done.get_future();
  std::future<void> b = b_done.get_future();
  pool.Schedule(std::make_shared<Counted>('a', 3, log, mutex, std::move(a_done)));
  pool.Schedule(std::make_shared<Counted>('b', 2, log, mutex, std::move(b_done)));
  go.set_value();
  a.wait();
  b.wait();
  MutexLock lock(mutex);
  EXPECT_EQ(log, "ababa");
}

TEST(WorkerPoolTest, NobodyRunsOnTwoWorkersAtOnce) {
  Mutex mutex;
  std::string log;
  WorkerPool pool(4);
  std::vector<std::future<void>> all;
  for (int i = 0; i < 8; ++i) {
    std::promise<void> done;
    all.push_back(done.get_future());
    pool.Schedule(std::make_shared<Counted>('x', 500, log, mutex, std::move(done)));
  }
  for (auto& one : all) one.wait();
  MutexLock lock(mutex);
  EXPECT_EQ(log.size(), 8U * 500U);
}

// Never has enough.
class Endless final : public Runnable {
 public:
  explicit Endless(std::atomic<int>& turns) : turns_(turns) {}
  AfterTurn RunTurn() override {
    ++turns_;
    return AfterTurn::kRunAgain;
  }

 private:
  std::atomic<int>& turns_;
};

TEST(WorkerPoolTest, DestructionEndsAfterTheTurnsThatRun) {
  std::atomic<int> turns = 0;
  {
    WorkerPool pool(2);
    for (int i = 0; i < 3; ++i) pool.Schedule(std::make_shared<Endless>(turns));
    while (turns < 100) std::this_thread::yield();
  }
  EXPECT_GE(turns, 100);
}

}  // namespace
}  // namespace memsim
