// Who may do what with an object of System V IPC (kern_ipc_perm, ipcperms of ipc/util.c).

#ifndef MEMSIM_SERVER_KERNEL_IPC_IPC_PERMISSION_H_
#define MEMSIM_SERVER_KERNEL_IPC_IPC_PERMISSION_H_

#include <cstdint>

#include "server/base/digest.h"

namespace memsim {

struct IpcCaller;

// IPCMNI_SHIFT: below stands an id's index, above its sequence number.
inline constexpr int kIpcIndexBits = 15;

struct IpcPermission {
  std::int32_t key = 0;
  std::int32_t id = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  // The creator's, which stay.
  std::uint32_t creator_uid = 0;
  std::uint32_t creator_gid = 0;
  // rwxrwxrwx, and what an object's kind adds above.
  std::uint32_t mode = 0;

  std::uint32_t sequence() const { return static_cast<std::uint32_t>(id) >> kIpcIndexBits; }
  bool IsOwnedBy(std::uint32_t user) const { return user == uid || user == creator_uid; }
  // ipcperms: whether the caller gets all rights of `requested`, whichever of its three places a right stands in.
  bool Permits(const IpcCaller& caller, std::uint32_t requested) const;
  // ipcctl_obtain_check: whether the caller may change or remove the object.
  bool MayControl(const IpcCaller& caller) const;

  void DigestTo(Digest& digest) const;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_IPC_IPC_PERMISSION_H_
