// The one registry of counters: every number that a machine can show is declared here once, with its name, unit and
// help. /proc text, Prometheus, reports and the API read this table; nobody keeps a number of its own.

#ifndef MEMSIM_SERVER_KERNEL_OBSERVE_COUNTER_H_
#define MEMSIM_SERVER_KERNEL_OBSERVE_COUNTER_H_

#include <array>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace memsim {

enum class CounterKind : std::uint8_t { kCumulative, kGauge };

struct CounterInfo {
  absl::string_view name;
  absl::string_view unit;
  CounterKind kind;
  absl::string_view help;
};

// Counts of the whole machine: the rows of /proc/vmstat that are events (enum vm_event_item) and those that are of a
// node (enum node_stat_item), as far as this kernel moves them. Those of TLBs are there with CONFIG_DEBUG_TLBFLUSH, and
// not in the kernels that distributions build.
#define MEMSIM_MACHINE_COUNTERS(X)                                                                                    \
  X(kNrAnonPages, "nr_anon_pages", "pages", kGauge, "Mapped anonymous pages")                                         \
  X(kNrMapped, "nr_mapped", "pages", kGauge, "Pages of files that are mapped into a page table")                      \
  X(kNrFilePages, "nr_file_pages", "pages", kGauge, "Pages of the page cache, shared memory included")                \
  X(kNrShmem, "nr_shmem", "pages", kGauge, "Pages of shared memory and tmpfs")                                        \
  X(kNrAnonThps, "nr_anon_transparent_hugepages", "huge pages", kGauge, "Anonymous huge pages that huge entries map") \
  X(kNrDirty, "nr_dirty", "pages", kGauge, "File pages that wait to be written")                                      \
  X(kNrInactiveAnon, "nr_inactive_anon", "pages", kGauge, "Anonymous pages on the inactive list")                     \
  X(kNrInactiveFile, "nr_inactive_file", "pages", kGauge, "File pages on the inactive list")                          \
  X(kNrPageTablePages, "nr_page_table_pages", "pages", kGauge, "Pages used for page tables")                          \
  X(kNrKernelStackKib, "nr_kernel_stack", "KiB", kGauge, "Kernel stacks")                                             \
  X(kNrSlabReclaimable, "nr_slab_reclaimable", "pages", kGauge, "Slabs of caches whose objects can be reclaimed")     \
  X(kNrSlabUnreclaimable, "nr_slab_unreclaimable", "pages", kGauge, "All other slabs, and large kmalloc")             \
  X(kPgAlloc, "pgalloc", "pages", kCumulative, "Pages allocated")                                                     \
  X(kPgFree, "pgfree", "pages", kCumulative, "Pages freed")                                                           \
  X(kPgFault, "pgfault", "events", kCumulative, "Page faults, major ones included")                                   \
  X(kPgMajFault, "pgmajfault", "events", kCumulative, "Page faults that needed input")                                \
  X(kPgLazyFree, "pglazyfree", "pages", kCumulative, "Pages that MADV_FREE gave up until they are written again")     \
  X(kPgReuse, "pgreuse", "events", kCumulative, "Write faults on a shared-after-fork page that its only owner kept")  \
  X(kPgCopyOnWrite, "pgcow", "events", kCumulative, "Write faults that copied a page (no row in /proc/vmstat)")       \
  X(kNrTlbRemoteFlush, "nr_tlb_remote_flush", "events", kCumulative, "Flushes that interrupted other CPUs")           \
  X(kNrTlbRemoteFlushReceived, "nr_tlb_remote_flush_received", "events", kCumulative, "CPUs that they interrupted")   \
  X(kNrTlbLocalFlushAll, "nr_tlb_local_flush_all", "events", kCumulative, "Flushes of all of an address space")       \
  X(kNrTlbLocalFlushOne, "nr_tlb_local_flush_one", "entries", kCumulative, "Entries flushed one by one")              \
  X(kThpFaultAlloc, "thp_fault_alloc", "events", kCumulative, "Huge pages that faults allocated")                     \
  X(kThpFaultFallback, "thp_fault_fallback", "events", kCumulative, "Faults without memory for a huge page")          \
  X(kThpZeroPageAlloc, "thp_zero_page_alloc", "events", kCumulative, "Huge zero pages allocated")                     \
  X(kThpZeroPageAllocFailed, "thp_zero_page_alloc_failed", "events", kCumulative, "Huge zero pages without memory")   \
  X(kThpCollapseAlloc, "thp_collapse_alloc", "events", kCumulative, "Huge pages allocated to collapse small ones")    \
  X(kThpCollapseAllocFailed, "thp_collapse_alloc_failed", "events", kCumulative, "Collapses without memory for it")   \
  X(kThpSplitPage, "thp_split_page", "events", kCumulative, "Huge pages that became small ones")                      \
  X(kThpDeferredSplitPage, "thp_deferred_split_page", "events", kCumulative, "Huge pages that were unmapped in part") \
  X(kThpSplitPmd, "thp_split_pmd", "events", kCumulative, "Huge entries that became tables")                          \
  X(kAllocStall, "allocstall", "events", kCumulative, "Allocations that found no memory above the watermarks")        \
  X(kOomKill, "oom_kill", "events", kCumulative, "Processes killed for want of memory")                               \
  X(kPgPgIn, "pgpgin", "KiB", kCumulative, "Read from devices")                                                       \
  X(kCommittedAs, "committed_as", "pages", kGauge, "Memory promised to processes (Committed_AS of meminfo)")          \
  X(kProcesses, "processes", "tasks", kCumulative, "Tasks ever created (processes of /proc/stat)")                    \
  X(kTasks, "tasks", "tasks", kGauge, "Tasks that exist, zombies included")                                           \
  X(kVmas, "vmas", "mappings", kGauge, "Mappings of all address spaces")                                              \
  X(kCalls, "calls", "calls", kCumulative, "Calls that the machine has executed")

