// The direct map: all of physical memory, one frame behind the other, in the kernel's address space (x86-64 with
// 4-level page tables; Documentation/arch/x86/x86_64/mm.rst).

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_DIRECT_MAP_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_DIRECT_MAP_H_

#include "server/base/units.h"

namespace memsim {

// PAGE_OFFSET, without KASLR.
inline constexpr VirtualAddress kDirectMapBase{0xffff888000000000};

constexpr VirtualAddress DirectMapAddress(PageFrameNumber frame) {
  return kDirectMapBase + ToBytes(frame - PageFrameNumber(0));
}

// The frame that an address lies in. REQUIRES: address >= kDirectMapBase.
constexpr PageFrameNumber FrameOfDirectMap(VirtualAddress address) {
  return PageFrameNumber((address - kDirectMapBase).value() >> kPageShift);
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_DIRECT_MAP_H_
