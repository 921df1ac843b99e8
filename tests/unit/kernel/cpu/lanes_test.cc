// Lanes against the theory of queues: what a lock does to the throughput of CPUs that share it.

#include "server/kernel/cpu/lanes.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "server/kernel/cpu/lock_scope.h"

namespace memsim {
namespace {

constexpr Nanoseconds Ns(std::uint64_t time) { return Nanoseconds(time); }

std::vector<CpuId> FirstCpus(std::uint32_t count) {
  std::vector<CpuId> cpus;
  for (std::uint32_t cpu = 0; cpu < count; ++cpu) cpus.push_back(CpuId(static_cast<std::uint16_t>(cpu)));
  return cpus;
}

// Locks without hand-over, so that the theory is simple.
struct Machine {
  explicit Machine(std::uint32_t count, Nanoseconds transfer = Ns(0)) : cpus(count, WithTransfer(transfer)) {}

  const CostTable& WithTransfer(Nanoseconds transfer) {
    costs.lock_transfer = transfer;
    return costs;
  }
  void Work(Nanoseconds time) { cpus.Charge(time); }
  void Hold(SimulatedLock& lock, Nanoseconds time, LockMode mode = LockMode::kExclusive) {
    const LockScope scope(locks, lock, mode);
    cpus.Charge(time);
  }

