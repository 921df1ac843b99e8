// remap_file_pages(2), which has been an mmap in disguise since Linux 4.0.

#ifndef MEMSIM_SERVER_KERNEL_VM_REMAP_FILE_PAGES_H_
#define MEMSIM_SERVER_KERNEL_VM_REMAP_FILE_PAGES_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

struct RemapFilePagesArguments {
  // Rounded down to whole pages.
  VirtualAddress address;
  ByteCount length;
  // Must be 0.
  std::uint64_t prot = 0;
  PageOffset pgoff;
  // MAP_NONBLOCK counts.
  std::uint64_t flags = 0;
};

// The pages of a shared mapping show another part of its file. EINVAL: what is not such a mapping, or not one piece;
// else the errors of mmap.
Errno RemapFilePages(AddressSpace& space, const VmCaller& caller, const RemapFilePagesArguments& arguments);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_REMAP_FILE_PAGES_H_
