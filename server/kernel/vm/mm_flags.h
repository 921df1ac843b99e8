// mm->flags, as far as prctl(2) sets them (include/linux/mm_types.h): what holds for all of an address space.

#ifndef MEMSIM_SERVER_KERNEL_VM_MM_FLAGS_H_
#define MEMSIM_SERVER_KERNEL_VM_MM_FLAGS_H_

#include <cstdint>

#include "server/kernel/vm/vm_flags.h"

namespace memsim {

using MmFlags = std::uint64_t;

// PR_SET_THP_DISABLE: no huge pages but where they are advised, or none at all.
inline constexpr MmFlags kMmDisableThpExceptAdvised = 1ULL << 23;
inline constexpr MmFlags kMmDisableThpCompletely = 1ULL << 24;
// PR_SET_MDWE: nothing that was writable, or is, becomes executable; and children do not inherit that.
inline constexpr MmFlags kMmHasMdwe = 1ULL << 28;
inline constexpr MmFlags kMmHasMdweNoInherit = 1ULL << 29;

// mmf_init_flags: what the memory of a new process or program has of these.
constexpr MmFlags InheritedMmFlags(MmFlags flags) {
  if ((flags & kMmHasMdweNoInherit) != 0) flags &= ~(kMmHasMdwe | kMmHasMdweNoInherit);
  return flags;
}

// map_deny_write_exec: EACCES. For a new mapping both are its flags.
constexpr bool DeniesWriteExec(MmFlags mm, VmFlags before, VmFlags after) {
  if ((mm & kMmHasMdwe) == 0 || (after & kVmExec) == 0) return false;
  return (after & kVmWrite) != 0 || (before & kVmExec) == 0;
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MM_FLAGS_H_
