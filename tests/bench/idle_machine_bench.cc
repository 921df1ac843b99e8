// What a machine costs that has booted and done nothing.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <memory>

#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/host/host.h"
#include "tests/bench/figure.h"
#include "tests/bench/simulated_process.h"

namespace memsim::bench {
namespace {

constexpr int kManyMachines = 10'000;

void CreateMachine(benchmark::State& state) {
  for (auto _ : state) {
    const Stopwatch time;
    const std::unique_ptr<Machine> machine = *Machine::Create(LargeSpec());
    state.SetIterationTime(time.Seconds());
  }
  ReportOperations(state, 1);
}
BENCHMARK(CreateMachine)->Name("create_machine")->UseManualTime();

void IdleMachineMemory(benchmark::State& state) {
  const std::unique_ptr<Machine> machine = *Machine::Create(LargeSpec());
  for (auto _ : state) benchmark::DoNotOptimize(machine->HostMemory());
  ReportFigure(state, static_cast<double>(machine->HostMemory().value()));
}
BENCHMARK(IdleMachineMemory)->Name("idle_machine_memory");

// --- As a server has them: with their names, queues, and the registry.

void FillHost(Host& host) {
  for (int i = 0; i < kManyMachines; ++i) {
    std::promise<bool> created;
    host.CreateMachine(kDefaultTenant, absl::StrCat("idle-", i), LargeSpec(),
                       [&created](const absl::StatusOr<MachineInfo>& info) { created.set_value(info.ok()); });
    MEMSIM_CHECK(created.get_future().get(), i);
  }
}

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void ManyMachinesMemory(benchmark::State& state) {
  double bytes = 0;
  for (auto _ : state) {
    Host host{HostOptions()};
    const double before = ResidentBytes();
    FillHost(host);
    bytes = ResidentBytes() - before;
  }
  ReportFigure(state, bytes / kManyMachines);
}
BENCHMARK(ManyMachinesMemory)->Name("many_machines_memory")->Iterations(1);

void ManyMachinesCreate(benchmark::State& state) {
  for (auto _ : state) {
    Host host{HostOptions()};
    const auto start = std::chrono::steady_clock::now();
    FillHost(host);
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  ReportOperations(state, kManyMachines);
}
BENCHMARK(ManyMachinesCreate)->Name("many_machines_create")->Iterations(1)->UseManualTime();

}  // namespace
}  // namespace memsim::bench
