// vm_flags: what a mapping is and may become (include/linux/mm.h, Linux 6.18 on x86-64).

#ifndef MEMSIM_SERVER_KERNEL_VM_VM_FLAGS_H_
#define MEMSIM_SERVER_KERNEL_VM_VM_FLAGS_H_

#include <cstdint>

namespace memsim {

using VmFlags = std::uint64_t;

inline constexpr VmFlags kVmRead = 0x1;
inline constexpr VmFlags kVmWrite = 0x2;
inline constexpr VmFlags kVmExec = 0x4;
inline constexpr VmFlags kVmShared = 0x8;
inline constexpr VmFlags kVmMayRead = 0x10;
inline constexpr VmFlags kVmMayWrite = 0x20;
inline constexpr VmFlags kVmMayExec = 0x40;
inline constexpr VmFlags kVmMayShare = 0x80;
inline constexpr VmFlags kVmGrowsDown = 0x100;
inline constexpr VmFlags kVmPfnMap = 0x400;
// VM_MAYBE_GUARD: guards were put into it once, or into what it was merged with.
inline constexpr VmFlags kVmMaybeGuard = 0x800;
inline constexpr VmFlags kVmLocked = 0x2000;
inline constexpr VmFlags kVmIo = 0x4000;
inline constexpr VmFlags kVmSeqRead = 0x8000;
inline constexpr VmFlags kVmRandRead = 0x10000;
inline constexpr VmFlags kVmDontCopy = 0x20000;
inline constexpr VmFlags kVmDontExpand = 0x40000;
inline constexpr VmFlags kVmLockOnFault = 0x80000;
inline constexpr VmFlags kVmAccount = 0x100000;
inline constexpr VmFlags kVmNoReserve = 0x200000;
inline constexpr VmFlags kVmSync = 0x800000;
inline constexpr VmFlags kVmWipeOnFork = 0x2000000;
inline constexpr VmFlags kVmDontDump = 0x4000000;
inline constexpr VmFlags kVmMixedMap = 0x10000000;
inline constexpr VmFlags kVmHugePage = 0x20000000;
inline constexpr VmFlags kVmNoHugePage = 0x40000000;
inline constexpr VmFlags kVmMergeable = 0x80000000;
// VM_PKEY_BIT0 to 3: the protection key.
inline constexpr int kVmPkeyShift = 32;
inline constexpr VmFlags kVmPkeyMask = 0xfULL << kVmPkeyShift;
inline constexpr VmFlags kVmDroppable = 1ULL << 40;
inline constexpr VmFlags kVmSealed = 1ULL << 42;

inline constexpr VmFlags kVmAccessFlags = kVmRead | kVmWrite | kVmExec;
inline constexpr VmFlags kVmLockedMask = kVmLocked | kVmLockOnFault;
// VM_STICKY: neighbours may differ in it and be merged all the same, and then all of it bears it.
inline constexpr VmFlags kVmSticky = kVmMaybeGuard;
// VM_COPY_ON_FORK: what its page tables hold no fault could find again, so that fork copies them.
inline constexpr VmFlags kVmCopyOnFork = kVmPfnMap | kVmMixedMap | kVmMaybeGuard;
// Never merged, never locked.
inline constexpr VmFlags kVmSpecial = kVmIo | kVmDontExpand | kVmPfnMap | kVmMixedMap;

// is_exec_mapping, is_stack_mapping and is_data_mapping of mm/vma.h: how a mapping is counted. Stacks grow down on x86.
constexpr bool IsExecMapping(VmFlags flags) { return (flags & (kVmExec | kVmWrite | kVmGrowsDown)) == kVmExec; }
constexpr bool IsStackMapping(VmFlags flags) { return (flags & kVmGrowsDown) != 0; }
constexpr bool IsDataMapping(VmFlags flags) { return (flags & (kVmWrite | kVmShared | kVmGrowsDown)) == kVmWrite; }

// vma_pkey, and the flags that give a mapping a key.
using ProtectionKey = std::uint32_t;
constexpr ProtectionKey KeyOf(VmFlags flags) {
  return static_cast<ProtectionKey>((flags & kVmPkeyMask) >> kVmPkeyShift);
}
constexpr VmFlags FlagsOfKey(ProtectionKey key) { return VmFlags{key} << kVmPkeyShift; }

// is_cow_mapping: private, and writable at least one day.
constexpr bool IsCowMapping(VmFlags flags) { return (flags & (kVmShared | kVmMayWrite)) == kVmMayWrite; }

// accountable_mapping: whether its pages are promised memory.
constexpr bool IsAccountable(VmFlags flags) { return (flags & (kVmNoReserve | kVmShared | kVmWrite)) == kVmWrite; }

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VM_FLAGS_H_
