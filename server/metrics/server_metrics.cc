#include "server/metrics/server_metrics.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/host/waiting.h"
#include "server/kernel/machine_spec.h"
#include "server/metrics/machine_metrics.h"
#include "server/metrics/machine_reading.h"
#include "server/metrics/metrics_page.h"
#include "server/metrics/process_metrics.h"

namespace memsim {
namespace {

void AddGauge(absl::string_view name, absl::string_view help, double value, MetricsPage& page) {
  page.family(name, MetricType::kGauge, help).Add({}, value);
}

void AddHost(const Host& host, MetricsPage& page) {
  page.family("memsim_build_info", MetricType::kGauge, "Always 1; what the server is built from, as labels.")
      .Add({{"compiler", __VERSION__}, {"model_version", absl::StrCat(kModelVersion)}}, 1);
  const HostLoad load = host.Load();
  const HostOptions& options = host.options();
  AddGauge("memsim_machines", "Machines that exist.", static_cast<double>(load.machines), page);
  AddGauge("memsim_machines_limit", "Machines that may exist.", static_cast<double>(options.max_machines), page);
  AddGauge("memsim_state_bytes", "Memory of the host that all machines' state takes, about, in bytes.",
           static_cast<double>(load.host_memory.value()), page);
  AddGauge("memsim_state_limit_bytes", "Memory of the host that all machines' state may take, in bytes.",
           static_cast<double>(load.max_host_memory.value()), page);
  AddGauge("memsim_pending_jobs", "Batches, boots and inspections that were accepted and have not ended.",
           static_cast<double>(load.pending_jobs), page);
  AddGauge("memsim_queued_bytes", "Memory of the batches that wait for machines.",
           static_cast<double>(load.queued_bytes), page);
  AddGauge("memsim_queued_limit_bytes", "Memory that the batches that wait for machines may take.",
           static_cast<double>(options.max_queued_bytes), page);
  AddGauge("memsim_workers", "Threads that run machines.", static_cast<double>(load.workers), page);
  AddGauge("memsim_draining", "1 while the server refuses new work because it is shutting down.",
           host.draining() ? 1 : 0, page);
}

std::size_t Beyond(std::size_t limit, std::size_t count) { return count > limit ? count - limit : 0; }

void AddLeftOut(std::size_t machine_count, std::size_t without_turn, MetricsPage& page) {
  auto family =
      page.family("memsim_machines_left_out", MetricType::kGauge,
                  "Machines that are not, or not wholly, on a page: beyond its limit, or without a turn in time.");
  family.Add({{"page", "metrics"}, {"reason", "limit"}},
             static_cast<double>(Beyond(ServerMetrics::kMaxMachinesOnServerPage, machine_count)));
  family.Add({{"page", "metrics"}, {"reason", "no_turn"}}, static_cast<double>(without_turn));
  family.Add({{"page", "sd"}, {"reason", "limit"}},
             static_cast<double>(Beyond(ServerMetrics::kMaxDiscoveredMachines, machine_count)));
}

}  // namespace

const char* const ServerMetrics::kContentType = MetricsPage::kContentType;

std::string ServerMetrics::ServerPage(std::chrono::steady_clock::time_point deadline) const {
  MetricsPage page;
  AddHost(host_, page);
  AddProcessMetrics(page);
  rpc_metrics_.AddTo(page);

  const std::vector<MachineInfo> machines = host_.ListMachines(kAnyTenant, nullptr, kMaxMachinesOnServerPage);
  std::vector<MachineName> names;
  names.reserve(machines.size());
  for (const MachineInfo& machine : machines) names.push_back(machine.name);
  const std::map<MachineName, MachineReading> readings = ReadMachines(host_, names, deadline);
  for (const MachineInfo& machine : machines) AddMachineInfo(machine, page);
  for (const auto& [name, reading] : readings) AddMachineEssentials(name, reading, page);
  AddLeftOut(host_.Load().machines, machines.size() - readings.size(), page);
  return page.Render();
}

absl::StatusOr<std::string> ServerMetrics::MachinePage(absl::string_view name,
                                                       std::chrono::steady_clock::time_point deadline) const {
  const absl::StatusOr<MachineName> parsed = MachineName::Parse(name);
  if (!parsed.ok()) return parsed.status();
  MachineReading reading;
  const absl::Status status = InspectAndWait(host_, name, deadline, [&reading](const Machine& machine) {
    reading = MachineReading::Of(machine, ReadingDepth::kEverything);
  });
  if (!status.ok()) return status;
  MetricsPage page;
  AddMachine(*parsed, reading, page);
  return page.Render();
}

}  // namespace memsim
