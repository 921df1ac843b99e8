// What an access to memory does: the hardware's check of the page table entry, and the kernel's answer where it faults
// (arch/x86/mm/fault.c, mm/memory.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_PAGE_FAULT_H_
#define MEMSIM_SERVER_KERNEL_VM_PAGE_FAULT_H_

#include <cstdint>
#include <optional>

#include "server/base/units.h"
#include "server/kernel/vm/access.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/fault_retry.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// Whether it is known what stores leave behind: what is not known is not all zeros.
enum class StoredBytes : std::uint8_t { kUnknown, kKnown };

// A row of accesses on its way, one a page.
struct TouchProgress {
  VirtualAddress next;
  PageCount left;
  AccessKind kind = AccessKind::kRead;
  StoredBytes stored = StoredBytes::kUnknown;
  // Set when an access ended in one; the row ends there.
  std::optional<Signal> signal;
};

enum class TouchStatus : std::uint8_t {
  kDone,
  kSignal,
  // The access to progress.next found no memory; nothing of it was done. Free some and touch again.
  kOutOfMemory,
};

// Makes the accesses, from progress.next on. Faults are counted in the caller's tally and in the machine's counters.
TouchStatus Touch(AddressSpace& space, const VmCaller& caller, TouchProgress& progress);

// The same by the kernel (get_user_pages): no exception is taken, and a stack does not grow. REQUIRES: the caller has
// mmap_lock, or nobody else has the address space.
TouchStatus FaultInPages(AddressSpace& space, const VmCaller& caller, FaultRetry retry, TouchProgress& progress);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_PAGE_FAULT_H_
