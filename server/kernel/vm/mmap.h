// mmap(2).

#ifndef MEMSIM_SERVER_KERNEL_VM_MMAP_H_
#define MEMSIM_SERVER_KERNEL_VM_MMAP_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/file/open_file.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/placement_trail.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// The arguments after the descriptor has been looked up.
struct MmapArguments {
  VirtualAddress address;
  ByteCount length;
  // PROT_* and MAP_*.
  std::uint64_t prot = 0;
  std::uint64_t flags = 0;
  // None with MAP_ANONYMOUS, where it is ignored.
  OpenFileId file;
  PageOffset pgoff;
  // EINVAL where anything is mapped, as shmat has it without SHM_REMAP.
  bool must_be_free = false;
};

// The address. EINVAL: no length, a type that is none, an unaligned fixed address; ENOMEM: no room, a limit, no huge
// pages; EEXIST: MAP_FIXED_NOREPLACE; of files EOVERFLOW, EACCES, ENODEV, and EOPNOTSUPP for what MAP_SHARED_VALIDATE
// must know; of shared memory without a file ENFILE and ENOSPC.
ErrnoOr<VirtualAddress> Mmap(AddressSpace& space, const VmCaller& caller, const MmapArguments& arguments);

// get_unmapped_area: where such a mapping would go, if nothing but room mattered. Maps nothing. EINVAL, ENOMEM; EPERM:
// a fixed address below vm.mmap_min_addr.
ErrnoOr<VirtualAddress> FindPlaceFor(AddressSpace& space, const VmCaller& caller, const MmapArguments& arguments,
                                     PlacementTrail& trail);

// shmem_zero_setup: the file of shared memory without a name, with a reference for its first mapping. `promised` of its
// pages are charged, all or none. ENOMEM; ENFILE, ENOSPC.
ErrnoOr<OpenFileId> CreateSharedMemory(AddressSpace& space, const VmCaller& caller, PageCount pages,
                                       PageCount promised);

// calc_vm_prot_bits.
VmFlags FlagsOfProt(std::uint64_t prot);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MMAP_H_
