// What CPUs must forget of page tables that changed, and how long that takes (arch/x86/mm/tlb.c).
//
// Simplified: what a TLB holds is not there, so no access is cheaper for an entry that is cached, and none dearer after
// a flush. A CPU that idles or has gone on to another address space is not interrupted; Linux forgets that it was there
// only at a flush up to a second later, which interrupts it once more, and after freed tables and fork interrupts those
// that idle too. Only the flushing CPU tells of a flush (tlb:tlb_flush), not those that it interrupts; and the time
// that they lose is not taken from them.

#ifndef MEMSIM_SERVER_KERNEL_CPU_TLB_FLUSH_H_
#define MEMSIM_SERVER_KERNEL_CPU_TLB_FLUSH_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/cpu/cpus.h"
#include "server/kernel/observe/counter.h"

namespace memsim {

// tlb_single_page_flush_ceiling: whoever has more entries than this to forget forgets all of the address space.
inline constexpr std::uint64_t kSinglePageFlushCeiling = 33;

// What one entry serves, as the binary logarithm of its bytes: a page, or a table of pages.
enum class TlbStride : std::uint8_t { kPage = 12, kTable = 21 };

// flush_tlb_mm_range: the entries of so many bytes of an address space. The running CPU has the others that work there
// do the same, and waits for them. An address space that no CPU works in has nothing to forget.
void FlushTlbRange(Cpus& cpus, Counters& counters, AddressSpaceNumber space, ByteCount length,
                   TlbStride stride = TlbStride::kPage);

// flush_tlb_mm: all of its entries.
void FlushTlb(Cpus& cpus, Counters& counters, AddressSpaceNumber space);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_TLB_FLUSH_H_
