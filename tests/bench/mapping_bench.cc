// Mappings: made, found, emptied and taken away.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <vector>

#include "server/base/check.h"
#include "server/kernel/observe/tracepoint_set.h"
#include "server/kernel/vm/vma_tree.h"
#include "tests/bench/figure.h"
#include "tests/bench/simulated_process.h"

namespace memsim::bench {
namespace {

constexpr PageCount kPage(1);
constexpr PageCount kArea(kAreaPages);

void MmapAndMunmap(benchmark::State& state, const TracepointSet& heard) {
  SimulatedProcess process;
  process.machine().ListenTo(heard);
  // Neighbours that differ do not merge, and the new page merges with neither. It goes into the hole in their midst.
  std::vector<VirtualAddress> mappings;
  for (std::uint64_t i = 0; i < kMappings; ++i) mappings.push_back(process.Map(kPage, i % 2 == 0 ? kProtRead : 0));
  process.Unmap(mappings[kMappings / 2], kPage);
  MEMSIM_CHECK(process.Map(kPage) == mappings[kMappings / 2]);
  process.Unmap(mappings[kMappings / 2], kPage);
  for (auto _ : state) process.Unmap(process.Map(kPage), kPage);
  ReportOperations(state, 1);
}

void MmapMunmap(benchmark::State& state) { MmapAndMunmap(state, TracepointSet()); }
BENCHMARK(MmapMunmap)->Name("mmap_munmap");

void MmapMunmapEvents(benchmark::State& state) { MmapAndMunmap(state, MatchTracepoints("oom:mark_victim")); }
BENCHMARK(MmapMunmapEvents)->Name("mmap_munmap_events");

void FindVma(benchmark::State& state) {
  constexpr std::uint64_t kVmas = 65'530;
  constexpr std::size_t kAddresses = 1U << 20;
  std::mt19937_64 random(1);
  // A page every two, put in at random, so that the tree's nodes are as full as those of a process that has lived.
  std::vector<std::uint64_t> places(kVmas);
  for (std::uint64_t i = 0; i < kVmas; ++i) places[i] = i;
  std::shuffle(places.begin(), places.end(), random);
  VmaTree tree;
  for (const std::uint64_t i : places) {
    tree.Insert(RangeOf(VirtualAddress((2 * i + 1) << kPageShift), kPageSize),
                VmaId(static_cast<std::uint32_t>(i + 1)));
  }
  std::vector<VirtualAddress> addresses(kAddresses);
  for (VirtualAddress& address : addresses) address = VirtualAddress(random() % (2 * kVmas << kPageShift));
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(tree.Find(addresses[next]));
    next = (next + 1) % kAddresses;
  }
  ReportOperations(state, 1);
}
BENCHMARK(FindVma)->Name("find_vma");

void MadviseDontneed(benchmark::State& state) {
  SimulatedProcess process;
  const VirtualAddress area = process.Map(kArea);
  for (auto _ : state) {
    process.Store(area, kArea);
    const Stopwatch time;
    MEMSIM_CHECK(process.machine().Madvise(process.pid(), area, ToBytes(kArea), kMadvDontNeed) == Errno::kOk);
    state.SetIterationTime(time.Seconds());
  }
  ReportOperations(state, kAreaPages);
}
BENCHMARK(MadviseDontneed)->Name("madvise_dontneed")->UseManualTime();

void MunmapPopulated(benchmark::State& state) {
  SimulatedProcess process;
  for (auto _ : state) {
    const VirtualAddress area = process.Map(kArea);
    process.Store(area, kArea);
    const Stopwatch time;
    process.Unmap(area, kArea);
    state.SetIterationTime(time.Seconds());
  }
  ReportOperations(state, kAreaPages);
}
BENCHMARK(MunmapPopulated)->Name("munmap_populated")->UseManualTime();

}  // namespace
}  // namespace memsim::bench