  CostTable costs;
  Cpus cpus;
  Locks locks{cpus};
};

TEST(LanesTest, TheEarliestClockRunsAndTiesGoToTheLowestCpu) {
  Machine machine(3);
  std::string order;
  {
    Lanes lanes(machine.locks, {CpuId(2), CpuId(0), CpuId(1)});
    const std::vector<std::uint64_t> work = {10, 25, 10};
    std::vector<int> left = {3, 2, 2};
    while (const auto lane = lanes.Next()) {
      order += std::to_string(machine.cpus.current().value());
      machine.Work(Ns(work[*lane]));
      if (--left[*lane] == 0) lanes.Finish();
    }
  }
  // CPU 0 at 0 and 25, CPU 1 at 0 and 10, CPU 2 at 0, 10 and 20.
  EXPECT_EQ(order, "0121220");
  EXPECT_EQ(machine.cpus.now(), Ns(50)) << "time goes on from the latest clock";
  EXPECT_EQ(machine.cpus.counts(CpuId(2)).busy, Ns(30));
}

// Calls of `work` and then `hold` under one lock, on N CPUs for a millisecond or two: how many a nanosecond, until the
// last one is done.
double Throughput(std::uint32_t cpus, Nanoseconds work, Nanoseconds hold, Nanoseconds transfer) {
  Machine machine(cpus, transfer);
  SimulatedLock lock(LockClass::kZoneLock);
  const Nanoseconds span(2'000'000);
  std::uint64_t calls = 0;
  Nanoseconds end;
  Lanes lanes(machine.locks, FirstCpus(cpus));
  while (lanes.Next().has_value()) {
    if (machine.cpus.now() >= span) {
      end = std::max(end, machine.cpus.now());
      lanes.Finish();
      continue;
    }
    machine.Work(work);
    machine.Hold(lock, hold);
    ++calls;
  }
  return static_cast<double>(calls) / static_cast<double>(end.value());
}

TEST(LanesTest, OneLockLimitsThroughputAsTheoryHasIt) {
  for (const std::uint32_t cpus : {1U, 2U, 3U, 8U, 16U, 64U, 256U}) {
    for (const std::uint64_t work : {0U, 100U, 900U, 5000U}) {
      for (const std::uint64_t hold : {10U, 50U, 300U}) {
        const double expected =
            std::min(static_cast<double>(cpus) / static_cast<double>(work + hold), 1.0 / static_cast<double>(hold));
        EXPECT_NEAR(Throughput(cpus, Ns(work), Ns(hold), Ns(0)) / expected, 1, 0.02)
            << cpus << " CPUs, work " << work << ", hold " << hold;
      }
    }
  }
}

TEST(LanesTest, TheLineOfAFoughtOverLockCostsItsTransferEachTime) {
  EXPECT_NEAR(Throughput(16, Ns(100), Ns(50), Ns(50)) * 100, 1, 0.02) << "a hold of 50 and a transfer of 50";
}

TEST(LanesTest, AShortHoldFitsBetweenTheHoldsOfALongCall) {
  Machine machine(2);
  SimulatedLock lock(LockClass::kZoneLock);
  Lanes lanes(machine.locks, FirstCpus(2));
  ASSERT_EQ(lanes.Next(), 0U);
  // A call of a millisecond that takes the lock for 20 ns in every microsecond.
  for (int i = 0; i < 1000; ++i) {
    machine.Work(Ns(980));
    machine.Hold(lock, Ns(20));
  }
  lanes.Finish();
  ASSERT_EQ(lanes.Next(), 1U);
  machine.Work(Ns(985));
  machine.Hold(lock, Ns(20));
  EXPECT_EQ(machine.cpus.now(), Ns(1020)) << "it waited for 15 ns, not for a millisecond";
  const LockCounts& counts = machine.locks.counts(LockClass::kZoneLock, LockMode::kExclusive);
  EXPECT_EQ(counts.waits, (TimeCounts{1, Ns(15), Ns(15), Ns(15)}));
}

TEST(LanesTest, ReadersShareAndAWriterWaitsForAllOfThem) {
  Machine machine(3);
  machine.costs.semaphore_spin = Ns(1000);
  SimulatedLock lock(LockClass::kMmapLock);
  Lanes lanes(machine.locks, FirstCpus(3));
  ASSERT_EQ(lanes.Next(), 0U);
  machine.Hold(lock, Ns(100), LockMode::kShared);
  lanes.Finish();
  ASSERT_EQ(lanes.Next(), 1U);
  machine.Work(Ns(50));
  machine.Hold(lock, Ns(100), LockMode::kShared);
  EXPECT_EQ(machine.cpus.now(), Ns(150)) << "a reader beside a reader waits for nothing";
  lanes.Finish();
  ASSERT_EQ(lanes.Next(), 2U);
  machine.Work(Ns(60));
  machine.Hold(lock, Ns(10));
  EXPECT_EQ(machine.cpus.now(), Ns(160)) << "a writer waits for the last reader";
}

TEST(LanesTest, AWaitingWriterHoldsOffNewReaders) {
  Machine machine(3);
  SimulatedLock lock(LockClass::kMmapLock);
  Lanes lanes(machine.locks, FirstCpus(3));
  ASSERT_EQ(lanes.Next(), 0U);
  machine.Hold(lock, Ns(100), LockMode::kShared);
  lanes.Finish();
  ASSERT_EQ(lanes.Next(), 1U);
  machine.Work(Ns(20));
  machine.Hold(lock, Ns(10));
  EXPECT_EQ(machine.cpus.now(), Ns(110));
  lanes.Finish();
  ASSERT_EQ(lanes.Next(), 2U);
  machine.Work(Ns(30));
  machine.Hold(lock, Ns(5), LockMode::kShared);
  EXPECT_EQ(machine.cpus.now(), Ns(115)) << "it came while the writer waited, so it is served after it";
}

TEST(LanesTest, WhoWaitsLongForASemaphoreSleeps) {
  Machine machine(2);
  SimulatedLock lock(LockClass::kMmapLock);
  Lanes lanes(machine.locks, FirstCpus(2));
  ASSERT_EQ(lanes.Next(), 0U);
  machine.Hold(lock, Ns(50'000));
  lanes.Finish();
  ASSERT_EQ(lanes.Next(), 1U);
  machine.Hold(lock, Ns(10));
  EXPECT_EQ(machine.cpus.now(), Ns(50'010) + machine.costs.semaphore_sleep);
}

}  // namespace
}  // namespace memsim
