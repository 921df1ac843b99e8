// One mapping, as inspections tell of it.

#ifndef MEMSIM_SERVER_KERNEL_INSPECT_VMA_REPORT_H_
#define MEMSIM_SERVER_KERNEL_INSPECT_VMA_REPORT_H_

#include <cstdint>
#include <string>

#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/virtual_range.h"
#include "server/kernel/vm/vm_flags.h"

namespace memsim {

struct VmaReport {
  VirtualRange range;
  VmFlags flags = 0;
  PageOffset pgoff;
  // 0: no file.
  std::uint64_t inode_number = 0;
  // As /proc/PID/maps has it. Empty: none.
  std::string name;
  AddressSpaceNumber space = 0;
  // 0: none.
  AnonVmaId anon_vma;

  static VmaReport Of(const AddressSpace& space, const Vma& vma);

  friend bool operator==(const VmaReport&, const VmaReport&) = default;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_INSPECT_VMA_REPORT_H_
