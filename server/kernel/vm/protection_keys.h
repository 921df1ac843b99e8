// Memory protection keys (pkeys(7)): each mapping has one of 16 keys, which its page table entries bear, and each task
// a register that closes keys to its loads and stores.

#ifndef MEMSIM_SERVER_KERNEL_VM_PROTECTION_KEYS_H_
#define MEMSIM_SERVER_KERNEL_VM_PROTECTION_KEYS_H_

#include <cstdint>
#include <optional>

#include "server/base/digest.h"
#include "server/kernel/vm/access.h"
#include "server/kernel/vm/vm_flags.h"

namespace memsim {

inline constexpr ProtectionKey kProtectionKeys = 16;
constexpr bool IsProtectionKey(std::int64_t key) { return key >= 0 && key < kProtectionKeys; }

// What a task may not do with the memory of a key. PKEY_DISABLE_ACCESS forbids stores as well.
using KeyRights = std::uint32_t;
inline constexpr KeyRights kPkeyDisableAccess = 1;
inline constexpr KeyRights kPkeyDisableWrite = 2;
inline constexpr KeyRights kPkeyAccessMask = kPkeyDisableAccess | kPkeyDisableWrite;

// PKRU: the rights of all keys, two bits each. Instructions are fetched whatever it says.
class Pkru {
 public:
  constexpr std::uint32_t bits() const { return bits_; }
  constexpr KeyRights RightsOf(ProtectionKey key) const { return bits_ >> (2 * key) & kPkeyAccessMask; }
  constexpr void SetRights(ProtectionKey key, KeyRights rights) {
    bits_ = (bits_ & ~(kPkeyAccessMask << (2 * key))) | rights << (2 * key);
  }
  // __pkru_allows_pkey.
  constexpr bool Allows(ProtectionKey key, AccessKind access) const {
    if (access == AccessKind::kExecute) return true;
    const KeyRights rights = RightsOf(key);
    return (rights & kPkeyDisableAccess) == 0 && (access != AccessKind::kWrite || (rights & kPkeyDisableWrite) == 0);
  }

 private:
  // init_pkru_value: a program begins with all keys closed to loads and stores but key 0.
  std::uint32_t bits_ = 0x55555554;
};

// The keys that an address space has given out (mm->context, arch/x86/include/asm/pkeys.h).
class ProtectionKeys {
 public:
  // mm_pkey_alloc: the lowest that is free. nullopt: none is.
  std::optional<ProtectionKey> Allocate();
  // mm_pkey_is_allocated: whether a program may use it. Any number may be asked for.
  bool IsAllocated(std::int64_t key) const;
  // mm_pkey_free. REQUIRES: IsAllocated(key).
  void Free(ProtectionKey key) { allocated_ &= ~(1U << key); }
  // execute_only_pkey: the key of mappings for execution alone, allocated at its first use and closed to whoever maps.
  // 0: no key is free, and such mappings can be read.
  ProtectionKey ExecuteOnly(Pkru& pkru);
  // vma_is_pkey_exec_only.
  bool IsExecuteOnly(VmFlags flags) const {
    return (flags & kVmAccessFlags) == kVmExec && KeyOf(flags) == execute_only_;
  }

  void DigestTo(Digest& digest) const {
    digest.Add(static_cast<std::uint64_t>(allocated_));
    digest.Add(static_cast<std::uint64_t>(execute_only_.value_or(kProtectionKeys)));
  }

 private:
  // A bit a key. Key 0 is what all memory has at first.
  std::uint32_t allocated_ = 1;
  // That of mappings for execution alone. Key 0 if a program freed it before, as in Linux.
  std::optional<ProtectionKey> execute_only_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_PROTECTION_KEYS_H_
