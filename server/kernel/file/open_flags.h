// What files are, and how they are opened (include/uapi/asm-generic/fcntl.h).

#ifndef MEMSIM_SERVER_KERNEL_FILE_OPEN_FLAGS_H_
#define MEMSIM_SERVER_KERNEL_FILE_OPEN_FLAGS_H_

#include <cstdint>

namespace memsim {

enum class FileKind : std::uint8_t {
  kRegular,
  kDirectory,
  kDevice,
  kZeroDevice,
  kProc,
  kPipe,
  kTmpfs,
  // What a shared anonymous mapping maps: a file of tmpfs without a name. Made by the kernel alone.
  kSharedAnonymous,
};

inline constexpr std::uint32_t kOpenAccessMode = 03;
inline constexpr std::uint32_t kOpenReadOnly = 0;
inline constexpr std::uint32_t kOpenWriteOnly = 01;
inline constexpr std::uint32_t kOpenReadWrite = 02;
inline constexpr std::uint32_t kOpenCreate = 0100;
inline constexpr std::uint32_t kOpenExclusive = 0200;
inline constexpr std::uint32_t kOpenTruncate = 01000;
inline constexpr std::uint32_t kOpenAppend = 02000;
inline constexpr std::uint32_t kOpenDirectory = 0200000;
inline constexpr std::uint32_t kOpenCloseOnExec = 02000000;
inline constexpr std::uint32_t kOpenPath = 010000000;

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_OPEN_FLAGS_H_
