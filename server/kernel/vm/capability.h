// What a task may do that others may not (include/uapi/linux/capability.h).

#ifndef MEMSIM_SERVER_KERNEL_VM_CAPABILITY_H_
#define MEMSIM_SERVER_KERNEL_VM_CAPABILITY_H_

#include <cstdint>
#include <initializer_list>

namespace memsim {

// By Linux's numbers; those that some check of the simulated kernel asks for.
enum class Capability : std::uint8_t {
  kChown = 0,
  kDacOverride = 1,
  kDacReadSearch = 2,
  kFowner = 3,
  kFsetid = 4,
  kSetgid = 6,
  kSetuid = 7,
  kSetpcap = 8,
  kLinuxImmutable = 9,
  // Locks any amount of memory.
  kIpcLock = 14,
  // Passes by the permissions of System V objects.
  kIpcOwner = 15,
  // Maps below vm.mmap_min_addr.
  kSysRawio = 17,
  kSysAdmin = 21,
  kSysNice = 23,
  // Raises hard limits.
  kSysResource = 24,
  kMknod = 27,
  kMacOverride = 32,
};
// CAP_LAST_CAP: CAP_CHECKPOINT_RESTORE.
inline constexpr std::uint64_t kLastCapability = 40;

class CapabilitySet {
 public:
  constexpr CapabilitySet() = default;
  // Bits of capabilities that Linux does not know are dropped.
  explicit constexpr CapabilitySet(std::uint64_t bits) : bits_(bits & kKnown) {}
  constexpr CapabilitySet(std::initializer_list<Capability> capabilities) {
    for (const Capability capability : capabilities) bits_ |= Bit(capability);
  }
  // What root has.
  static constexpr CapabilitySet All() { return CapabilitySet(kKnown); }
  static constexpr CapabilitySet None() { return CapabilitySet(); }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool Has(Capability capability) const { return (bits_ & Bit(capability)) != 0; }
  constexpr bool IsSubsetOf(CapabilitySet other) const { return (bits_ & ~other.bits_) == 0; }
  constexpr CapabilitySet Without(CapabilitySet other) const { return CapabilitySet(bits_ & ~other.bits_); }
  friend constexpr CapabilitySet operator|(CapabilitySet a, CapabilitySet b) {
    return CapabilitySet(a.bits_ | b.bits_);
  }
  friend constexpr CapabilitySet operator&(CapabilitySet a, CapabilitySet b) {
    return CapabilitySet(a.bits_ & b.bits_);
  }
  friend constexpr bool operator==(CapabilitySet, CapabilitySet) = default;

 private:
  static constexpr std::uint64_t kKnown = (std::uint64_t{1} << (kLastCapability + 1)) - 1;
  static constexpr std::uint64_t Bit(Capability capability) {
    return std::uint64_t{1} << static_cast<unsigned>(capability);
  }

  std::uint64_t bits_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_CAPABILITY_H_
