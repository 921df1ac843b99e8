// The bits of the memory system calls (include/uapi/asm-generic/mman-common.h, mman.h, include/uapi/linux/mman.h, x86).

#ifndef MEMSIM_SERVER_KERNEL_VM_MMAN_FLAGS_H_
#define MEMSIM_SERVER_KERNEL_VM_MMAN_FLAGS_H_

#include <cstdint>

namespace memsim {

inline constexpr std::uint64_t kProtRead = 1;
inline constexpr std::uint64_t kProtWrite = 2;
inline constexpr std::uint64_t kProtExec = 4;
inline constexpr std::uint64_t kProtSem = 8;
inline constexpr std::uint64_t kProtGrowsDown = 0x01000000;
inline constexpr std::uint64_t kProtGrowsUp = 0x02000000;

inline constexpr std::uint64_t kMapShared = 0x01;
inline constexpr std::uint64_t kMapPrivate = 0x02;
inline constexpr std::uint64_t kMapSharedValidate = 0x03;
inline constexpr std::uint64_t kMapDroppable = 0x08;
inline constexpr std::uint64_t kMapType = 0x0f;
inline constexpr std::uint64_t kMapFixed = 0x10;
inline constexpr std::uint64_t kMapAnonymous = 0x20;
inline constexpr std::uint64_t kMap32Bit = 0x40;
inline constexpr std::uint64_t kMapAbove4G = 0x80;
inline constexpr std::uint64_t kMapGrowsDown = 0x0100;
inline constexpr std::uint64_t kMapDenyWrite = 0x0800;
inline constexpr std::uint64_t kMapExecutable = 0x1000;
inline constexpr std::uint64_t kMapLocked = 0x2000;
inline constexpr std::uint64_t kMapNoReserve = 0x4000;
inline constexpr std::uint64_t kMapPopulate = 0x008000;
inline constexpr std::uint64_t kMapNonblock = 0x010000;
inline constexpr std::uint64_t kMapStack = 0x020000;
inline constexpr std::uint64_t kMapHugeTlb = 0x040000;
inline constexpr std::uint64_t kMapSync = 0x080000;
inline constexpr std::uint64_t kMapFixedNoReplace = 0x100000;
inline constexpr std::uint64_t kMapUninitialized = 0x4000000;
// What MAP_SHARED_VALIDATE accepts: LEGACY_MAP_MASK.
inline constexpr std::uint64_t kMapLegacyMask = kMapShared | kMapPrivate | kMapFixed | kMapAnonymous | kMapDenyWrite |
                                                kMapExecutable | kMapUninitialized | kMapGrowsDown | kMapLocked |
                                                kMapNoReserve | kMapPopulate | kMapNonblock | kMapStack | kMapHugeTlb |
                                                kMap32Bit | kMapAbove4G | (0x3fULL << 26);

inline constexpr std::uint64_t kMremapMayMove = 1;
inline constexpr std::uint64_t kMremapFixed = 2;
inline constexpr std::uint64_t kMremapDontUnmap = 4;

inline constexpr std::uint64_t kMlockOnFault = 1;

inline constexpr std::uint64_t kMclCurrent = 1;
inline constexpr std::uint64_t kMclFuture = 2;
inline constexpr std::uint64_t kMclOnFault = 4;

inline constexpr std::uint64_t kMsAsync = 1;
inline constexpr std::uint64_t kMsInvalidate = 2;
inline constexpr std::uint64_t kMsSync = 4;

inline constexpr int kMadvNormal = 0;
inline constexpr int kMadvRandom = 1;
inline constexpr int kMadvSequential = 2;
inline constexpr int kMadvWillNeed = 3;
inline constexpr int kMadvDontNeed = 4;
inline constexpr int kMadvFree = 8;
inline constexpr int kMadvRemove = 9;
inline constexpr int kMadvDontFork = 10;
inline constexpr int kMadvDoFork = 11;
inline constexpr int kMadvMergeable = 12;
inline constexpr int kMadvUnmergeable = 13;
inline constexpr int kMadvHugePage = 14;
inline constexpr int kMadvNoHugePage = 15;
inline constexpr int kMadvDontDump = 16;
inline constexpr int kMadvDoDump = 17;
inline constexpr int kMadvWipeOnFork = 18;
inline constexpr int kMadvKeepOnFork = 19;
inline constexpr int kMadvCold = 20;
inline constexpr int kMadvPageOut = 21;
inline constexpr int kMadvPopulateRead = 22;
inline constexpr int kMadvPopulateWrite = 23;
inline constexpr int kMadvDontNeedLocked = 24;
inline constexpr int kMadvCollapse = 25;
inline constexpr int kMadvGuardInstall = 102;
inline constexpr int kMadvGuardRemove = 103;

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MMAN_FLAGS_H_
