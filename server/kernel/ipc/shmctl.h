// shmctl(2).

#ifndef MEMSIM_SERVER_KERNEL_IPC_SHMCTL_H_
#define MEMSIM_SERVER_KERNEL_IPC_SHMCTL_H_

#include "server/base/errno.h"
#include "server/kernel/ipc/ipc_caller.h"
#include "server/kernel/ipc/shm_segments.h"
#include "server/kernel/ipc/shmid_ds.h"

namespace memsim {

// EINVAL: no such command or segment; EACCES, EPERM, EFAULT; ENOMEM: SHM_LOCK beyond RLIMIT_MEMLOCK.
ErrnoOr<ShmctlResult> Shmctl(ShmSegments& segments, const IpcCaller& caller, const ShmctlArguments& arguments);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_IPC_SHMCTL_H_
