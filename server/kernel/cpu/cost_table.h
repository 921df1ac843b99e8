// What each step of a call costs in virtual time.
//
// The numbers are nanoseconds of a 3 GHz class CPU on bare metal, put together from published microbenchmarks of the
// kernel's own developers; those marked "estimate" were not measured by anybody we know of. They say how a machine's
// time passes, never how fast this program is.

#ifndef MEMSIM_SERVER_KERNEL_CPU_COST_TABLE_H_
#define MEMSIM_SERVER_KERNEL_CPU_COST_TABLE_H_

#include "server/base/units.h"

namespace memsim {

struct CostTable {
  // A null system call without page-table isolation.
  Nanoseconds syscall{100};
  // Exception entry and exit; with what follows a minor anonymous fault comes to about 550.
  Nanoseconds fault{250};
  // Order-0 allocation and free over the per-CPU list: the 46 to 53 ns pair of the 2017 page allocator series.
  Nanoseconds page_alloc{25};
  Nanoseconds page_free{20};
  // clear_page, 13.7 GB/s warm; copy_page touches twice the lines.
  Nanoseconds page_zero{120};
  Nanoseconds page_copy{250};
  // Fault-around, for each further page that a file fault maps (estimate).
  Nanoseconds fault_around_page{20};
  // A 4 KiB read from an NVMe drive at queue depth 1.
  Nanoseconds device_read{80000};
  // The work of the calls themselves beside VMAs and pages (estimates from system-call benchmarks).
  Nanoseconds mmap{900};
  Nanoseconds munmap{700};
  Nanoseconds mprotect{400};
  Nanoseconds brk{600};
  Nanoseconds mremap{1200};
  Nanoseconds madvise{300};
  Nanoseconds vma_split_or_merge{250};
  // Per present page table entry.
  Nanoseconds zap_page{40};
  Nanoseconds protect_page{15};
  Nanoseconds move_page{30};
  // fork: 3 to 6.5 ms per GB of 4 KiB pages.
  Nanoseconds fork{60000};
  Nanoseconds fork_vma{300};
  Nanoseconds fork_page{12};
  Nanoseconds execve{250000};
  Nanoseconds exit{50000};
};

inline constexpr CostTable kDefaultCosts;

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_COST_TABLE_H_
