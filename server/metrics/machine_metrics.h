// One machine's numbers on pages of metrics.
//
// On its own page a machine looks as node_exporter would show a real one, where node_exporter has a name
// (node_exporter_metrics.h). Every other counter of the registry is a memsim_* with the labels zone, order, cpu or
// class (of locks), if it is of one.
//
// On the server's page only the essentials of a machine stand, with its name as labels.

#ifndef MEMSIM_SERVER_METRICS_MACHINE_METRICS_H_
#define MEMSIM_SERVER_METRICS_MACHINE_METRICS_H_

#include <string>

#include "server/host/machine_info.h"
#include "server/kernel/observe/counter.h"
#include "server/metrics/machine_reading.h"
#include "server/metrics/metrics_page.h"

namespace memsim {

// The name that a registry's counter has on a machine's own page: memsim_ and zone_ if it is of a zone, its Linux name,
// its unit where the name does not say it, _total if it only grows. "memsim_calls_total", "memsim_committed_as_pages".
enum class CounterScope { kMachine, kZone };
std::string MetricNameOf(const CounterInfo& info, CounterScope scope);

// Everything about a machine, as its own page shows it. REQUIRES: the reading has everything.
void AddMachine(const MachineName& name, const MachineReading& reading, MetricsPage& page);

// What is known of a machine without waiting for its turn.
void AddMachineInfo(const MachineInfo& info, MetricsPage& page);

// The essentials of what takes a turn to know.
void AddMachineEssentials(const MachineName& name, const MachineReading& reading, MetricsPage& page);

}  // namespace memsim

#endif  // MEMSIM_SERVER_METRICS_MACHINE_METRICS_H_
