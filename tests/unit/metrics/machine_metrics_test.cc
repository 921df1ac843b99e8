#include "server/metrics/machine_metrics.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "server/metrics/node_exporter_metrics.h"

namespace memsim {
namespace {

using testing::HasSubstr;
using testing::Not;

const CounterInfo& InfoOf(Counter counter) { return kCounterInfo[static_cast<std::size_t>(counter)]; }
const CounterInfo& InfoOf(ZoneCounter counter) { return kZoneCounterInfo[static_cast<std::size_t>(counter)]; }
const CounterInfo& InfoOf(CpuCounter counter) { return kCpuCounterInfo[static_cast<std::size_t>(counter)]; }
const CounterInfo& InfoOf(LockCounter counter) { return kLockCounterInfo[static_cast<std::size_t>(counter)]; }

CounterSample OfMachine(Counter counter, std::int64_t value) { return {&InfoOf(counter), "", -1, value}; }
CounterSample OfZone(ZoneCounter counter, absl::string_view zone, std::int64_t value) {
  return {&InfoOf(counter), zone, -1, value};
}
CounterSample OfBlocks(int order, std::int64_t value) { return {&kOrderCounterInfo[0], "DMA", order, value}; }
CounterSample OfCpu(CpuCounter counter, int cpu, std::int64_t value) { return {&InfoOf(counter), "", -1, value, cpu}; }
CounterSample OfLocks(LockCounter counter, absl::string_view lock_class, std::int64_t value) {
  return {&InfoOf(counter), "", -1, value, -1, lock_class};
}

const MachineName kAlpha = {"default", "alpha"};

MachineReading SmallReading() {
  MachineReading reading;
  reading.counters = {OfMachine(Counter::kPgFault, 7),
                      OfMachine(Counter::kPgMajFault, 1),
                      OfMachine(Counter::kCalls, 3),
                      OfMachine(Counter::kNrKernelStackKib, 16),
                      OfZone(ZoneCounter::kFree, "DMA", 100),
                      OfZone(ZoneCounter::kOnPcpLists, "DMA", 63),
                      OfZone(ZoneCounter::kMin, "DMA", 10),
                      OfZone(ZoneCounter::kMin, "Movable", 32),
                      OfBlocks(0, 4),
                      OfBlocks(1, 5),
                      OfMachine(Counter::kCommittedAs, 50),
                      OfMachine(Counter::kProcesses, 6),
                      OfCpu(CpuCounter::kBusy, 0, 1'500'000'000),
                      OfCpu(CpuCounter::kIdle, 0, 500'000'000),
                      OfCpu(CpuCounter::kContextSwitches, 0, 2),
                      OfCpu(CpuCounter::kContextSwitches, 1, 3),
                      OfCpu(CpuCounter::kPcpHits, 0, 11),
                      OfCpu(CpuCounter::kPcpHits, 1, 12),
                      OfLocks(LockCounter::kContentions, "&zone->lock", 8),
                      OfLocks(LockCounter::kWaited, "&zone->lock", 1'500'000'000)};
  reading.virtual_time = Nanoseconds(2'500'000'000);
  reading.host_memory = ByteCount(65536);
  reading.meminfo = "MemFree:  4 kB\nActive(anon):  1 kB\nHugePages_Free:  2\n";
  reading.vmstat = "nr_free_pages 100\nnr_dirtied 9\npgfault 7\npgmajfault 1\n";
  reading.slabinfo =
      "slabinfo - version: 2.1\n"
      "# name <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount>\n"
      "dentry 5 21 192 21 1 : tunables 0 0 0 : slabdata 1 1 0\n";
  return reading;
}

constexpr char kSmallPage[] =
    R"page(# HELP memsim_virtual_seconds_total Virtual time since the machine booted, in seconds of its own clock.
# TYPE memsim_virtual_seconds_total counter
memsim_virtual_seconds_total 2.5
# HELP memsim_host_memory_bytes Memory of the host that the machine's state takes, about, in bytes.
# TYPE memsim_host_memory_bytes gauge
memsim_host_memory_bytes 65536
# HELP node_uname_info Always 1; what uname(2) says of the simulated Linux, as labels.
# TYPE node_uname_info gauge
node_uname_info{domainname="(none)",machine="x86_64",nodename="alpha",release="6.18.0",sysname="Linux",version="#1 SMP"} 1
# HELP node_cpu_seconds_total Virtual seconds of each CPU by mode: idle, or in calls, which is system.
# TYPE node_cpu_seconds_total counter
node_cpu_seconds_total{cpu="0",mode="idle"} 0.5
node_cpu_seconds_total{cpu="0",mode="system"} 1.5
node_cpu_seconds_total{cpu="0",mode="iowait"} 0
node_cpu_seconds_total{cpu="0",mode="irq"} 0
node_cpu_seconds_total{cpu="0",mode="nice"} 0
node_cpu_seconds_total{cpu="0",mode="softirq"} 0
node_cpu_seconds_total{cpu="0",mode="steal"} 0
node_cpu_seconds_total{cpu="0",mode="user"} 0
# HELP node_context_switches_total Context switches of all CPUs.
# TYPE node_context_switches_total counter
node_context_switches_total 5
# HELP node_forks_total Tasks ever created (processes of /proc/stat).
# TYPE node_forks_total counter
node_forks_total 6
# HELP node_memory_MemFree_bytes Memory information field MemFree_bytes.
# TYPE node_memory_MemFree_bytes gauge
node_memory_MemFree_bytes 4096
# HELP node_memory_Active_anon_bytes Memory information field Active_anon_bytes.
# TYPE node_memory_Active_anon_bytes gauge
node_memory_Active_anon_bytes 1024
# HELP node_memory_HugePages_Free Memory information field HugePages_Free.
# TYPE node_memory_HugePages_Free gauge
node_memory_HugePages_Free 2
# HELP node_vmstat_nr_free_pages /proc/vmstat information field nr_free_pages.
# TYPE node_vmstat_nr_free_pages untyped
node_vmstat_nr_free_pages 100
# HELP node_vmstat_nr_dirtied /proc/vmstat information field nr_dirtied.
# TYPE node_vmstat_nr_dirtied untyped
node_vmstat_nr_dirtied 9
# HELP node_vmstat_pgfault /proc/vmstat information field pgfault.
# TYPE node_vmstat_pgfault untyped
node_vmstat_pgfault 7
# HELP node_vmstat_pgmajfault /proc/vmstat information field pgmajfault.
# TYPE node_vmstat_pgmajfault untyped
node_vmstat_pgmajfault 1
# HELP node_zoneinfo_nr_free_pages Free pages of the zone.
# TYPE node_zoneinfo_nr_free_pages gauge
node_zoneinfo_nr_free_pages{node="0",zone="DMA"} 100
# HELP node_zoneinfo_min_pages Below this many free pages, only those who free memory may allocate.
# TYPE node_zoneinfo_min_pages gauge
node_zoneinfo_min_pages{node="0",zone="DMA"} 10
node_zoneinfo_min_pages{node="0",zone="Movable"} 32
# HELP node_zoneinfo_nr_dirtied_total Row nr_dirtied of /proc/zoneinfo, of all zones together.
# TYPE node_zoneinfo_nr_dirtied_total counter
node_zoneinfo_nr_dirtied_total{node="0",zone="DMA"} 9
# HELP node_zoneinfo_numa_foreign_total Row numa_foreign of /proc/zoneinfo: not counted, as with vm.numa_stat=0.
# TYPE node_zoneinfo_numa_foreign_total counter
node_zoneinfo_numa_foreign_total{node="0",zone="DMA"} 0
# HELP node_zoneinfo_numa_hit_total Row numa_hit of /proc/zoneinfo: not counted, as with vm.numa_stat=0.
# TYPE node_zoneinfo_numa_hit_total counter
node_zoneinfo_numa_hit_total{node="0",zone="DMA"} 0
# HELP node_zoneinfo_numa_interleave_total Row numa_interleave of /proc/zoneinfo: not counted, as with vm.numa_stat=0.
# TYPE node_zoneinfo_numa_interleave_total counter
node_zoneinfo_numa_interleave_total{node="0",zone="DMA"} 0
# HELP node_zoneinfo_numa_local_total Row numa_local of /proc/zoneinfo: not counted, as with vm.numa_stat=0.
# TYPE node_zoneinfo_numa_local_total counter
node_zoneinfo_numa_local_total{node="0",zone="DMA"} 0
# HELP node_zoneinfo_numa_miss_total Row numa_miss of /proc/zoneinfo: not counted, as with vm.numa_stat=0.
# TYPE node_zoneinfo_numa_miss_total counter
node_zoneinfo_numa_miss_total{node="0",zone="DMA"} 0
# HELP node_zoneinfo_numa_other_total Row numa_other of /proc/zoneinfo: not counted, as with vm.numa_stat=0.
# TYPE node_zoneinfo_numa_other_total counter
node_zoneinfo_numa_other_total{node="0",zone="DMA"} 0
# HELP node_buddyinfo_blocks Count of free blocks according to size.
# TYPE node_buddyinfo_blocks gauge
node_buddyinfo_blocks{node="0",size="0",zone="DMA"} 4
node_buddyinfo_blocks{node="0",size="1",zone="DMA"} 5
# HELP node_slabinfo_active_objects Objects of a slab cache that are in use, or on a CPU's free list.
# TYPE node_slabinfo_active_objects gauge
node_slabinfo_active_objects{slab="dentry"} 5
# HELP node_slabinfo_objects Objects that a slab cache has slabs for.
# TYPE node_slabinfo_objects gauge
node_slabinfo_objects{slab="dentry"} 21
# HELP node_slabinfo_object_size_bytes What an object takes in its slab, in bytes.
# TYPE node_slabinfo_object_size_bytes gauge
node_slabinfo_object_size_bytes{slab="dentry"} 192
# HELP node_slabinfo_objects_per_slab Objects in a slab.
# TYPE node_slabinfo_objects_per_slab gauge
node_slabinfo_objects_per_slab{slab="dentry"} 21
# HELP node_slabinfo_pages_per_slab Pages that a slab consists of.
# TYPE node_slabinfo_pages_per_slab gauge
node_slabinfo_pages_per_slab{slab="dentry"} 1
# HELP memsim_slab_caches_left_out Slab caches beyond the limit of this page, or with the name of a newer one.
# TYPE memsim_slab_caches_left_out gauge
memsim_slab_caches_left_out 0
# HELP memsim_calls_total Calls that the machine has executed.
# TYPE memsim_calls_total counter
memsim_calls_total 3
# HELP memsim_nr_kernel_stack_bytes Kernel stacks.
# TYPE memsim_nr_kernel_stack_bytes gauge
memsim_nr_kernel_stack_bytes 16384
# HELP memsim_zone_pcp_pages Pages on per-CPU lists, which are neither free nor in use.
# TYPE memsim_zone_pcp_pages gauge
memsim_zone_pcp_pages{zone="DMA"} 63
# HELP memsim_committed_as_pages Memory promised to processes (Committed_AS of meminfo).
# TYPE memsim_committed_as_pages gauge
memsim_committed_as_pages 50
# HELP memsim_context_switches_total Times that the CPU went over to another task.
# TYPE memsim_context_switches_total counter
memsim_context_switches_total{cpu="0"} 2
memsim_context_switches_total{cpu="1"} 3
# HELP memsim_pcp_hits_total Allocations that a per-CPU list served without the zone's lock.
# TYPE memsim_pcp_hits_total counter
memsim_pcp_hits_total{cpu="0"} 11
memsim_pcp_hits_total{cpu="1"} 12
# HELP memsim_lock_contentions_total Times that a CPU had to wait for a lock of the class.
# TYPE memsim_lock_contentions_total counter
memsim_lock_contentions_total{class="&zone->lock"} 8
# HELP memsim_lock_wait_seconds_total Virtual time for which CPUs waited for locks of the class.
# TYPE memsim_lock_wait_seconds_total counter
memsim_lock_wait_seconds_total{class="&zone->lock"} 1.5
)page";

TEST(MachineMetricsTest, ACountersNameSaysItsScopeItsUnitOnceAndWhetherItOnlyGrows) {
  EXPECT_EQ(MetricNameOf(InfoOf(Counter::kCalls), CounterScope::kMachine), "memsim_calls_total");
  EXPECT_EQ(MetricNameOf(InfoOf(Counter::kCommittedAs), CounterScope::kMachine), "memsim_committed_as_pages");
  EXPECT_EQ(MetricNameOf(InfoOf(Counter::kNrAnonPages), CounterScope::kMachine), "memsim_nr_anon_pages");
  EXPECT_EQ(MetricNameOf(InfoOf(Counter::kPgPgIn), CounterScope::kMachine), "memsim_pgpgin_bytes_total");
  EXPECT_EQ(MetricNameOf(InfoOf(ZoneCounter::kFree), CounterScope::kZone), "memsim_zone_nr_free_pages");
  EXPECT_EQ(MetricNameOf(InfoOf(ZoneCounter::kMin), CounterScope::kZone), "memsim_zone_min_pages");
  EXPECT_EQ(MetricNameOf(InfoOf(ZoneCounter::kAllocated), CounterScope::kZone), "memsim_zone_pgalloc_pages_total");
  EXPECT_EQ(MetricNameOf(InfoOf(LockCounter::kWaited), CounterScope::kMachine), "memsim_lock_wait_seconds_total");
}

TEST(MachineMetricsTest, TheWholePageOfASmallMachine) {
  MetricsPage page;
  AddMachine(kAlpha, SmallReading(), page);
  EXPECT_EQ(page.Render(), kSmallPage);
}

TEST(MachineMetricsTest, EveryCounterOfTheRegistryIsShownOnceWithAndWithoutANameInNodeExporter) {
  MachineReading reading;
  for (const CounterInfo& info : kCounterInfo) reading.counters.push_back({&info, "", -1, 1});
  reading.vmstat = "pgfault 1\n";
  MetricsPage page;
  AddMachine(kAlpha, reading, page);
  const std::string text = page.Render();
  for (const CounterInfo& info : kCounterInfo) {
    const std::string line = absl::StrCat("\n", MetricNameOf(info, CounterScope::kMachine), " ");
    if (info.name == "pgfault" || info.name == "processes") {
      EXPECT_THAT(text, Not(HasSubstr(line)));
    } else {
      EXPECT_THAT(text, HasSubstr(line));
    }
  }
  EXPECT_THAT(text, HasSubstr("\nnode_vmstat_pgfault 1\n"));
  EXPECT_THAT(text, HasSubstr("\nnode_forks_total 1\n"));
}

TEST(MachineMetricsTest, OfCachesWithOneNameTheNewestIsShownAndTheRestCounted) {
  MachineReading reading;
  reading.slabinfo =
      "slabinfo - version: 2.1\n"
      "same 1 2 3 4 5 : tunables 0 0 0 : slabdata 1 1 0\n"
      "same 6 7 8 9 10 : tunables 0 0 0 : slabdata 1 1 0\n";
  MetricsPage page;
  AddMachine(kAlpha, reading, page);
  const std::string text = page.Render();
  EXPECT_THAT(text, HasSubstr("\nnode_slabinfo_objects{slab=\"same\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("node_slabinfo_objects{slab=\"same\"} 7")));
  EXPECT_THAT(text, HasSubstr("\nmemsim_slab_caches_left_out 1\n"));
}

TEST(MachineMetricsTest, OfTooManySlabCachesTheNewestAreLeftOutAndCounted) {
  for (const int beyond : {-1, 0, 1}) {
    MachineReading reading;
    const std::size_t caches = kMaxSlabCachesOnPage + static_cast<std::size_t>(beyond);
    // The newest one is in the first row.
    for (std::size_t i = caches; i > 0; --i) {
      absl::StrAppend(&reading.slabinfo, "c", i, " 1 2 3 4 5 : tunables 0 0 0 : slabdata 1 1 0\n");
    }
    MetricsPage page;
    AddMachine(kAlpha, reading, page);
    const std::string text = page.Render();
    EXPECT_THAT(text, HasSubstr(absl::StrCat("\nmemsim_slab_caches_left_out ", beyond == 1 ? 1 : 0, "\n")));
    EXPECT_THAT(text, HasSubstr("\nnode_slabinfo_objects{slab=\"c1\"} 2\n"));
    const std::string newest = absl::StrCat("{slab=\"c", caches, "\"}");
    EXPECT_EQ(text.find(newest) == std::string::npos, beyond == 1);
  }
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
)") << "a zone without memory has no watermark";
}

}  // namespace
}  // namespace memsim
