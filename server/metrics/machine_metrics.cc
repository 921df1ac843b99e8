#include "server/metrics/machine_metrics.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/metrics/counter_info.h"
#include "server/metrics/node_exporter_metrics.h"

namespace memsim {
namespace {

constexpr double kBytesPerKib = 1024;

double Seconds(Nanoseconds time) { return static_cast<double>(time.value()) / kNanosecondsPerSecond; }

// Prometheus wants base units, and each unit in the name.
struct BaseUnit {
  absl::string_view suffix;
  double scale;
};
BaseUnit BaseUnitOf(absl::string_view unit) {
  if (unit == "KiB") return {"bytes", kBytesPerKib};
  if (unit == "bytes") return {"bytes", 1};
  if (unit == "pages") return {"pages", 1};
  if (unit == "ns") return {"seconds", 1 / kNanosecondsPerSecond};
  // Events, calls, tasks: the name says what is counted.
  return {"", 1};
}

MetricType TypeOf(const CounterInfo& info) {
  return info.kind == CounterKind::kCumulative ? MetricType::kCounter : MetricType::kGauge;
}

double ValueOf(const CounterSample& sample) {
  return static_cast<double>(sample.value) * BaseUnitOf(sample.info->unit).scale;
}

// node_exporter has no name for it.
void AddSample(const CounterSample& sample, MetricsPage& page) {
  const CounterScope scope = sample.zone.empty() ? CounterScope::kMachine : CounterScope::kZone;
  MetricLabels labels;
  const std::string cpu = absl::StrCat(sample.cpu);
  const std::string order = absl::StrCat(sample.order);
  if (!sample.zone.empty()) labels.push_back({"zone", sample.zone});
  if (sample.order >= 0) labels.push_back({"order", order});
  if (sample.cpu >= 0) labels.push_back({"cpu", cpu});
  if (!sample.lock_class.empty()) labels.push_back({"class", sample.lock_class});
  page.family(MetricNameOf(*sample.info, scope), TypeOf(*sample.info), HelpOf(*sample.info))
      .Add(labels, ValueOf(sample));
}

// Of a zone, on the server's page.
void AddZoneEssentials(const MachineName& name, const CounterSample& sample, MetricsPage& page) {
  MetricLabels labels = {{"machine", name.machine}, {"tenant", name.tenant}, {"zone", sample.zone}};
  const auto is = [&sample](ZoneCounter counter) { return sample.info == &InfoOf(counter); };
  if (is(ZoneCounter::kFree)) {
    page.family("memsim_machine_zone_free_pages", MetricType::kGauge, "Free pages of a zone.")
        .Add(labels, ValueOf(sample));
  } else if (is(ZoneCounter::kMin) || is(ZoneCounter::kLow) || is(ZoneCounter::kHigh)) {
    labels.push_back({"watermark", sample.info->name});
    page.family("memsim_machine_zone_watermark_pages", MetricType::kGauge,
                "Pages that a zone's free ones are held against, by watermark.")
        .Add(labels, ValueOf(sample));
  }
}

}  // namespace

std::string MetricNameOf(const CounterInfo& info, CounterScope scope) {
  std::string name = absl::StrCat(scope == CounterScope::kZone ? "memsim_zone_" : "memsim_", info.name);
  const absl::string_view unit = BaseUnitOf(info.unit).suffix;
  if (!unit.empty() && !absl::EndsWith(name, absl::StrCat("_", unit))) absl::StrAppend(&name, "_", unit);
  if (info.kind == CounterKind::kCumulative) absl::StrAppend(&name, "_total");
  return name;
}

void AddMachine(const MachineName& name, const MachineReading& reading, MetricsPage& page) {
  page.family("memsim_virtual_seconds_total", MetricType::kCounter,
              "Virtual time since the machine booted, in seconds of its own clock.")
      .Add({}, Seconds(reading.virtual_time));
  page.family("memsim_host_memory_bytes", MetricType::kGauge,
              "Memory of the host that the machine's state takes, about, in bytes.")
      .Add({}, static_cast<double>(reading.host_memory.value()));
  const std::set<const CounterInfo*> shown = AddNodeExporterMetrics(name, reading, page);
  for (const CounterSample& sample : reading.counters) {
    if (shown.count(sample.info) == 0) AddSample(sample, page);
  }
}

void AddMachineInfo(const MachineInfo& info, MetricsPage& page) {
  const MetricLabels labels = {{"machine", info.name.machine}, {"tenant", info.name.tenant}};
  const auto add = [&](absl::string_view name, MetricType type, absl::string_view help, double value) {
    page.family(name, type, help).Add(labels, value);
  };
  add("memsim_machine_calls_total", MetricType::kCounter, "Calls that the machine has executed.",
      static_cast<double>(info.sequence));
  add("memsim_machine_virtual_seconds_total", MetricType::kCounter,
      "Virtual time since the machine booted, in seconds of its own clock.", Seconds(info.virtual_time));
  add("memsim_machine_host_memory_bytes", MetricType::kGauge,
      "Memory of the host that the machine's state takes, about, in bytes.",
      static_cast<double>(info.host_memory.value()));
  add("memsim_machine_queued_batches", MetricType::kGauge,
      "Batches that wait for the machine, the running one included.", static_cast<double>(info.queued_jobs));
  add("memsim_machine_cpus", MetricType::kGauge, "Simulated CPUs.", info.spec.cpu_count);
  add("memsim_machine_memory_bytes", MetricType::kGauge, "Simulated memory that is installed, in bytes.",
      static_cast<double>(info.spec.memory.value()));
}

void AddMachineEssentials(const MachineName& name, const MachineReading& reading, MetricsPage& page) {
  const MetricLabels labels = {{"machine", name.machine}, {"tenant", name.tenant}};
  // Zones without memory have watermarks, which mean nothing.
  std::set<absl::string_view> zones;
  for (const CounterSample& sample : reading.counters) {
    if (sample.info == &InfoOf(ZoneCounter::kFree)) zones.insert(sample.zone);
  }
  for (const CounterSample& sample : reading.counters) {
    if (sample.order >= 0) continue;
    if (!sample.zone.empty()) {
      if (zones.count(sample.zone) != 0) AddZoneEssentials(name, sample, page);
    } else if (sample.info == &InfoOf(Counter::kPgFault)) {
      page.family("memsim_machine_page_faults_total", MetricType::kCounter, "Page faults, major ones included.")
          .Add(labels, ValueOf(sample));
    } else if (sample.info == &InfoOf(Counter::kPgMajFault)) {
      page.family("memsim_machine_major_page_faults_total", MetricType::kCounter, "Page faults that needed input.")
          .Add(labels, ValueOf(sample));
    }
  }
}

}  // namespace memsim
