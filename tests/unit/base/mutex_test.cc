#include "server/base/mutex.h"

#include <chrono>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

struct Counted {
  Mutex mutex;
  CondVar changed;
  int value ABSL_GUARDED_BY(mutex) = 0;
};

TEST(MutexTest, OneThreadAtATime) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 1000;
  Counted counted;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&counted] {
      for (int round = 0; round < kRounds; ++round) {
        MutexLock lock(counted.mutex);
        ++counted.value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  MutexLock lock(counted.mutex);
  EXPECT_EQ(counted.value, kThreads * kRounds);
}

TEST(CondVarTest, AWaiterSeesWhatWasNotified) {
  Counted counted;
  std::thread other([&counted] {
    MutexLock lock(counted.mutex);
    counted.value = 1;
    counted.changed.NotifyAll();
  });
  {
    MutexLock lock(counted.mutex);
    while (counted.value == 0) counted.changed.Wait(counted.mutex);
    EXPECT_EQ(counted.value, 1);
  }
  other.join();
}

TEST(CondVarTest, ADeadlineThatPassesIsSaid) {
  Counted counted;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
  MutexLock lock(counted.mutex);
  while (counted.changed.WaitUntil(counted.mutex, deadline)) {
    // Woken for no reason.
  }
  EXPECT_GE(std::chrono::steady_clock::now(), deadline);
}

}  // namespace
}  // namespace memsim
