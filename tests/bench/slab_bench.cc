// Slab objects: one allocated and freed through the fast paths.

#include <benchmark/benchmark.h>

#include "server/base/check.h"
#include "server/kernel/machine_state.h"
#include "tests/bench/figure.h"
#include "tests/bench/simulated_process.h"

namespace memsim::bench {
namespace {

// As the kernel itself has them.
void KmemCacheAllocFree(benchmark::State& state) {
  MachineState machine(LargeSpec());
  MEMSIM_CHECK(machine.Boot().ok());
  for (auto _ : state) {
    const VirtualAddress object = machine.slabs.Alloc(KernelCache::kMmStruct, kGfpKernel);
    benchmark::DoNotOptimize(object);
    machine.slabs.Free(KernelCache::kMmStruct, object);
  }
  ReportOperations(state, 1);
}
BENCHMARK(KmemCacheAllocFree)->Name("kmem_cache_alloc_free");

// As a Call has them: what it gives back is looked at first.
void KmemCacheCallers(benchmark::State& state) {
  MachineState machine(LargeSpec());
  MEMSIM_CHECK(machine.Boot().ok());
  CacheDefinition definition;
  definition.name = "bench";
  definition.object_size = ByteCount(200);
  const CacheId cache = *machine.slabs.Create(definition);
  for (auto _ : state) {
    const VirtualAddress object = machine.slabs.AllocForCaller(cache, kGfpKernel);
    benchmark::DoNotOptimize(object);
    MEMSIM_CHECK(!machine.slabs.FreeCallers(cache, object).has_value());
  }
  ReportOperations(state, 1);
}
BENCHMARK(KmemCacheCallers)->Name("kmem_cache_callers");

}  // namespace
}  // namespace memsim::bench
