// clone(2)'s flags that memory cares about (include/uapi/linux/sched.h).

#ifndef MEMSIM_SERVER_KERNEL_PROCESS_CLONE_FLAGS_H_
#define MEMSIM_SERVER_KERNEL_PROCESS_CLONE_FLAGS_H_

#include <cstdint>

namespace memsim {

// CSIGNAL: the part that is no flag, but the signal of the child's end.
inline constexpr std::uint64_t kCloneSignalMask = 0xff;
inline constexpr std::uint64_t kCloneVm = 0x100;
inline constexpr std::uint64_t kCloneFs = 0x200;
inline constexpr std::uint64_t kCloneFiles = 0x400;
inline constexpr std::uint64_t kCloneSighand = 0x800;
inline constexpr std::uint64_t kCloneVfork = 0x4000;
inline constexpr std::uint64_t kCloneParent = 0x8000;
inline constexpr std::uint64_t kCloneThread = 0x10000;

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCESS_CLONE_FLAGS_H_
