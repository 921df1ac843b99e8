// Seals of files without a name (mm/memfd.c): what nobody may do to them any more.

#ifndef MEMSIM_SERVER_KERNEL_FILE_SEALS_H_
#define MEMSIM_SERVER_KERNEL_FILE_SEALS_H_

#include <cstdint>

namespace memsim {

// include/uapi/linux/fcntl.h.
inline constexpr std::uint32_t kSealSeal = 0x01;
inline constexpr std::uint32_t kSealShrink = 0x02;
inline constexpr std::uint32_t kSealGrow = 0x04;
inline constexpr std::uint32_t kSealWrite = 0x08;
inline constexpr std::uint32_t kSealFutureWrite = 0x10;
inline constexpr std::uint32_t kSealExec = 0x20;
inline constexpr std::uint32_t kAllSeals = 0x3f;
inline constexpr std::uint32_t kWriteSeals = kSealWrite | kSealFutureWrite;

// include/uapi/linux/memfd.h.
inline constexpr std::uint32_t kMfdCloseOnExec = 0x1;
inline constexpr std::uint32_t kMfdAllowSealing = 0x2;
inline constexpr std::uint32_t kMfdHugeTlb = 0x4;
inline constexpr std::uint32_t kMfdNoExecSeal = 0x8;
inline constexpr std::uint32_t kMfdExec = 0x10;
inline constexpr std::uint32_t kMfdAllFlags = 0x1f;

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_SEALS_H_
