#include "server/metrics/machine_metrics.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/metrics/proc_text.h"

namespace memsim {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;
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

void AddMeminfo(absl::string_view text, MetricsPage& page) {
  for (const MeminfoRow& row : ParseMeminfo(text)) {
    if (row.unit == MeminfoUnit::kBytes) {
      page.family("memsim_meminfo_bytes", MetricType::kGauge,
                  "Rows of the machine's /proc/meminfo, in bytes; node_exporter's node_memory_<row>_bytes.")
          .Add({{"row", row.name}}, row.value);
    } else {
      page.family("memsim_meminfo_huge_pages", MetricType::kGauge,
                  "Rows of the machine's /proc/meminfo without a unit; node_exporter's node_memory_<row>.")
          .Add({{"row", row.name}}, row.value);
    }
  }
}

// The names of the rows.
std::set<std::string> AddVmstat(absl::string_view text, MetricsPage& page) {
  std::set<std::string> names;
  for (const VmstatRow& row : ParseVmstat(text)) {
    if (!names.emplace(row.name).second) continue;
    page.family(absl::StrCat("node_vmstat_", row.name), MetricType::kUntyped,
                absl::StrCat("/proc/vmstat information field ", row.name, "."))
        .Add({}, row.value);
  }
  return names;
}

void AddBuddyinfo(absl::string_view text, MetricsPage& page) {
  for (const BuddyinfoRow& row : ParseBuddyinfo(text)) {
    for (std::size_t order = 0; order < row.free_blocks.size(); ++order) {
      page.family("node_buddyinfo_blocks", MetricType::kGauge, "Count of free blocks according to size.")
          .Add({{"node", row.node}, {"size", absl::StrCat(order)}, {"zone", row.zone}}, row.free_blocks[order]);
    }
  }
}

void AddZoneinfo(absl::string_view text, MetricsPage& page) {
  for (const ZoneinfoRow& row : ParseZoneinfo(text)) {
    const std::string name = row.name == "free" ? "nr_free_pages" : absl::StrCat(row.name, "_pages");
    page.family(absl::StrCat("node_zoneinfo_", name), MetricType::kGauge,
                absl::StrCat("Pages that the row ", row.name, " of the machine's /proc/zoneinfo shows."))
        .Add({{"node", row.node}, {"zone", row.zone}}, row.pages);
  }
}

void AddRegistry(const std::vector<CounterSample>& samples, const std::set<std::string>& shown, MetricsPage& page) {
  for (const CounterSample& sample : samples) {
    const bool of_zone = !sample.zone.empty();
    if (!of_zone && shown.count(std::string(sample.info->name)) > 0) continue;
    MetricLabels labels;
    if (of_zone) labels.push_back({"zone", sample.zone});
    const std::string order = absl::StrCat(sample.order);
    if (sample.order >= 0) labels.push_back({"order", order});
    page.family(MetricNameOf(*sample.info, of_zone ? CounterScope::kZone : CounterScope::kMachine),
                TypeOf(*sample.info), absl::StrCat(sample.info->help, "."))
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

void AddMachine(const MachineReading& reading, MetricsPage& page) {
  page.family("memsim_virtual_seconds_total", MetricType::kCounter,
              "Virtual time since the machine booted, in seconds of its own clock.")
      .Add({}, Seconds(reading.virtual_time));
  page.family("memsim_host_memory_bytes", MetricType::kGauge,
              "Memory of the host that the machine's state takes, about, in bytes.")
      .Add({}, static_cast<double>(reading.host_memory.value()));
  AddMeminfo(reading.meminfo, page);
  AddBuddyinfo(reading.buddyinfo, page);
  AddZoneinfo(reading.zoneinfo, page);
  const std::set<std::string> shown = AddVmstat(reading.vmstat, page);
  AddRegistry(reading.counters, shown, page);
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
  for (const CounterSample& sample : reading.counters) {
    MetricLabels labels = {{"machine", name.machine}, {"tenant", name.tenant}};
    if (sample.info == &kCounterInfo[static_cast<std::size_t>(Counter::kPgFault)]) {
      page.family("memsim_machine_page_faults_total", MetricType::kCounter, "Page faults, major ones included.")
          .Add(labels, ValueOf(sample));
    } else if (sample.info == &kCounterInfo[static_cast<std::size_t>(Counter::kPgMajFault)]) {
      page.family("memsim_machine_major_page_faults_total", MetricType::kCounter, "Page faults that needed input.")
          .Add(labels, ValueOf(sample));
    } else if (!sample.zone.empty() && sample.order < 0 && sample.info->unit == "pages" &&
               sample.info->kind == CounterKind::kGauge) {
      labels.push_back({"zone", sample.zone});
      labels.push_back({"row", sample.info->name});
      page.family("memsim_machine_zone_pages", MetricType::kGauge,
                  "Pages of a zone by row: free ones, and the watermarks that they are held against.")
          .Add(labels, ValueOf(sample));
    }
  }
}

}  // namespace memsim
