// What can be said about a hosted machine without waiting for it.

#ifndef MEMSIM_SERVER_HOST_MACHINE_INFO_H_
#define MEMSIM_SERVER_HOST_MACHINE_INFO_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "server/base/units.h"
#include "server/host/machine_name.h"
#include "server/kernel/machine_spec.h"

namespace memsim {

struct MachineInfo {
  MachineName name;
  // Never used again, also after the name is, nor by another run of the server.
  std::string uid;
  // With every default filled in.
  MachineSpec spec;
  std::chrono::system_clock::time_point create_time;

  // As of the end of the machine's last turn.
  std::uint64_t sequence = 0;
  Nanoseconds virtual_time;
  ByteCount host_memory;

  // What waits for the machine now, the batch that is running included.
  std::size_t queued_jobs = 0;
};

// The host as a whole, for metrics and operators.
struct HostLoad {
  std::size_t machines = 0;
  // Of all machines, as of their last turns, and the cap.
  ByteCount host_memory;
  ByteCount max_host_memory;
  // Batches, boots and inspections that were accepted and have not ended.
  std::size_t pending_jobs = 0;
  // Memory of the batches among them, and of those that streams have read ahead.
  std::size_t queued_bytes = 0;
  std::size_t workers = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_MACHINE_INFO_H_
