// The task that makes a call of System V IPC, as far as the calls ask for it.

#ifndef MEMSIM_SERVER_KERNEL_IPC_IPC_CALLER_H_
#define MEMSIM_SERVER_KERNEL_IPC_IPC_CALLER_H_

#include <algorithm>
#include <cstdint>

#include "absl/types/span.h"

#include "server/base/units.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// What it refers to must outlive the call.
struct IpcCaller {
  const VmCaller& memory;
  // Its thread group.
  Pid tgid;
  // The user that locked pages are counted for.
  std::uint32_t uid = 0;
  // Those that checks ask for, and new objects get.
  std::uint32_t effective_uid = 0;
  std::uint32_t effective_gid = 0;
  // What group checks ask for, beside the other groups (in_group_p).
  std::uint32_t file_system_gid = 0;
  absl::Span<const std::uint32_t> groups;

  bool Has(Capability capability) const { return memory.capabilities.Has(capability); }
  bool IsInGroup(std::uint32_t gid) const {
    return gid == file_system_gid || std::find(groups.begin(), groups.end(), gid) != groups.end();
  }
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_IPC_IPC_CALLER_H_
