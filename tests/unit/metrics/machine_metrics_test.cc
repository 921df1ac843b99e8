#include "server/metrics/machine_metrics.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace memsim {
namespace {

using testing::HasSubstr;
using testing::Not;

const CounterInfo& InfoOf(Counter counter) { return kCounterInfo[static_cast<std::size_t>(counter)]; }

CounterSample OfMachine(Counter counter, std::int64_t value) { return {&InfoOf(counter), "", -1, value}; }

constexpr CounterInfo kFree = {"nr_free_pages", "pages", CounterKind::kGauge, "Free pages"};
constexpr CounterInfo kMin = {"min", "pages", CounterKind::kGauge, "The watermark min"};
constexpr CounterInfo kBlocks = {"free_blocks", "blocks", CounterKind::kGauge, "Free blocks"};
constexpr CounterInfo kHits = {"pcp_hits", "events", CounterKind::kCumulative, "Hits"};
constexpr CounterInfo kWaits = {"lock_wait", "ns", CounterKind::kCumulative, "Waited for the lock"};

MachineReading SmallReading() {
  MachineReading reading;
  reading.counters = {OfMachine(Counter::kPgFault, 7),
                      OfMachine(Counter::kPgMajFault, 1),
                      OfMachine(Counter::kCalls, 3),
                      OfMachine(Counter::kNrKernelStackKib, 16),
                      {&kFree, "DMA", -1, 100},
                      {&kMin, "DMA", -1, 10},
                      {&kBlocks, "DMA", 0, 4},
                      {&kBlocks, "DMA", 1, 5},
                      OfMachine(Counter::kCommittedAs, 50),
                      {&kWaits, "DMA", -1, 1'500'000'000},
                      {&kHits, "", -1, 11, 0},
                      {&kHits, "", -1, 12, 1}};
  reading.virtual_time = Nanoseconds(2'500'000'000);
  reading.host_memory = ByteCount(65536);
  reading.meminfo = "MemFree:  4 kB\nHugePages_Free:  2\n";
  reading.vmstat = "nr_free_pages 100\npgfault 7\npgmajfault 1\n";
  return reading;
}

TEST(MachineMetricsTest, ACountersNameSaysItsScopeItsUnitOnceAndWhetherItOnlyGrows) {
  EXPECT_EQ(MetricNameOf(InfoOf(Counter::kCalls), CounterScope::kMachine), "memsim_calls_total");
  EXPECT_EQ(MetricNameOf(InfoOf(Counter::kCommittedAs), CounterScope::kMachine), "memsim_committed_as_pages");
  EXPECT_EQ(MetricNameOf(InfoOf(Counter::kNrAnonPages), CounterScope::kMachine), "memsim_nr_anon_pages");
  EXPECT_EQ(MetricNameOf(InfoOf(Counter::kPgPgIn), CounterScope::kMachine), "memsim_pgpgin_bytes_total");
  EXPECT_EQ(MetricNameOf(kFree, CounterScope::kZone), "memsim_zone_nr_free_pages");
  EXPECT_EQ(MetricNameOf(kMin, CounterScope::kZone), "memsim_zone_min_pages");
  EXPECT_EQ(MetricNameOf(kWaits, CounterScope::kZone), "memsim_zone_lock_wait_seconds_total");
}

TEST(MachineMetricsTest, TheWholePageOfASmallMachine) {
  MetricsPage page;
  AddMachine(SmallReading(), page);
  EXPECT_EQ(page.Render(),
            R"(# HELP memsim_virtual_seconds_total Virtual time since the machine booted, in seconds of its own clock.
# TYPE memsim_virtual_seconds_total counter
memsim_virtual_seconds_total 2.5
# HELP memsim_host_memory_bytes Memory of the host that the machine's state takes, about, in bytes.
# TYPE memsim_host_memory_bytes gauge
memsim_host_memory_bytes 65536
# HELP memsim_meminfo_bytes Rows of the machine's /proc/meminfo, in bytes; node_exporter's node_memory_<row>_bytes.
# TYPE memsim_meminfo_bytes gauge
memsim_meminfo_bytes{row="MemFree"} 4096
# HELP memsim_meminfo_huge_pages Rows of the machine's /proc/meminfo without a unit; node_exporter's node_memory_<row>.
# TYPE memsim_meminfo_huge_pages gauge
memsim_meminfo_huge_pages{row="HugePages_Free"} 2
# HELP node_vmstat_nr_free_pages /proc/vmstat information field nr_free_pages.
# TYPE node_vmstat_nr_free_pages untyped
node_vmstat_nr_free_pages 100
# HELP node_vmstat_pgfault /proc/vmstat information field pgfault.
# TYPE node_vmstat_pgfault untyped
node_vmstat_pgfault 7
# HELP node_vmstat_pgmajfault /proc/vmstat information field pgmajfault.
# TYPE node_vmstat_pgmajfault untyped
node_vmstat_pgmajfault 1
# HELP memsim_calls_total Calls that the machine has executed.
# TYPE memsim_calls_total counter
memsim_calls_total 3
# HELP memsim_nr_kernel_stack_bytes Kernel stacks.
# TYPE memsim_nr_kernel_stack_bytes gauge
memsim_nr_kernel_stack_bytes 16384
# HELP node_zoneinfo_nr_free_pages Free pages.
# TYPE node_zoneinfo_nr_free_pages gauge
node_zoneinfo_nr_free_pages{node="0",zone="DMA"} 100
# HELP node_zoneinfo_min_pages The watermark min.
# TYPE node_zoneinfo_min_pages gauge
node_zoneinfo_min_pages{node="0",zone="DMA"} 10
# HELP node_buddyinfo_blocks Count of free blocks according to size.
# TYPE node_buddyinfo_blocks gauge
node_buddyinfo_blocks{node="0",size="0",zone="DMA"} 4
node_buddyinfo_blocks{node="0",size="1",zone="DMA"} 5
# HELP memsim_committed_as_pages Memory promised to processes (Committed_AS of meminfo).
# TYPE memsim_committed_as_pages gauge
memsim_committed_as_pages 50
# HELP memsim_zone_lock_wait_seconds_total Waited for the lock.
# TYPE memsim_zone_lock_wait_seconds_total counter
memsim_zone_lock_wait_seconds_total{zone="DMA"} 1.5
# HELP memsim_pcp_hits_total Hits.
# TYPE memsim_pcp_hits_total counter
memsim_pcp_hits_total{cpu="0"} 11
memsim_pcp_hits_total{cpu="1"} 12
)");
}

TEST(MachineMetricsTest, EveryCounterOfTheRegistryIsShownOnceWithAndWithoutARowInVmstat) {
  MachineReading reading;
  for (const CounterInfo& info : kCounterInfo) reading.counters.push_back({&info, "", -1, 1});
  reading.vmstat = "pgfault 1\n";
  MetricsPage page;
  AddMachine(reading, page);
  const std::string text = page.Render();
  for (const CounterInfo& info : kCounterInfo) {
    const std::string line = absl::StrCat("\n", MetricNameOf(info, CounterScope::kMachine), " ");
    if (info.name == "pgfault") {
      EXPECT_THAT(text, Not(HasSubstr(line)));
    } else {
      EXPECT_THAT(text, HasSubstr(line));
    }
  }
  EXPECT_THAT(text, HasSubstr("\nnode_vmstat_pgfault 1\n"));
}

TEST(MachineMetricsTest, TheOneRowOfVmstatThatPromtoolRefusesIsLeftOut) {
  MachineReading reading;
  reading.vmstat = "nr_page_table_pages 3\nnr_sec_page_table_pages 0\npgfault 1\n";
  MetricsPage page;
  AddMachine(reading, page);
  EXPECT_THAT(page.Render(), Not(HasSubstr("nr_sec_page_table_pages")));
  EXPECT_THAT(page.Render(), HasSubstr("\nnode_vmstat_nr_page_table_pages 3\n"));
}

TEST(MachineMetricsTest, TheServersPageNamesTheMachineAndItsTenant) {
  MachineInfo info;
  info.name = {"acme", "web"};
  info.sequence = 12;
  info.virtual_time = Nanoseconds(500'000'000);
  info.host_memory = ByteCount(1000);
  info.queued_jobs = 2;
  MetricsPage page;
  AddMachineInfo(info, page);
  const std::string text = page.Render();
  EXPECT_THAT(text, HasSubstr("memsim_machine_calls_total{machine=\"web\",tenant=\"acme\"} 12\n"));
  EXPECT_THAT(text, HasSubstr("memsim_machine_virtual_seconds_total{machine=\"web\",tenant=\"acme\"} 0.5\n"));
  EXPECT_THAT(text, HasSubstr("memsim_machine_host_memory_bytes{machine=\"web\",tenant=\"acme\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("memsim_machine_queued_batches{machine=\"web\",tenant=\"acme\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("memsim_machine_cpus{machine=\"web\",tenant=\"acme\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("memsim_machine_memory_bytes{machine=\"web\",tenant=\"acme\"} 4294967296\n"));
}

TEST(MachineMetricsTest, TheEssentialsAreFaultsAndTheZonesPages) {
  MetricsPage page;
  AddMachineEssentials({"default", "demo"}, SmallReading(), page);
  EXPECT_EQ(page.Render(), R"(# HELP memsim_machine_page_faults_total Page faults, major ones included.
# TYPE memsim_machine_page_faults_total counter
memsim_machine_page_faults_total{machine="demo",tenant="default"} 7
# HELP memsim_machine_major_page_faults_total Page faults that needed input.
# TYPE memsim_machine_major_page_faults_total counter
memsim_machine_major_page_faults_total{machine="demo",tenant="default"} 1
# HELP memsim_machine_zone_free_pages Free pages of a zone.
# TYPE memsim_machine_zone_free_pages gauge
memsim_machine_zone_free_pages{machine="demo",tenant="default",zone="DMA"} 100
# HELP memsim_machine_zone_watermark_pages Pages that a zone's free ones are held against, by watermark.
# TYPE memsim_machine_zone_watermark_pages gauge
memsim_machine_zone_watermark_pages{machine="demo",tenant="default",zone="DMA",watermark="min"} 10
)");
}

}  // namespace
}  // namespace memsim
