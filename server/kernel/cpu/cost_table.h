// What each step of a call costs in virtual time. Every number can be set in a machine's spec.
//
// The numbers are nanoseconds of a 3 GHz class CPU on bare metal, put together from published microbenchmarks of the
// kernel's own developers; those marked "estimate" were not measured by anybody we know of. They say how a machine's
// time passes, never how fast this program is.

#ifndef MEMSIM_SERVER_KERNEL_CPU_COST_TABLE_H_
#define MEMSIM_SERVER_KERNEL_CPU_COST_TABLE_H_

#include <array>

#include "absl/strings/string_view.h"

#include "server/base/digest.h"
#include "server/base/units.h"

namespace memsim {

// clang-format off
#define MEMSIM_COSTS(X)                                                                                                \
  /* Entering and leaving the kernel. */                                                                               \
  X(syscall, 100, "A null system call, without page-table isolation: getppid on current hardware")                     \
  X(fault, 250, "Exception entry and exit")                                                                            \
  X(context_switch, 1200, "Another task on a CPU: half of a pipe ping-pong, its address space still in a PCID")        \
  X(thread_switch, 1000, "Another thread of the same address space (estimate)")                                        \
  /* Locks. */                                                                                                         \
  X(lock_transfer, 50, "The line of a lock that another CPU of the socket held last (estimate of 40 to 60)")           \
  X(semaphore_spin, 2000, "How long a waiter for a read-write semaphore spins before it sleeps (estimate)")            \
  X(semaphore_sleep, 2000, "Sleeping and waking up: a context switch away and back (estimate)")                        \
  /* Pages. */                                                                                                         \
  X(page_alloc, 25, "A page from a per-CPU list: half of the 46 to 53 ns pair in the page allocator series of 2017")   \
  X(page_free, 20, "A page onto a per-CPU list: the other half")                                                       \
  X(pcp_page, 12, "Each page that moves between a per-CPU list and the buddy lists: the growth with batch size there") \
  X(zone_lock, 20, "Taking and leaving a zone's lock: 15.6 ns for an uncontended irqsave lock, and the lists' heads")  \
  X(buddy_step, 8, "Each order that a block is split or merged by (estimate)")                                         \
  X(page_zero, 120, "clear_page of a page that is in L2 (estimate); 300 at the 13.7 GB/s of clear_pages' changelog")   \
  X(page_copy, 250, "copy_page, which touches twice the lines (estimate)")                                             \
  X(set_entry, 30, "A page table's lock, one entry, its rmap and its books (estimate)")                                 \
  /* Faults, beside the exception and their pages. Estimates, so that a load of the zero page comes to 350, a store   \
     to a new page to 550 (575 were measured, at the least, on an i7 of 2021), a copy to 900 with its flush, a file's  \
     page to 520. */                                                                                                    \
  X(handle_fault, 70, "Finding the mapping and the table's entry (estimate)")                                          \
  X(new_page, 55, "A new page's charge, place on an LRU batch and reverse mapping (estimate)")                         \
  X(replace_page, 120, "The books of the page that a copy replaces (estimate)")                                        \
  X(file_fault, 180, "A file's page looked up and locked (estimate)")                                                  \
  X(access_line, 1, "Each 64 bytes that a program loads or stores, beside its faults (estimate)")                      \
  /* Huge pages. */                                                                                                     \
  X(huge_page_zero, 139000, "clear_page of 2 MiB at the 15.1 GB/s of clear_pages' changelog")                          \
  X(huge_fault, 2000, "A huge page's charge, rmap, entry and deposit (estimate)")                                      \
  X(split_huge_entry, 4000, "A huge entry becomes 512 entries of a table, with their rmap (estimate)")                 \
  X(zap_huge_entry, 500, "A huge entry that is unmapped (estimate)")                                                   \
  X(fork_huge_entry, 500, "A huge entry that fork copies (estimate)")                                                  \
  X(collapse, 20000, "MADV_COLLAPSE of 2 MiB, beside its pages: LRU drains, locks and scan (estimate)")                \
  /* TLBs. */                                                                                                          \
  X(tlb_flush_page, 100, "INVLPG of one entry: about 350 cycles with page-table isolation (Skylake)")                  \
  X(tlb_flush_all, 150, "All entries of an address space (estimate)")                                                  \
  X(tlb_shootdown, 1000, "Interrupting other CPUs and waiting for them: 1 to 3 us for a round trip")                   \
  X(tlb_shootdown_cpu, 200, "Each CPU that is interrupted (estimate; 64 of them: 10 to 100 us)")                       \
  /* Slabs: 10.6 ns for the pair without slow path, 22 to 25 ns amortised over 158 to 250 objects. */                  \
  X(slab_alloc, 6, "An object from the CPU's free list (ALLOC_FASTPATH)")                                              \
  X(slab_free, 5, "An object back onto the CPU's slab (FREE_FASTPATH)")                                                \
  X(slab_refill, 15, "The rest of the CPU's own slab taken over (ALLOC_REFILL), or an object freed to another slab")   \
  X(slab_bulk_object, 2, "Each object of a bulk call, beside its steps: half of the 4.3 to 4.5 ns pair in the series") \
  X(slab_cpu_partial, 25, "A slab from or to the CPU's partial list (estimate)")                                       \
  X(slab_node_partial, 60, "A slab from or to the node's partial list (estimate)")                                     \
  X(slab_new, 300, "A new slab's free list, beside its pages (estimate)")                                              \
  X(slab_barn, 25, "A sheaf from or to the node's barn (estimate)")                                                    \
  /* Files. */                                                                                                         \
  X(fault_around_page, 20, "Each further page that a file fault maps (estimate)")                                      \
  X(write_page, 400, "Each page that write copies to: page_copy, and finding and marking it (estimate)")                 \
  X(read_page, 350, "Each page that read copies from: page_copy, and finding it (estimate)")                             \
  X(device_read, 80000, "A 4 KiB read from an older TLC drive over NVMe, at queue depth 1: 80 to 100 us")              \
  X(device_write, 30000, "One request to write, into the device's cache (estimate)")                                   \
  /* The work of the calls themselves beside mappings and pages (estimates from system-call benchmarks). */            \
  X(mmap, 900, "mmap, beside mappings and pages (estimate)")                                                           \
  X(munmap, 700, "munmap (estimate)")                                                                                  \
  X(mprotect, 400, "mprotect: 209 ns to 1.4 us with splits, Xeon W3580 without page-table isolation")                  \
  X(brk, 600, "brk (estimate)")                                                                                        \
  X(mremap, 1200, "mremap (estimate)")                                                                                 \
  X(madvise, 300, "madvise (estimate)")                                                                                \
  X(mlock, 400, "mlock, munlock, mlockall, munlockall (estimate: as mprotect)")                                        \
  X(mincore, 300, "mincore (estimate: as madvise)")                                                                    \
  X(mincore_page, 5, "Each page that mincore tells of (estimate)")                                                     \
  X(msync, 300, "msync, beside what it writes (estimate)")                                                             \
  X(mseal, 400, "mseal (estimate: as mprotect)")                                                                       \
  X(pkey, 300, "pkey_alloc and pkey_free (estimate: as madvise)")                                                      \
  X(wrpkru, 8, "The instruction WRPKRU, about 23 cycles (estimate)")                                                   \
  X(mempolicy, 300, "set_mempolicy and get_mempolicy (estimate: as madvise)")                                          \
  X(mbind, 400, "mbind, beside splits and merges (estimate: as mprotect)")                                             \
  X(mbind_page, 5, "Each page that mbind looks at (estimate: as mincore)")                                             \
  X(cachestat, 300, "cachestat (estimate: as mincore)")                                                                \
  X(cachestat_page, 5, "Each page that cachestat counts (estimate: as mincore)")                                       \
  X(shm, 400, "shmget and shmctl, and beside mmap and munmap shmat and shmdt (estimate)")                              \
  X(index_node, 10, "Each node of the index of mappings that an inspection passes (estimate: a cache line or two)")      \
  X(rmap_vma, 30, "Each mapping that rmap_walk looks into (estimate: as set_entry)")                                    \
  X(vma_split_or_merge, 250, "A mapping split in two, or two made one (estimate)")                                     \
  X(zap_page, 20, "Each present page that is unmapped: with page_free 40 (estimate)")                                  \
  X(protect_page, 15, "Each present page whose rights change (estimate)")                                              \
  X(move_page, 30, "Each present page that mremap moves (estimate)")                                                   \
  X(fork, 60000, "fork of a small process: 3 to 6.5 ms per GB of 4 KiB pages, less the pages")                         \
  X(fork_vma, 300, "Each mapping that fork copies (estimate)")                                                         \
  X(fork_page, 12, "Each page table entry that fork copies: 3 to 6.5 ms per GB")                                       \
  X(clone_thread, 10000, "clone of a task that shares its parent's memory, beside its objects (estimate)")             \
  X(execve, 250000, "execve of a small program from the page cache (estimate)")                                        \
  X(exit, 50000, "exit of a small process, beside its pages (estimate)")                                               \
  X(exit_thread, 5000, "exit of a thread that is not the last, beside its objects (estimate: half of its clone)")      \
  X(kmem_cache_create, 5000, "kmem_cache_create, beside its objects: its directory in /sys (estimate)")                \
  X(kmem_cache_destroy, 5000, "kmem_cache_destroy, likewise (estimate)")
// clang-format on

struct CostTable {
#define MEMSIM_COST_FIELD(name, nanoseconds, help) Nanoseconds name{nanoseconds};
  MEMSIM_COSTS(MEMSIM_COST_FIELD)
#undef MEMSIM_COST_FIELD

  // No step takes longer than a second of virtual time.
  static constexpr Nanoseconds kMax{1'000'000'000};

  void DigestTo(Digest& digest) const;
};

// The table's columns, in the order of its fields.
struct CostInfo {
  absl::string_view name;
  Nanoseconds CostTable::*field;
  absl::string_view help;
};

#define MEMSIM_COST_INFO(name, nanoseconds, help) CostInfo{#name, &CostTable::name, help},
inline constexpr auto kCostInfo = std::to_array<CostInfo>({MEMSIM_COSTS(MEMSIM_COST_INFO)});
#undef MEMSIM_COST_INFO

inline void CostTable::DigestTo(Digest& digest) const {
  for (const CostInfo& info : kCostInfo) digest.Add(this->*info.field);
}

inline constexpr CostTable kDefaultCosts;

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_COST_TABLE_H_
