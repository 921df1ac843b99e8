// fork of a process with much memory. The child's end is outside of the time.

#include <benchmark/benchmark.h>

#include "tests/bench/figure.h"
#include "tests/bench/simulated_process.h"

namespace memsim::bench {
namespace {

void Fork(benchmark::State& state) {
  SimulatedProcess process;
  process.Store(process.Map(PageCount(kForkPages)), PageCount(kForkPages));
  for (auto _ : state) {
    const Stopwatch time;
    const Pid child = process.Fork();
    state.SetIterationTime(time.Seconds());
    process.EndChild(child);
  }
  ReportOperations(state, 1);
}
BENCHMARK(Fork)->Name("fork")->UseManualTime();

}  // namespace
}  // namespace memsim::bench
