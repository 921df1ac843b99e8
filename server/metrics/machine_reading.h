// What was read of a machine at one moment between two of its calls, so that a page is made of it while the machine
// works on.

#ifndef MEMSIM_SERVER_METRICS_MACHINE_READING_H_
#define MEMSIM_SERVER_METRICS_MACHINE_READING_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "server/base/units.h"
#include "server/host/host.h"
#include "server/host/machine_name.h"
#include "server/kernel/machine.h"
#include "server/kernel/observe/counter.h"

namespace memsim {

// kCounters reads the registry, in microseconds. kEverything renders /proc text too: a fraction of a millisecond, and a
// few where somebody has made thousands of slab caches, whatever the machine's size. What walks over its memory
// (zoneinfo, digests) has no place between two calls.
enum class ReadingDepth : std::uint8_t { kCounters, kEverything };

struct MachineReading {
  std::vector<CounterSample> counters;
  Nanoseconds virtual_time;
  ByteCount host_memory;

  // Files of its /proc; empty unless everything was read.
  std::string meminfo;
  std::string vmstat;
  std::string slabinfo;

  static MachineReading Of(const Machine& machine, ReadingDepth depth);
};

// The counters of many machines, each at its own next turn. Machines that are gone, or that had no turn before the
// deadline, are not in the answer. Blocks: not for gRPC's callback threads or workers.
std::map<MachineName, MachineReading> ReadMachines(Host& host, const std::vector<MachineName>& names,
                                                   std::chrono::steady_clock::time_point deadline);

}  // namespace memsim

#endif  // MEMSIM_SERVER_METRICS_MACHINE_READING_H_
