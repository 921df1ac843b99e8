#include "server/metrics/machine_metrics.h"

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/metrics/proc_text.h"

namespace memsim {
namespace {

constexpr double kBytesPerKib = 1024;

// A machine is one NUMA node.
constexpr char kOnlyNode[] = "0";

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

std::string HelpOf(const CounterSample& sample) { return absl::StrCat(sample.info->help, "."); }

const CounterInfo& InfoOf(Counter counter) { return kCounterInfo[static_cast<std::size_t>(counter)]; }

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

// promtool takes "sec" for an abbreviated unit. The page that it would count stands in meminfo too, as SecPageTables.
constexpr absl::string_view kRefusedVmstatRow = "nr_sec_page_table_pages";

// The names of the rows that are shown.
std::set<std::string> AddVmstat(absl::string_view text, MetricsPage& page) {
  std::set<std::string> names;
  for (const VmstatRow& row : ParseVmstat(text)) {
    if (row.name == kRefusedVmstatRow || !names.emplace(row.name).second) continue;
    page.family(absl::StrCat("node_vmstat_", row.name), MetricType::kUntyped,
                absl::StrCat("/proc/vmstat information field ", row.name, "."))
        .Add({}, row.value);
  }
  return names;
}

// The metric that node_exporter has for a counter of a zone; empty if it has none.
std::string ZoneinfoName(absl::string_view counter) {
  if (counter == "nr_free_pages") return "node_zoneinfo_nr_free_pages";
  for (const absl::string_view row : {"min", "low", "high", "spanned", "present", "managed"}) {
    if (counter == row) return absl::StrCat("node_zoneinfo_", row, "_pages");
  }
  return "";
}

void AddOrderSample(const CounterSample& sample, MetricsPage& page) {
  const std::string order = absl::StrCat(sample.order);
  if (sample.info->name == "free_blocks") {
    page.family("node_buddyinfo_blocks", MetricType::kGauge, "Count of free blocks according to size.")
        .Add({{"node", kOnlyNode}, {"size", order}, {"zone", sample.zone}}, ValueOf(sample));
  } else {
    page.family(MetricNameOf(*sample.info, CounterScope::kZone), TypeOf(*sample.info), HelpOf(sample))
        .Add({{"zone", sample.zone}, {"order", order}}, ValueOf(sample));
  }
}

void AddZoneSample(const CounterSample& sample, MetricsPage& page) {
  const std::string zoneinfo_name = ZoneinfoName(sample.info->name);
  if (!zoneinfo_name.empty()) {
    page.family(zoneinfo_name, MetricType::kGauge, HelpOf(sample))
        .Add({{"node", kOnlyNode}, {"zone", sample.zone}}, ValueOf(sample));
  } else {
    page.family(MetricNameOf(*sample.info, CounterScope::kZone), TypeOf(*sample.info), HelpOf(sample))
        .Add({{"zone", sample.zone}}, ValueOf(sample));
  }
}

void AddCpuSample(const CounterSample& sample, MetricsPage& page) {
  const std::string cpu = absl::StrCat(sample.cpu);
  page.family(MetricNameOf(*sample.info, CounterScope::kMachine), TypeOf(*sample.info), HelpOf(sample))
      .Add({{"cpu", cpu}}, ValueOf(sample));
}

// in_vmstat: the names of the counters that are shown already.
void AddRegistry(const std::vector<CounterSample>& samples, const std::set<std::string>& in_vmstat, MetricsPage& page) {
  for (const CounterSample& sample : samples) {
    if (sample.cpu >= 0) {
      AddCpuSample(sample, page);
    } else if (sample.order >= 0) {
      AddOrderSample(sample, page);
    } else if (!sample.zone.empty()) {
      AddZoneSample(sample, page);
    } else if (in_vmstat.count(std::string(sample.info->name)) == 0) {
      page.family(MetricNameOf(*sample.info, CounterScope::kMachine), TypeOf(*sample.info), HelpOf(sample))
          .Add({}, ValueOf(sample));
    }
  }
}

// Of a zone, on the server's page.
void AddZoneEssentials(const MachineName& name, const CounterSample& sample, MetricsPage& page) {
  MetricLabels labels = {{"machine", name.machine}, {"tenant", name.tenant}, {"zone", sample.zone}};
  const absl::string_view counter = sample.info->name;
  if (counter == "nr_free_pages") {
    page.family("memsim_machine_zone_free_pages", MetricType::kGauge, "Free pages of a zone.")
        .Add(labels, ValueOf(sample));
  } else if (counter == "min" || counter == "low" || counter == "high") {
    labels.push_back({"watermark", counter});
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

void AddMachine(const MachineReading& reading, MetricsPage& page) {
  page.family("memsim_virtual_seconds_total", MetricType::kCounter,
              "Virtual time since the machine booted, in seconds of its own clock.")
      .Add({}, Seconds(reading.virtual_time));
  page.family("memsim_host_memory_bytes", MetricType::kGauge,
              "Memory of the host that the machine's state takes, about, in bytes.")
      .Add({}, static_cast<double>(reading.host_memory.value()));
  AddMeminfo(reading.meminfo, page);
  AddRegistry(reading.counters, AddVmstat(reading.vmstat, page), page);
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
  for (const CounterSample& sample : reading.counters) {
    if (sample.order >= 0 || sample.cpu >= 0) continue;
    if (!sample.zone.empty()) {
      AddZoneEssentials(name, sample, page);
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
