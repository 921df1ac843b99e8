// /proc/sys/vm: the sysctls that a machine has, read and written as text.

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_SYS_VM_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_SYS_VM_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/machine_spec.h"
#include "server/kernel/vm/capability.h"

namespace memsim {

// Their paths below /proc: "sys/vm/max_map_count".
std::vector<absl::string_view> SysVmFiles();

// nullopt: there is no such file.
std::optional<std::string> ReadSysVm(const Sysctls& sysctls, absl::string_view path);

// What write(2) at the beginning of the file answers: how many bytes were taken, which may be less than there are.
// ENOENT; EPERM without the capability that the sysctl asks for; EINVAL: no number, or out of its range. Sets the
// sysctl alone: what was computed from it is the caller's business.
ErrnoOr<ByteCount> WriteSysVm(Sysctls& sysctls, absl::string_view path, absl::string_view text,
                              CapabilitySet capabilities);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_SYS_VM_H_
