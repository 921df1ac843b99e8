// Page faults: the first store to a page, and the first one after fork.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "tests/bench/figure.h"
#include "tests/bench/simulated_process.h"

namespace memsim::bench {
namespace {

constexpr PageCount kArea(kAreaPages);

// One access a call, as programs have it.
void StoreOneByOne(SimulatedProcess& process, VirtualAddress area, const std::vector<std::uint64_t>& pages) {
  for (const std::uint64_t page : pages) process.Store(area + ToBytes(PageCount(page)), PageCount(1));
}

std::vector<std::uint64_t> InOrder() {
  std::vector<std::uint64_t> pages(kAreaPages);
  std::iota(pages.begin(), pages.end(), 0);
  return pages;
}

void FaultInOrder(benchmark::State& state, const std::vector<std::uint64_t>& pages) {
  SimulatedProcess process;
  for (auto _ : state) {
    const VirtualAddress area = process.Map(kArea);
    const Stopwatch time;
    StoreOneByOne(process, area, pages);
    state.SetIterationTime(time.Seconds());
    process.Unmap(area, kArea);
  }
  ReportOperations(state, kAreaPages);
}

void AnonymousFault(benchmark::State& state) { FaultInOrder(state, InOrder()); }
BENCHMARK(AnonymousFault)->Name("anonymous_fault")->UseManualTime();

void AnonymousFaultRandom(benchmark::State& state) {
  std::vector<std::uint64_t> pages = InOrder();
  std::shuffle(pages.begin(), pages.end(), std::mt19937_64(1));
  FaultInOrder(state, pages);
}
BENCHMARK(AnonymousFaultRandom)->Name("anonymous_fault_random")->UseManualTime();

void AnonymousFaultRange(benchmark::State& state) {
  SimulatedProcess process;
  for (auto _ : state) {
    const VirtualAddress area = process.Map(kArea);
    const Stopwatch time;
    process.Store(area, kArea);
    state.SetIterationTime(time.Seconds());
    process.Unmap(area, kArea);
  }
  ReportOperations(state, kAreaPages);
}
BENCHMARK(AnonymousFaultRange)->Name("anonymous_fault_one_call")->UseManualTime();

void CopyOnWriteFault(benchmark::State& state) {
  SimulatedProcess process;
  const std::vector<std::uint64_t> pages = InOrder();
  const VirtualAddress area = process.Map(kArea);
  process.Store(area, kArea);
  for (auto _ : state) {
    const Pid child = process.Fork();
    const Stopwatch time;
    StoreOneByOne(process, area, pages);
    state.SetIterationTime(time.Seconds());
    process.EndChild(child);
  }
  ReportOperations(state, kAreaPages);
}
BENCHMARK(CopyOnWriteFault)->Name("copy_on_write_fault")->UseManualTime();

}  // namespace
}  // namespace memsim::bench
