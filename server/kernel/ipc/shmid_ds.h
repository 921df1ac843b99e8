// What shmctl tells of segments, and is told: struct shmid_ds, shminfo and shm_info (include/uapi/linux/shm.h).

#ifndef MEMSIM_SERVER_KERNEL_IPC_SHMID_DS_H_
#define MEMSIM_SERVER_KERNEL_IPC_SHMID_DS_H_

#include <cstdint>
#include <variant>

#include "server/base/units.h"
#include "server/kernel/ipc/ipc_permission.h"

namespace memsim {

// One segment. Times are in seconds since 1970, 0: never.
struct ShmidDs {
  IpcPermission permission;
  // As asked for, in bytes.
  ByteCount size;
  // How many mappings it has.
  std::uint64_t attach_count = 0;
  std::uint64_t attach_time = 0;
  std::uint64_t detach_time = 0;
  std::uint64_t change_time = 0;
  Pid creator;
  // Who attached or detached last. 0: nobody.
  Pid last;
};

// struct shminfo.
struct ShmLimits {
  std::uint64_t max_size = 0;
  std::uint64_t min_size = 0;
  std::uint64_t max_segments = 0;
  std::uint64_t max_segments_per_process = 0;
  std::uint64_t max_pages = 0;
};

// struct shm_info, but for what is always 0.
struct ShmUsage {
  std::uint32_t segments = 0;
  PageCount pages;
  PageCount resident;
};

struct ShmctlArguments {
  // With SHM_STAT and SHM_STAT_ANY an index.
  std::int32_t id = 0;
  // A ShmCommand, or none.
  std::int32_t command = 0;
  // The caller's buffer is no memory of its: EFAULT where the kernel gets to it.
  bool bad_buffer = false;
  // What IPC_SET takes of the buffer.
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0;
};

struct ShmctlResult {
  // What the call returns: an id or an index.
  std::int32_t returned = 0;
  // What it wrote into the buffer: IPC_STAT and its like a segment, IPC_INFO the limits, SHM_INFO the usage.
  std::variant<std::monostate, ShmidDs, ShmLimits, ShmUsage> buffer;

  std::int32_t value() const { return returned; }
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_IPC_SHMID_DS_H_
