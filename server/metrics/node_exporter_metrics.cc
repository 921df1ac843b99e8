#include "server/metrics/node_exporter_metrics.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/metrics/counter_info.h"
#include "server/metrics/proc_text.h"

namespace memsim {
namespace {

using CounterSet = std::set<const CounterInfo*>;

// A machine is one NUMA node.
constexpr char kOnlyNode[] = "0";

// Calls visit(const CounterSample&) for the samples of a counter.
template <typename AnyCounter, typename Visitor>
void ForEachSample(const MachineReading& reading, AnyCounter counter, Visitor visit) {
  for (const CounterSample& sample : reading.counters) {
    if (sample.info == &InfoOf(counter)) visit(sample);
  }
}

void AddUname(const MachineName& name, MetricsPage& page) {
  page.family("node_uname_info", MetricType::kGauge, "Always 1; what uname(2) says of the simulated Linux, as labels.")
      .Add({{"domainname", "(none)"},
            {"machine", "x86_64"},
            {"nodename", name.machine},
            {"release", "6.18.0"},
            {"sysname", "Linux"},
            {"version", "#1 SMP"}},
           1);
}

void AddCpuSeconds(const MachineReading& reading, MetricsPage& page) {
  auto family = page.family("node_cpu_seconds_total", MetricType::kCounter,
                            "Virtual seconds of each CPU by mode: idle, or in calls, which is system.");
  const auto add = [&family](const CounterSample& sample, absl::string_view mode) {
    family.Add({{"cpu", absl::StrCat(sample.cpu)}, {"mode", mode}},
               static_cast<double>(sample.value) / kNanosecondsPerSecond);
  };
  ForEachSample(reading, CpuCounter::kIdle, [&add](const CounterSample& sample) { add(sample, "idle"); });
  ForEachSample(reading, CpuCounter::kBusy, [&add](const CounterSample& sample) { add(sample, "system"); });
  // Nobody else takes a CPU's time: programs take none between their calls, and there are no interrupts.
  ForEachSample(reading, CpuCounter::kBusy, [&family](const CounterSample& sample) {
    for (const char* mode : {"iowait", "irq", "nice", "softirq", "steal", "user"}) {
      family.Add({{"cpu", absl::StrCat(sample.cpu)}, {"mode", mode}}, 0);
    }
  });
}

CounterSet AddStat(const MachineReading& reading, MetricsPage& page) {
  AddCpuSeconds(reading, page);
  double switches = 0;
  ForEachSample(reading, CpuCounter::kContextSwitches,
                [&switches](const CounterSample& sample) { switches += static_cast<double>(sample.value); });
  page.family("node_context_switches_total", MetricType::kCounter, "Context switches of all CPUs.").Add({}, switches);
  ForEachSample(reading, Counter::kProcesses, [&page](const CounterSample& sample) {
    page.family("node_forks_total", MetricType::kCounter, HelpOf(*sample.info))
        .Add({}, static_cast<double>(sample.value));
  });
  return {&InfoOf(CpuCounter::kIdle), &InfoOf(CpuCounter::kBusy), &InfoOf(Counter::kProcesses)};
}

void AddMeminfo(absl::string_view text, MetricsPage& page) {
  for (const MeminfoRow& row : ParseMeminfo(text)) {
    const std::string name = absl::StrCat(row.name, row.unit == MeminfoUnit::kBytes ? "_bytes" : "");
    page.family(absl::StrCat("node_memory_", name), MetricType::kGauge,
                absl::StrCat("Memory information field ", name, "."))
        .Add({}, row.value);
  }
}

using VmstatValues = std::map<absl::string_view, double>;

CounterSet AddVmstat(absl::string_view text, VmstatValues& values, MetricsPage& page) {
  for (const VmstatRow& row : ParseVmstat(text)) {
    if (!values.emplace(row.name, row.value).second) continue;
    page.family(absl::StrCat("node_vmstat_", row.name), MetricType::kUntyped,
                absl::StrCat("/proc/vmstat information field ", row.name, "."))
        .Add({}, row.value);
  }
  CounterSet shown;
  for (const CounterInfo& info : kCounterInfo) {
    if (values.count(info.name) != 0) shown.insert(&info);
  }
  return shown;
}

// What node_exporter calls a row of a zone, after node_zoneinfo_.
struct ZoneRow {
  ZoneCounter counter;
  absl::string_view name;
};
constexpr ZoneRow kZoneRows[] = {
    {ZoneCounter::kFree, "nr_free_pages"},
    {ZoneCounter::kMin, "min_pages"},
    {ZoneCounter::kLow, "low_pages"},
    {ZoneCounter::kHigh, "high_pages"},
    {ZoneCounter::kSpanned, "spanned_pages"},
    {ZoneCounter::kPresent, "present_pages"},
    {ZoneCounter::kManaged, "managed_pages"},
    {ZoneCounter::kProtectionFromDma, "protection_0"},
    {ZoneCounter::kProtectionFromDma32, "protection_1"},
    {ZoneCounter::kProtectionFromNormal, "protection_2"},
    {ZoneCounter::kProtectionFromMovable, "protection_3"},
    {ZoneCounter::kProtectionFromDevice, "protection_4"},
};

// Rows of the node, which are rows of vmstat too: a machine has one node.
struct NodeRow {
  absl::string_view row;
  absl::string_view name;
  MetricType type = MetricType::kGauge;
};
constexpr NodeRow kNodeRows[] = {
    {"nr_active_anon", "nr_active_anon_pages"},
    {"nr_active_file", "nr_active_file_pages"},
    {"nr_anon_pages", "nr_anon_pages"},
    {"nr_anon_transparent_hugepages", "nr_anon_transparent_hugepages"},
    {"nr_dirtied", "nr_dirtied_total", MetricType::kCounter},
    {"nr_dirty", "nr_dirty_pages"},
    {"nr_file_pages", "nr_file_pages"},
    {"nr_inactive_anon", "nr_inactive_anon_pages"},
    {"nr_inactive_file", "nr_inactive_file_pages"},
    {"nr_isolated_anon", "nr_isolated_anon_pages"},
    {"nr_isolated_file", "nr_isolated_file_pages"},
    // KiB, whatever the name promises.
    {"nr_kernel_stack", "nr_kernel_stacks"},
    {"nr_mapped", "nr_mapped_pages"},
    {"nr_shmem", "nr_shmem_pages"},
    {"nr_slab_reclaimable", "nr_slab_reclaimable_pages"},
    {"nr_slab_unreclaimable", "nr_slab_unreclaimable_pages"},
    {"nr_unevictable", "nr_unevictable_pages"},
    {"nr_writeback", "nr_writeback_pages"},
    {"nr_written", "nr_written_total", MetricType::kCounter},
};

constexpr absl::string_view kNumaRows[] = {"numa_foreign", "numa_hit",  "numa_interleave",
                                           "numa_local",   "numa_miss", "numa_other"};

void AddNumaRows(const std::vector<absl::string_view>& zones, MetricsPage& page) {
  for (const absl::string_view row : kNumaRows) {
    auto family = page.family(absl::StrCat("node_zoneinfo_", row, "_total"), MetricType::kCounter,
                              absl::StrCat("Row ", row, " of /proc/zoneinfo: not counted, as with vm.numa_stat=0."));
    for (const absl::string_view zone : zones) family.Add({{"node", kOnlyNode}, {"zone", zone}}, 0);
  }
}

// The text of zoneinfo is not read, as that takes a walk over the machine's pages.
CounterSet AddZoneinfo(const MachineReading& reading, const VmstatValues& vmstat, MetricsPage& page) {
  CounterSet shown;
  for (const ZoneRow& row : kZoneRows) {
    shown.insert(&InfoOf(row.counter));
    ForEachSample(reading, row.counter, [&](const CounterSample& sample) {
      page.family(absl::StrCat("node_zoneinfo_", row.name), MetricType::kGauge, HelpOf(*sample.info))
          .Add({{"node", kOnlyNode}, {"zone", sample.zone}}, static_cast<double>(sample.value));
    });
  }
  std::vector<absl::string_view> zones_with_memory;
  ForEachSample(reading, ZoneCounter::kFree,
                [&zones_with_memory](const CounterSample& sample) { zones_with_memory.push_back(sample.zone); });
  if (zones_with_memory.empty()) return shown;
  // zoneinfo shows them in the first of these zones, so that is where node_exporter has them from.
  for (const NodeRow& row : kNodeRows) {
    const auto value = vmstat.find(row.row);
    if (value == vmstat.end()) continue;
    page.family(absl::StrCat("node_zoneinfo_", row.name), row.type,
                absl::StrCat("Row ", row.row, " of /proc/zoneinfo, of all zones together."))
        .Add({{"node", kOnlyNode}, {"zone", zones_with_memory.front()}}, value->second);
  }
  AddNumaRows(zones_with_memory, page);
  return shown;
}

CounterSet AddBuddyinfo(const MachineReading& reading, MetricsPage& page) {
  ForEachSample(reading, OrderCounter::kFreeBlocks, [&page](const CounterSample& sample) {
    page.family("node_buddyinfo_blocks", MetricType::kGauge, "Count of free blocks according to size.")
        .Add({{"node", kOnlyNode}, {"size", absl::StrCat(sample.order)}, {"zone", sample.zone}},
             static_cast<double>(sample.value));
  });
  return {&InfoOf(OrderCounter::kFreeBlocks)};
}

void AddSlabinfo(absl::string_view text, MetricsPage& page) {
  // The newest cache first. An older one may have the same name, whose own is gone but for its aliases: a series has
  // one value, that of the newest.
  std::vector<SlabinfoRow> rows = ParseSlabinfo(text);
  const std::size_t all = rows.size();
  std::set<std::string> names;
  rows.erase(std::remove_if(rows.begin(), rows.end(),
                            [&names](const SlabinfoRow& row) { return !names.insert(std::string(row.name)).second; }),
             rows.end());
  const std::size_t first = rows.size() > kMaxSlabCachesOnPage ? rows.size() - kMaxSlabCachesOnPage : 0;
  const auto add = [&](absl::string_view name, absl::string_view help, double SlabinfoRow::*value) {
    auto family = page.family(absl::StrCat("node_slabinfo_", name), MetricType::kGauge, help);
    for (std::size_t i = first; i < rows.size(); ++i) family.Add({{"slab", rows[i].name}}, rows[i].*value);
  };
  add("active_objects", "Objects of a slab cache that are in use, or on a CPU's free list.",
      &SlabinfoRow::active_objects);
  add("objects", "Objects that a slab cache has slabs for.", &SlabinfoRow::objects);
  add("object_size_bytes", "What an object takes in its slab, in bytes.", &SlabinfoRow::object_size);
  add("objects_per_slab", "Objects in a slab.", &SlabinfoRow::objects_per_slab);
  add("pages_per_slab", "Pages that a slab consists of.", &SlabinfoRow::pages_per_slab);
  page.family("memsim_slab_caches_left_out", MetricType::kGauge,
              "Slab caches beyond the limit of this page, or with the name of a newer one.")
      .Add({}, static_cast<double>(all - rows.size() + first));
}

}  // namespace

CounterSet AddNodeExporterMetrics(const MachineName& name, const MachineReading& reading, MetricsPage& page) {
  CounterSet shown;
  const auto add = [&shown](const CounterSet& counters) { shown.insert(counters.begin(), counters.end()); };
  AddUname(name, page);
  add(AddStat(reading, page));
  AddMeminfo(reading.meminfo, page);
  VmstatValues vmstat;
  add(AddVmstat(reading.vmstat, vmstat, page));
  add(AddZoneinfo(reading, vmstat, page));
  add(AddBuddyinfo(reading, page));
  AddSlabinfo(reading.slabinfo, page);
  return shown;
}

}  // namespace memsim
