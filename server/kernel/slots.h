// Numbered places where a call's answer is kept for later calls, like registers.

#ifndef MEMSIM_SERVER_KERNEL_SLOTS_H_
#define MEMSIM_SERVER_KERNEL_SLOTS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "server/base/digest.h"

namespace memsim {

class Slots {
 public:
  // 16 bits of slot number: enough for the objects of a batch many times over, and 1 MiB of host memory at most.
  static constexpr std::uint32_t kMaxSlot = 65535;

  // REQUIRES: 1 <= slot <= kMaxSlot.
  void Set(std::uint32_t slot, std::uint64_t value);
  // What Set stored last; nullopt if it never did.
  std::optional<std::uint64_t> Get(std::uint32_t slot) const;

  std::uint64_t HostMemoryBytes() const { return values_.capacity() * sizeof(values_[0]); }
  void DigestTo(Digest& digest) const;

 private:
  std::vector<std::optional<std::uint64_t>> values_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLOTS_H_
