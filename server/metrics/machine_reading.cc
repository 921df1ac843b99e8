#include "server/metrics/machine_reading.h"

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"

#include "server/base/mutex.h"

namespace memsim {
namespace {

// Readings that arrive on the host's workers while one thread waits. It outlives the wait, as late ones still arrive.
class Collection {
 public:
  explicit Collection(std::size_t expected) : outstanding_(expected) {}

  void Arrive(const MachineName& name, const absl::StatusOr<const Machine*>& machine) {
    {
      MutexLock lock(mutex_);
      if (closed_) return;
    }
    // Read without the lock, so that machines on several workers are read at once.
    MachineReading reading;
    if (machine.ok()) reading = MachineReading::Of(**machine, ReadingDepth::kCounters);
    MutexLock lock(mutex_);
    if (closed_) return;
    if (machine.ok()) readings_.emplace(name, std::move(reading));
    if (--outstanding_ == 0) all_arrived_.NotifyAll();
  }

  std::map<MachineName, MachineReading> Take(std::chrono::steady_clock::time_point deadline) {
    MutexLock lock(mutex_);
    while (outstanding_ > 0 && all_arrived_.WaitUntil(mutex_, deadline)) {
    }
    closed_ = true;
    return std::move(readings_);
  }

 private:
  Mutex mutex_;
  CondVar all_arrived_;
  std::size_t outstanding_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<MachineName, MachineReading> readings_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

MachineReading MachineReading::Of(const Machine& machine, ReadingDepth depth) {
  MachineReading reading;
  reading.counters = machine.ReadCounters();
  reading.virtual_time = machine.now();
  reading.host_memory = machine.HostMemory();
  if (depth == ReadingDepth::kEverything) {
    reading.meminfo = machine.ReadProc("meminfo").value_or("");
    reading.vmstat = machine.ReadProc("vmstat").value_or("");
    reading.slabinfo = machine.ReadProc("slabinfo").value_or("");
  }
  return reading;
}

std::map<MachineName, MachineReading> ReadMachines(Host& host, const std::vector<MachineName>& names,
                                                   std::chrono::steady_clock::time_point deadline) {
  const auto collection = std::make_shared<Collection>(names.size());
  for (const MachineName& name : names) {
    host.Inspect(name.ToString(), [collection, name](const absl::StatusOr<const Machine*>& machine) {
      collection->Arrive(name, machine);
    });
  }
  return collection->Take(deadline);
}

}  // namespace memsim
