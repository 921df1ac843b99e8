// The registry's numbers, read at one moment.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_COUNTER_SAMPLES_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_COUNTER_SAMPLES_H_

#include <vector>

#include "server/kernel/observe/counter.h"
#include "server/kernel/procfs/procfs.h"

namespace memsim {

// Ordered as observe/counter.h declares them.
std::vector<CounterSample> ReadCounters(const ProcView& view);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_COUNTER_SAMPLES_H_
