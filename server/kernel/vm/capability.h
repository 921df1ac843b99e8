// What a task may do that others may not (include/uapi/linux/capability.h), as far as memory asks for it.

#ifndef MEMSIM_SERVER_KERNEL_VM_CAPABILITY_H_
#define MEMSIM_SERVER_KERNEL_VM_CAPABILITY_H_

#include <cstdint>

namespace memsim {

// By Linux's numbers.
enum class Capability : std::uint8_t {
  // Locks any amount of memory.
  kIpcLock = 14,
};

class CapabilitySet {
 public:
  // What root has.
  static constexpr CapabilitySet All() { return CapabilitySet(~std::uint64_t{0}); }
  static constexpr CapabilitySet None() { return CapabilitySet(0); }

  constexpr bool Has(Capability capability) const { return (bits_ >> static_cast<int>(capability) & 1) != 0; }

 private:
  explicit constexpr CapabilitySet(std::uint64_t bits) : bits_(bits) {}

  std::uint64_t bits_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_CAPABILITY_H_
