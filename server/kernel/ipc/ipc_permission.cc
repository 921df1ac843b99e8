#include "server/kernel/ipc/ipc_permission.h"

#include "server/kernel/ipc/ipc_caller.h"

namespace memsim {

bool IpcPermission::Permits(const IpcCaller& caller, std::uint32_t requested) const {
  const std::uint32_t wanted = (requested >> 6 | requested >> 3 | requested) & 07;
  std::uint32_t granted = mode;
  if (IsOwnedBy(caller.effective_uid)) {
    granted >>= 6;
  } else if (caller.IsInGroup(creator_gid) || caller.IsInGroup(gid)) {
    granted >>= 3;
  }
  return (wanted & ~granted) == 0 || caller.Has(Capability::kIpcOwner);
}

bool IpcPermission::MayControl(const IpcCaller& caller) const {
  return IsOwnedBy(caller.effective_uid) || caller.Has(Capability::kSysAdmin);
}

void IpcPermission::DigestTo(Digest& digest) const {
  digest.Add(static_cast<std::uint64_t>(static_cast<std::uint32_t>(key)) << 32 | static_cast<std::uint32_t>(id));
  digest.Add(static_cast<std::uint64_t>(uid) << 32 | gid);
  digest.Add(static_cast<std::uint64_t>(creator_uid) << 32 | creator_gid);
  digest.Add(static_cast<std::uint64_t>(mode));
}

}  // namespace memsim
