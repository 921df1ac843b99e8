// A machine as node_exporter would show a real one, so that what was made for its names works here: dashboards, rules,
// habits. A family has its name, its type and its labels.
//
//   node_uname_info                       collector uname; the node's name is the machine's
//   node_cpu_seconds_total                cpu: a CPU is idle, or in a call, and that is the system's work
//   node_context_switches_total, node_forks_total     stat
//   node_memory_MemFree_bytes             meminfo
//   node_vmstat_pgfault                   vmstat, all of its rows
//   node_zoneinfo_low_pages               zoneinfo
//   node_buddyinfo_blocks                 buddyinfo
//   node_slabinfo_active_objects          slabinfo
//
// What promtool says of some of these names it says of node_exporter's pages too.
// tests/end_to_end/node_exporter_test.py has node_exporter read a machine's /proc, compares, and names what is not
// here.

#ifndef MEMSIM_SERVER_METRICS_NODE_EXPORTER_METRICS_H_
#define MEMSIM_SERVER_METRICS_NODE_EXPORTER_METRICS_H_

#include <cstddef>
#include <set>

#include "server/host/machine_name.h"
#include "server/kernel/observe/counter.h"
#include "server/metrics/machine_reading.h"
#include "server/metrics/metrics_page.h"

namespace memsim {

// Slab caches on a page, five series each: more than a kernel has by itself. Clients create caches, and name them; of
// more than this the newest are left out.
inline constexpr std::size_t kMaxSlabCachesOnPage = 1000;

// REQUIRES: the reading has everything. The counters of the registry that the page now has under these names.
std::set<const CounterInfo*> AddNodeExporterMetrics(const MachineName& name, const MachineReading& reading,
                                                    MetricsPage& page);

}  // namespace memsim

#endif  // MEMSIM_SERVER_METRICS_NODE_EXPORTER_METRICS_H_
