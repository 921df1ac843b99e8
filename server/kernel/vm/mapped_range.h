// How much of a range is mapped without a hole.

#ifndef MEMSIM_SERVER_KERNEL_VM_MAPPED_RANGE_H_
#define MEMSIM_SERVER_KERNEL_VM_MAPPED_RANGE_H_

#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// From the start of the range to its first hole, or to its end.
inline PageCount MappedInARow(AddressSpace& space, VirtualRange range) {
  VirtualAddress end = range.start;
  for (const Vma* vma = space.Lookup(end); vma != nullptr && vma->range.start <= end; vma = space.Next(*vma)) {
    end = vma->range.end;
    if (end >= range.end) return range.pages();
  }
  return ToPages(end - range.start);
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MAPPED_RANGE_H_
