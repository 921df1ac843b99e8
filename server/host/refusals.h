// The refusals that more than one place gives, so that they are always the same words.

#ifndef MEMSIM_SERVER_HOST_REFUSALS_H_
#define MEMSIM_SERVER_HOST_REFUSALS_H_

#include "absl/status/status.h"

#include "server/host/host_memory_meter.h"
#include "server/host/machine_name.h"

namespace memsim {

// SERVER_DRAINING.
absl::Status ServerDraining();
// HOST_MEMORY_EXHAUSTED.
absl::Status HostMemoryExhausted(const HostMemoryMeter& meter);
// MACHINE_DELETED.
absl::Status MachineDeleted(const MachineName& name);

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_REFUSALS_H_
