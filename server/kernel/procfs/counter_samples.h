// The registry's numbers, read at one moment.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_COUNTER_SAMPLES_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_COUNTER_SAMPLES_H_

#include <vector>

#include "server/kernel/observe/counter.h"
#include "server/kernel/procfs/proc_view.h"

namespace memsim {

// Every number, ordered as observe/counter.h declares them: those of the machine, then each of the zones' for the zones
// from the lowest up, then the orders' likewise, then each of the CPUs' for all CPUs, then each of the locks' for all
// their classes. Of a zone without memory are left out what zoneinfo leaves out, and its blocks. It has counts of
// events, because an allocation can stall for the zone that would serve it best even if that is empty.
std::vector<CounterSample> ReadCounters(const ProcView& view);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_COUNTER_SAMPLES_H_
