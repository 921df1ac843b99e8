// Numbers as a program writes them to a file of /proc/sys (kernel/sysctl.c).

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_SYSCTL_NUMBER_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_SYSCTL_NUMBER_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

#include "server/base/units.h"

namespace memsim {

struct SysctlNumber {
  bool negative = false;
  std::uint64_t magnitude = 0;
  // How much of the text was taken, and so what write(2) answers: the number and the white space around it. What
  // follows, as in "1 2", is left.
  ByteCount taken;
};

// The number that the text begins with: decimal, octal after 0, hexadecimal after 0x (do_proc_dointvec, proc_get_long).
// Only the first 4095 bytes are looked at. nullopt: EINVAL, as for no number, one of more than 20 characters or beyond
// 64 bits, or one with something else than a space, a tab or a line end behind it.
// REQUIRES: the text is not empty.
std::optional<SysctlNumber> ParseSysctlNumber(absl::string_view text);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_SYSCTL_NUMBER_H_
