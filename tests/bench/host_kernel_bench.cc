// The operations of the machine's benchmarks on the host's real kernel, one system call or access at a time. A program
// of its own, because a large process forks and maps more slowly.

#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <vector>

#include "tests/bench/figure.h"

namespace memsim::bench {
namespace {

constexpr std::size_t kPageBytes = 4096;

void Require(bool true_or_die, const char* what) {
  if (true_or_die) return;
  std::perror(what);
  std::exit(1);
}

volatile char* Map(std::uint64_t pages, int prot = PROT_READ | PROT_WRITE) {
  void* const address = mmap(nullptr, pages * kPageBytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  Require(address != MAP_FAILED, "mmap");
  return static_cast<char*>(address);
}

void Unmap(volatile char* address, std::uint64_t pages) {
  Require(munmap(const_cast<char*>(address), pages * kPageBytes) == 0, "munmap");
}

void Store(volatile char* area, const std::vector<std::uint32_t>& pages) {
  for (const std::uint32_t page : pages) area[page * kPageBytes] = 1;
}

std::vector<std::uint32_t> InOrder(std::uint64_t pages) {
  std::vector<std::uint32_t> order(pages);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// A child that does nothing until it is told to end.
class Child {
 public:
  // Forks; `seconds` is what that took of the parent's time.
  explicit Child(double* seconds = nullptr) {
    Require(pipe(pipe_) == 0, "pipe");
    const Stopwatch time;
    pid_ = fork();
    if (pid_ == 0) {
      char end = 0;
      close(pipe_[1]);
      _exit(static_cast<int>(read(pipe_[0], &end, 1)));
    }
    if (seconds != nullptr) *seconds = time.Seconds();
    Require(pid_ > 0, "fork");
  }
  ~Child() {
    close(pipe_[1]);
    waitpid(pid_, nullptr, 0);
    close(pipe_[0]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

 private:
  int pipe_[2] = {-1, -1};
  pid_t pid_ = -1;
};

void Fault(benchmark::State& state, const std::vector<std::uint32_t>& pages) {
  for (auto _ : state) {
    volatile char* const area = Map(kAreaPages);
    const Stopwatch time;
    Store(area, pages);
    state.SetIterationTime(time.Seconds());
    Unmap(area, kAreaPages);
  }
  ReportOperations(state, kAreaPages);
}

void AnonymousFault(benchmark::State& state) { Fault(state, InOrder(kAreaPages)); }
BENCHMARK(AnonymousFault)->Name("anonymous_fault")->UseManualTime();

void AnonymousFaultRandom(benchmark::State& state) {
  std::vector<std::uint32_t> pages = InOrder(kAreaPages);
  std::shuffle(pages.begin(), pages.end(), std::mt19937_64(1));
  Fault(state, pages);
}
BENCHMARK(AnonymousFaultRandom)->Name("anonymous_fault_random")->UseManualTime();

void CopyOnWriteFault(benchmark::State& state) {
  const std::vector<std::uint32_t> pages = InOrder(kAreaPages);
  volatile char* const area = Map(kAreaPages);
  Store(area, pages);
  for (auto _ : state) {
    const Child child;
    const Stopwatch time;
    Store(area, pages);
    state.SetIterationTime(time.Seconds());
  }
  Unmap(area, kAreaPages);
  ReportOperations(state, kAreaPages);
}
BENCHMARK(CopyOnWriteFault)->Name("copy_on_write_fault")->UseManualTime();

void MmapMunmap(benchmark::State& state) {
  std::vector<volatile char*> mappings;
  for (std::uint64_t i = 0; i < kMappings; ++i) mappings.push_back(Map(1, i % 2 == 0 ? PROT_READ : PROT_NONE));
  Unmap(mappings[kMappings / 2], 1);
  for (auto _ : state) Unmap(Map(1), 1);
  mappings.erase(mappings.begin() + kMappings / 2);
  for (volatile char* const mapping : mappings) Unmap(mapping, 1);
  ReportOperations(state, 1);
}
BENCHMARK(MmapMunmap)->Name("mmap_munmap");

void MadviseDontneed(benchmark::State& state) {
  const std::vector<std::uint32_t> pages = InOrder(kAreaPages);
  volatile char* const area = Map(kAreaPages);
  for (auto _ : state) {
    Store(area, pages);
    const Stopwatch time;
    Require(madvise(const_cast<char*>(area), kAreaPages * kPageBytes, MADV_DONTNEED) == 0, "madvise");
    state.SetIterationTime(time.Seconds());
  }
  Unmap(area, kAreaPages);
  ReportOperations(state, kAreaPages);
}
BENCHMARK(MadviseDontneed)->Name("madvise_dontneed")->UseManualTime();

void MunmapPopulated(benchmark::State& state) {
  const std::vector<std::uint32_t> pages = InOrder(kAreaPages);
  for (auto _ : state) {
    volatile char* const area = Map(kAreaPages);
    Store(area, pages);
    const Stopwatch time;
    Unmap(area, kAreaPages);
    state.SetIterationTime(time.Seconds());
  }
  ReportOperations(state, kAreaPages);
}
BENCHMARK(MunmapPopulated)->Name("munmap_populated")->UseManualTime();

void Fork(benchmark::State& state) {
  volatile char* const area = Map(kForkPages);
  Store(area, InOrder(kForkPages));
  for (auto _ : state) {
    double seconds = 0;
    const Child child(&seconds);
    state.SetIterationTime(seconds);
  }
  Unmap(area, kForkPages);
  ReportOperations(state, 1);
}
BENCHMARK(Fork)->Name("fork")->UseManualTime();

}  // namespace
}  // namespace memsim::bench

int main(int argc, char** argv) {
  // The machine has no huge pages yet, so the host does without.
  memsim::bench::Require(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0, "prctl");
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