enum class Counter : std::uint16_t {
#define MEMSIM_ENUMERATOR(symbol, name, unit, kind, help) symbol,
  MEMSIM_MACHINE_COUNTERS(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
      kCount
};

inline constexpr std::array<CounterInfo, static_cast<std::size_t>(Counter::kCount)> kCounterInfo = {{
#define MEMSIM_INFO(symbol, name, unit, kind, help) CounterInfo{name, unit, CounterKind::kind, help},
    MEMSIM_MACHINE_COUNTERS(MEMSIM_INFO)
#undef MEMSIM_INFO
}};

// Counts of one zone: rows of /proc/zoneinfo, and the zone's share of machine counters of the same name. A zone without
// memory has the rows that zoneinfo has for it, and counts of events.
#define MEMSIM_ZONE_COUNTERS(X)                                                                                      \
  X(kFree, "nr_free_pages", "pages", kGauge, "Free pages of the zone")                                               \
  X(kOnPcpLists, "pcp_pages", "pages", kGauge, "Pages on per-CPU lists, which are neither free nor in use")          \
  X(kMin, "min", "pages", kGauge, "Below this many free pages, only those who free memory may allocate")             \
  X(kLow, "low", "pages", kGauge, "Below this many free pages, kswapd begins to reclaim")                            \
  X(kHigh, "high", "pages", kGauge, "At this many free pages, kswapd stops")                                         \
  X(kSpanned, "spanned", "pages", kGauge, "Page frames from the zone's first to its last, holes included")           \
  X(kPresent, "present", "pages", kGauge, "Page frames of the zone with memory behind them")                         \
  X(kManaged, "managed", "pages", kGauge, "Pages of the zone that the buddy system has, free or allocated")          \
  X(kProtectionFromDma, "protection_0", "pages", kGauge, "Pages kept from allocations that prefer zone DMA")         \
  X(kProtectionFromDma32, "protection_1", "pages", kGauge, "Pages kept from allocations that prefer zone DMA32")     \
  X(kProtectionFromNormal, "protection_2", "pages", kGauge, "Pages kept from allocations that prefer zone Normal")   \
  X(kProtectionFromMovable, "protection_3", "pages", kGauge, "Pages kept from allocations that prefer zone Movable") \
  X(kProtectionFromDevice, "protection_4", "pages", kGauge, "Pages kept from allocations that prefer zone Device")   \
  X(kAllocated, "pgalloc", "pages", kCumulative, "Pages allocated from the zone")                                    \
  X(kStalls, "allocstall", "events", kCumulative,                                                                    \
    "Allocations that the zone was the best for, and that found no memory")

// Counts of one order within a zone (/proc/buddyinfo).
#define MEMSIM_ORDER_COUNTERS(X) X(kFreeBlocks, "free_blocks", "blocks", kGauge, "Free blocks of 2^order pages")

// Counts of one CPU: its virtual time, and what its page lists of all zones did.
#define MEMSIM_CPU_COUNTERS(X)                                                                                     \
  X(kBusy, "cpu_busy", "ns", kCumulative, "Virtual time that the CPU spent in calls, waiting for locks included")  \
  X(kIdle, "cpu_idle", "ns", kCumulative, "All other virtual time since boot")                                     \
  X(kContextSwitches, "context_switches", "events", kCumulative, "Times that the CPU went over to another task")   \
  X(kPcpHits, "pcp_hits", "events", kCumulative, "Allocations that a per-CPU list served without the zone's lock") \
  X(kPcpRefills, "pcp_refills", "events", kCumulative, "Bulks that per-CPU lists took from their zone")            \
  X(kPcpRefilled, "pcp_refilled", "pages", kCumulative, "Pages that per-CPU lists took from their zone")           \
  X(kPcpFlushes, "pcp_flushes", "events", kCumulative, "Bulks that per-CPU lists gave back to their zone")         \
  X(kPcpFlushed, "pcp_flushed", "pages", kCumulative, "Pages that per-CPU lists gave back to their zone")

// Counts of one class of locks (cpu/lock_class.h), readers and writers together: columns of /proc/lock_stat.
#define MEMSIM_LOCK_COUNTERS(X)                                                                                      \
  X(kAcquisitions, "lock_acquisitions", "events", kCumulative, "Times that locks of the class were taken")           \
  X(kHeld, "lock_hold", "ns", kCumulative, "Virtual time for which locks of the class were held")                    \
  X(kContentions, "lock_contentions", "events", kCumulative, "Times that a CPU had to wait for a lock of the class") \
  X(kWaited, "lock_wait", "ns", kCumulative, "Virtual time for which CPUs waited for locks of the class")            \
  X(kBounces, "lock_bounces", "events", kCumulative, "Times that another CPU had held a lock of the class last")

enum class ZoneCounter : std::uint8_t {
#define MEMSIM_ENUMERATOR(symbol, name, unit, kind, help) symbol,
  MEMSIM_ZONE_COUNTERS(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
      kCount
};

enum class OrderCounter : std::uint8_t {
#define MEMSIM_ENUMERATOR(symbol, name, unit, kind, help) symbol,
  MEMSIM_ORDER_COUNTERS(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
      kCount
};

enum class CpuCounter : std::uint8_t {
#define MEMSIM_ENUMERATOR(symbol, name, unit, kind, help) symbol,
  MEMSIM_CPU_COUNTERS(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
      kCount
};

enum class LockCounter : std::uint8_t {
#define MEMSIM_ENUMERATOR(symbol, name, unit, kind, help) symbol,
  MEMSIM_LOCK_COUNTERS(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
      kCount
};

// How often the slab allocator took each of its paths: enum stat_item of mm/slub.c, of all caches. First those of every
// cache, then those of caches with sheaves. A kernel with CONFIG_SLUB_STATS shows them for each cache, without "slub_".
#define MEMSIM_SLUB_PATHS(X)                                                                                    \
  X(kAllocFastpath, "slub_alloc_fastpath", "Objects from the CPU's free list")                                  \
  X(kAllocSlowpath, "slub_alloc_slowpath", "Allocations that found the CPU's free list empty")                  \
  X(kFreeFastpath, "slub_free_fastpath", "Objects back to the CPU's own slab")                                  \
  X(kFreeSlowpath, "slub_free_slowpath", "Frees to a slab that is not the CPU's")                               \
  X(kFreeFrozen, "slub_free_frozen", "Frees to a slab that another CPU has")                                    \
  X(kFreeAddPartial, "slub_free_add_partial", "Slabs that a drain put on the node's partial list")              \
  X(kFreeRemovePartial, "slub_free_remove_partial", "Slabs that became empty and left the node's partial list") \
  X(kAllocFromPartial, "slub_alloc_from_partial", "CPU slabs from the node's partial list")                     \
  X(kAllocSlab, "slub_alloc_slab", "CPU slabs from the page allocator")                                         \
  X(kAllocRefill, "slub_alloc_refill", "Free lists refilled with what others freed to the CPU's slab")          \
  X(kAllocNodeMismatch, "slub_alloc_node_mismatch", "CPU slabs given up for the wrong node")                    \
  X(kFreeSlab, "slub_free_slab", "Slabs back to the page allocator")                                            \
  X(kCpuslabFlush, "slub_cpuslab_flush", "CPU slabs taken from their CPU")                                      \
  X(kDeactivateFull, "slub_deactivate_full", "CPU slabs taken from their CPU that were full")                   \
  X(kDeactivateEmpty, "slub_deactivate_empty", "Slabs taken from their CPU that were empty and freed")          \
  X(kDeactivateToHead, "slub_deactivate_to_head", "CPU slabs put to the head of the node's partial list")       \
  X(kDeactivateToTail, "slub_deactivate_to_tail", "CPU slabs put to the tail of the node's partial list")       \
  X(kDeactivateRemoteFrees, "slub_deactivate_remote_frees", "CPU slabs that others had freed to when taken")    \
  X(kDeactivateBypass, "slub_deactivate_bypass", "CPU slabs left behind because they were full")                \
  X(kOrderFallback, "slub_order_fallback", "Slabs of the smallest order, for want of larger blocks")            \
  X(kCmpxchgDoubleCpuFail, "slub_cmpxchg_double_cpu_fail", "Lost races for a CPU's free list")                  \
  X(kCmpxchgDoubleFail, "slub_cmpxchg_double_fail", "Lost races for a slab's free list")                        \
  X(kCpuPartialAlloc, "slub_cpu_partial_alloc", "CPU slabs from the CPU's partial list")                        \
  X(kCpuPartialFree, "slub_cpu_partial_free", "Full slabs that a free put on the CPU's partial list")           \
  X(kCpuPartialNode, "slub_cpu_partial_node", "Slabs from the node's to the CPU's partial list")                \
  X(kCpuPartialDrain, "slub_cpu_partial_drain", "CPU partial lists that were full and drained to the node")
#define MEMSIM_SHEAF_PATHS(X)                                                       \
  X(kAllocPcs, "slub_alloc_pcs", "Objects from a CPU's sheaf")                      \
  X(kFreePcs, "slub_free_pcs", "Objects to a CPU's sheaf")                          \
  X(kSheafFlush, "slub_sheaf_flush", "Objects flushed from sheaves to their slabs") \
  X(kSheafRefill, "slub_sheaf_refill", "Objects that sheaves were filled with")     \
  X(kSheafAlloc, "slub_sheaf_alloc", "Sheaves allocated")                           \
  X(kSheafFree, "slub_sheaf_free", "Sheaves freed")                                 \
  X(kBarnGet, "slub_barn_get", "Full sheaves from the barn")                        \
  X(kBarnGetFail, "slub_barn_get_fail", "Times that the barn had no full sheaf")    \
  X(kBarnPut, "slub_barn_put", "Full sheaves to the barn")                          \
  X(kBarnPutFail, "slub_barn_put_fail", "Times that the barn could not take a full sheaf")

enum class SlabPath : std::uint8_t {
#define MEMSIM_ENUMERATOR(symbol, name, help) symbol,
  MEMSIM_SLUB_PATHS(MEMSIM_ENUMERATOR) MEMSIM_SHEAF_PATHS(MEMSIM_ENUMERATOR)
#undef MEMSIM_ENUMERATOR
      kCount
};
inline constexpr std::size_t kSlabPathCount = static_cast<std::size_t>(SlabPath::kCount);
inline constexpr std::size_t kFirstSheafPath = static_cast<std::size_t>(SlabPath::kAllocPcs);

#define MEMSIM_INFO(symbol, name, help) CounterInfo{name, "events", CounterKind::kCumulative, help},
inline constexpr std::array<CounterInfo, kSlabPathCount> kSlabPathInfo = {
    {MEMSIM_SLUB_PATHS(MEMSIM_INFO) MEMSIM_SHEAF_PATHS(MEMSIM_INFO)}};
#undef MEMSIM_INFO

#define MEMSIM_INFO(symbol, name, unit, kind, help) CounterInfo{name, unit, CounterKind::kind, help},
inline constexpr std::array<CounterInfo, static_cast<std::size_t>(ZoneCounter::kCount)> kZoneCounterInfo = {
    {MEMSIM_ZONE_COUNTERS(MEMSIM_INFO)}};
inline constexpr std::array<CounterInfo, static_cast<std::size_t>(OrderCounter::kCount)> kOrderCounterInfo = {
    {MEMSIM_ORDER_COUNTERS(MEMSIM_INFO)}};
inline constexpr std::array<CounterInfo, static_cast<std::size_t>(CpuCounter::kCount)> kCpuCounterInfo = {
    {MEMSIM_CPU_COUNTERS(MEMSIM_INFO)}};
inline constexpr std::array<CounterInfo, static_cast<std::size_t>(LockCounter::kCount)> kLockCounterInfo = {
    {MEMSIM_LOCK_COUNTERS(MEMSIM_INFO)}};
#undef MEMSIM_INFO

// The values. Plain data: copy it to compare whole states.
class Counters {
 public:
  void Add(Counter counter, std::int64_t delta) { values_[static_cast<std::size_t>(counter)] += delta; }
  std::int64_t Get(Counter counter) const { return values_[static_cast<std::size_t>(counter)]; }

  friend bool operator==(const Counters&, const Counters&) = default;

 private:
  std::array<std::int64_t, static_cast<std::size_t>(Counter::kCount)> values_ = {};
};

// One number as it is shown: of the machine, of a zone, of an order within a zone, of a CPU, or of a class of locks.
struct CounterSample {
  const CounterInfo* info;
  // Empty: of no zone.
  absl::string_view zone;
  // -1: of no order.
  int order;
  std::int64_t value;
  // -1: of no CPU.
  int cpu = -1;
  // "&zone->lock". Empty: of no class.
  absl::string_view lock_class = "";
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_OBSERVE_COUNTER_H_
