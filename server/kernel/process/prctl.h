// prctl(2), as far as it concerns memory and what may be done to it (kernel/sys.c).

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_PRCTL_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_PRCTL_H_

#include <array>
#include <cstdint>

#include "server/base/errno.h"
#include "server/kernel/process/task.h"

namespace memsim {

inline constexpr int kPrGetKeepCaps = 7;
inline constexpr int kPrSetKeepCaps = 8;
inline constexpr int kPrCapbsetRead = 23;
inline constexpr int kPrCapbsetDrop = 24;
inline constexpr int kPrSetThpDisable = 41;
inline constexpr int kPrGetThpDisable = 42;
inline constexpr int kPrSetMdwe = 65;
inline constexpr int kPrGetMdwe = 66;
inline constexpr int kPrSetVma = 0x53564d41;

// arg2 to arg5.
using PrctlArguments = std::array<std::uint64_t, 4>;

// What the call returns. EINVAL: arguments that the operation does not know; EPERM; ENOSYS: an operation of Linux's, or
// of nobody's, that is not simulated. PR_SET_VMA is EINVAL, as of a kernel without CONFIG_ANON_VMA_NAME.
ErrnoOr<std::uint64_t> Prctl(Task& task, AddressSpace& space, int option, const PrctlArguments& arguments);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_PRCTL_H_
