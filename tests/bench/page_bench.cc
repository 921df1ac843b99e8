// Page frames: a page through the allocator's fast path.

#include <benchmark/benchmark.h>

#include "server/base/check.h"
#include "server/kernel/machine_state.h"
#include "tests/bench/figure.h"
#include "tests/bench/simulated_process.h"

namespace memsim::bench {
namespace {

void PageAllocFree(benchmark::State& state) {
  MachineState machine(LargeSpec());
  MEMSIM_CHECK(machine.Boot().ok());
  for (auto _ : state) {
    const auto pfn = machine.pages.AllocPages(kGfpHighuserMovable, Order(0), PageOwner::kCaller);
    benchmark::DoNotOptimize(pfn);
    machine.pages.FreePages(*pfn, Order(0));
  }
  ReportOperations(state, 1);
}
BENCHMARK(PageAllocFree)->Name("page_alloc_free");

}  // namespace
}  // namespace memsim::bench
