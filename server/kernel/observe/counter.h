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
// node (enum node_stat_item), as far as this kernel moves them.
#define MEMSIM_MACHINE_COUNTERS(X)                                                                                   \
  X(kNrAnonPages, "nr_anon_pages", "pages", kGauge, "Mapped anonymous pages")                                        \
  X(kNrMapped, "nr_mapped", "pages", kGauge, "Pages of files that are mapped into a page table")                     \
  X(kNrFilePages, "nr_file_pages", "pages", kGauge, "Pages of the page cache, shared memory included")               \
  X(kNrShmem, "nr_shmem", "pages", kGauge, "Pages of shared memory and tmpfs")                                       \
  X(kNrDirty, "nr_dirty", "pages", kGauge, "File pages that wait to be written")                                     \
  X(kNrInactiveAnon, "nr_inactive_anon", "pages", kGauge, "Anonymous pages on the inactive list")                    \
  X(kNrInactiveFile, "nr_inactive_file", "pages", kGauge, "File pages on the inactive list")                         \
  X(kNrPageTablePages, "nr_page_table_pages", "pages", kGauge, "Pages used for page tables")                         \
  X(kNrKernelStackKib, "nr_kernel_stack", "KiB", kGauge, "Kernel stacks")                                            \
  X(kPgAlloc, "pgalloc", "pages", kCumulative, "Pages allocated")                                                    \
  X(kPgFree, "pgfree", "pages", kCumulative, "Pages freed")                                                          \
  X(kPgFault, "pgfault", "events", kCumulative, "Page faults, major ones included")                                  \
  X(kPgMajFault, "pgmajfault", "events", kCumulative, "Page faults that needed input")                               \
  X(kPgReuse, "pgreuse", "events", kCumulative, "Write faults on a shared-after-fork page that its only owner kept") \
  X(kPgCopyOnWrite, "pgcow", "events", kCumulative, "Write faults that copied a page (no row in /proc/vmstat)")      \
  X(kAllocStall, "allocstall", "events", kCumulative, "Allocations that found no memory above the watermarks")       \
  X(kOomKill, "oom_kill", "events", kCumulative, "Processes killed for want of memory")                              \
  X(kPgPgIn, "pgpgin", "KiB", kCumulative, "Read from devices")                                                      \
  X(kCommittedAs, "committed_as", "pages", kGauge, "Memory promised to processes (Committed_AS of meminfo)")         \
  X(kProcesses, "processes", "tasks", kCumulative, "Tasks ever created (processes of /proc/stat)")                   \
  X(kTasks, "tasks", "tasks", kGauge, "Tasks that exist, zombies included")                                          \
  X(kVmas, "vmas", "mappings", kGauge, "Mappings of all address spaces")                                             \
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

// Counts of one zone: rows of /proc/zoneinfo, and the zone's share of machine counters of the same name.
#define MEMSIM_ZONE_COUNTERS(X)                                                                             \
  X(kFree, "nr_free_pages", "pages", kGauge, "Free pages of the zone")                                      \
  X(kMin, "min", "pages", kGauge, "Below this many free pages, only those who free memory may allocate")    \
  X(kLow, "low", "pages", kGauge, "Below this many free pages, kswapd begins to reclaim")                   \
  X(kHigh, "high", "pages", kGauge, "At this many free pages, kswapd stops")                                \
  X(kSpanned, "spanned", "pages", kGauge, "Page frames from the zone's first to its last, holes included")  \
  X(kPresent, "present", "pages", kGauge, "Page frames of the zone with memory behind them")                \
  X(kManaged, "managed", "pages", kGauge, "Pages of the zone that the buddy system has, free or allocated") \
  X(kAllocated, "pgalloc", "pages", kCumulative, "Pages allocated from the zone")                           \
  X(kStalls, "allocstall", "events", kCumulative,                                                           \
    "Allocations that the zone was the best for, and that found no memory")

// Counts of one order within a zone (/proc/buddyinfo).
#define MEMSIM_ORDER_COUNTERS(X) X(kFreeBlocks, "free_blocks", "blocks", kGauge, "Free blocks of 2^order pages")

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

#define MEMSIM_INFO(symbol, name, unit, kind, help) CounterInfo{name, unit, CounterKind::kind, help},
inline constexpr std::array<CounterInfo, static_cast<std::size_t>(ZoneCounter::kCount)> kZoneCounterInfo = {
    {MEMSIM_ZONE_COUNTERS(MEMSIM_INFO)}};
inline constexpr std::array<CounterInfo, static_cast<std::size_t>(OrderCounter::kCount)> kOrderCounterInfo = {
    {MEMSIM_ORDER_COUNTERS(MEMSIM_INFO)}};
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

// One number as it is shown: of the machine, of a zone, or of an order within a zone.
struct CounterSample {
  const CounterInfo* info;
  // Empty: of the whole machine.
  absl::string_view zone;
  // -1: of no order.
  int order;
  std::int64_t value;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_OBSERVE_COUNTER_H_
