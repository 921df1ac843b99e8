#include "server/kernel/cpu/tlb_flush.h"

#include <algorithm>
#include <cstdint>

namespace memsim {
namespace {

// enum tlb_flush_reason.
enum class FlushReason : std::uint8_t { kLocalMmShootdown = 3, kRemoteSendIpi = 4 };

// TLB_FLUSH_ALL, as a number of entries.
constexpr std::uint64_t kAllEntries = UINT64_MAX;

struct Flush {
  std::uint64_t entries;
  // What the others are told: pages, whatever the stride.
  std::uint64_t pages;
};

// flush_tlb_multi.
void FlushOthers(Cpus& cpus, Counters& counters, AddressSpaceNumber space, const Flush& flush) {
  const CostTable& costs = cpus.costs();
  const std::uint32_t others = cpus.OthersIn(space);
  if (others == 0) return;
  counters.Add(Counter::kNrTlbRemoteFlush, 1);
  counters.Add(Counter::kNrTlbRemoteFlushReceived, others);
  cpus.Trace<Tracepoint::kTlbFlush>(FlushReason::kRemoteSendIpi, flush.pages);
  cpus.Charge(costs.tlb_shootdown + costs.tlb_shootdown_cpu * others);
}

// flush_tlb_func.
void FlushOwn(Cpus& cpus, Counters& counters, const Flush& flush) {
  cpus.Trace<Tracepoint::kTlbFlush>(FlushReason::kLocalMmShootdown, flush.entries);
  if (flush.entries == kAllEntries) {
    counters.Add(Counter::kNrTlbLocalFlushAll, 1);
    cpus.Charge(cpus.costs().tlb_flush_all);
    return;
  }
  counters.Add(Counter::kNrTlbLocalFlushOne, static_cast<std::int64_t>(flush.entries));
  // A range that is shorter than what its entry serves has that entry nevertheless.
  cpus.Charge(cpus.costs().tlb_flush_page * std::max<std::uint64_t>(flush.entries, 1));
}

void FlushEverywhere(Cpus& cpus, Counters& counters, AddressSpaceNumber space, const Flush& flush) {
  FlushOthers(cpus, counters, space, flush);
  if (cpus.space() == space) FlushOwn(cpus, counters, flush);
}

}  // namespace

void FlushTlbRange(Cpus& cpus, Counters& counters, AddressSpaceNumber space, ByteCount length, TlbStride stride) {
  const std::uint64_t entries = length.value() >> static_cast<unsigned>(stride);
  if (entries > kSinglePageFlushCeiling) return FlushTlb(cpus, counters, space);
  FlushEverywhere(cpus, counters, space, {entries, ToPages(length).value()});
}

void FlushTlb(Cpus& cpus, Counters& counters, AddressSpaceNumber space) {
  FlushEverywhere(cpus, counters, space, {kAllEntries, kAllEntries});
}

}  // namespace memsim
