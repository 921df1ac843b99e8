// Where things lie in a virtual address space (x86-64, 4-level page tables; Documentation/arch/x86/x86_64/mm.rst).

#ifndef MEMSIM_SERVER_KERNEL_VM_LAYOUT_H_
#define MEMSIM_SERVER_KERNEL_VM_LAYOUT_H_

#include "server/base/units.h"

namespace memsim {

// TASK_SIZE: one page below 2^47, because of a SYSRET erratum.
inline constexpr VirtualAddress kTaskSize{0x7ffffffff000};
// Kept free below a growing stack: stack_guard_gap, 256 pages.
inline constexpr ByteCount kStackGuardGap{256ULL << kPageShift};
// A huge page, and the span of one page table.
inline constexpr ByteCount kPmdSize{2ULL << 20};

// Whether the hardware can address it: bits 63..47 are equal.
constexpr bool IsCanonical(VirtualAddress address) {
  return static_cast<std::int64_t>(address.value() << 16) >> 16 == static_cast<std::int64_t>(address.value());
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_LAYOUT_H_
