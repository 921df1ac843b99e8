// current->personality: what a task's system calls are to behave like (include/uapi/linux/personality.h), as far as
// memory asks.

#ifndef MEMSIM_SERVER_KERNEL_VM_PERSONALITY_H_
#define MEMSIM_SERVER_KERNEL_VM_PERSONALITY_H_

#include <cstdint>

#include "server/kernel/vm/mman_flags.h"

namespace memsim {

using Personality = std::uint32_t;

// What is executed next is laid out without randomness, bottom-up, or with a page at address 0.
inline constexpr Personality kAddrNoRandomize = 0x40000;
inline constexpr Personality kMmapPageZero = 0x100000;
inline constexpr Personality kAddrCompatLayout = 0x200000;
// What may be read may be executed. No 64-bit program keeps it over exec (set_personality_64bit).
inline constexpr Personality kReadImpliesExec = 0x400000;
// Of the call: no change.
inline constexpr Personality kAskPersonality = UINT32_MAX;

// What PROT_* are for a task.
constexpr std::uint64_t ProtUnder(Personality personality, std::uint64_t prot) {
  return (prot & kProtRead) != 0 && (personality & kReadImpliesExec) != 0 ? prot | kProtExec : prot;
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_PERSONALITY_H_
