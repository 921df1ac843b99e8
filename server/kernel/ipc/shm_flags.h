// The bits and commands of System V shared memory (include/uapi/linux/ipc.h and shm.h).

#ifndef MEMSIM_SERVER_KERNEL_IPC_SHM_FLAGS_H_
#define MEMSIM_SERVER_KERNEL_IPC_SHM_FLAGS_H_

#include <cstdint>

namespace memsim {

// key_t. A segment of this key is found by nobody.
inline constexpr std::int32_t kIpcPrivate = 0;

// shmget. The low nine bits are the mode.
inline constexpr std::uint32_t kIpcModeBits = 0777;
inline constexpr std::uint32_t kIpcCreate = 01000;
inline constexpr std::uint32_t kIpcExclusive = 02000;
inline constexpr std::uint32_t kShmHugeTlb = 04000;
inline constexpr std::uint32_t kShmNoReserve = 010000;

// shmat.
inline constexpr std::uint32_t kShmReadOnly = 010000;
inline constexpr std::uint32_t kShmRound = 020000;
inline constexpr std::uint32_t kShmRemap = 040000;
inline constexpr std::uint32_t kShmExec = 0100000;

// In a segment's mode, beside the nine bits: it was removed and goes with its last mapping; it is locked.
inline constexpr std::uint32_t kShmDest = 01000;
inline constexpr std::uint32_t kShmLocked = 02000;

// shmctl.
enum class ShmCommand : std::int32_t {
  kIpcRemove = 0,
  kIpcSet = 1,
  kIpcStat = 2,
  kIpcInfo = 3,
  kShmLock = 11,
  kShmUnlock = 12,
  kShmStat = 13,
  kShmInfo = 14,
  kShmStatAny = 15,
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_IPC_SHM_FLAGS_H_
