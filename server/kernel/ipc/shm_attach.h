// shmat(2) and shmdt(2).

#ifndef MEMSIM_SERVER_KERNEL_IPC_SHM_ATTACH_H_
#define MEMSIM_SERVER_KERNEL_IPC_SHM_ATTACH_H_

#include <cstdint>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/ipc/ipc_caller.h"
#include "server/kernel/ipc/shm_segments.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// do_shmat: where the segment lies now. EINVAL: no such segment, an unaligned address, something mapped there without
// SHM_REMAP; EACCES; EPERM, ENOMEM, EAGAIN, as mmap; ENFILE.
ErrnoOr<VirtualAddress> Shmat(ShmSegments& segments, AddressSpace& space, const IpcCaller& caller, std::int32_t id,
                              VirtualAddress address, std::uint32_t flags);

// Unmaps what is left of one attachment. EINVAL: none was made so that it would begin at the address.
Errno Shmdt(AddressSpace& space, VirtualAddress address);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_IPC_SHM_ATTACH_H_
