#include "server/kernel/slots.h"

#include "server/base/check.h"

namespace memsim {

void Slots::Set(std::uint32_t slot, std::uint64_t value) {
  MEMSIM_CHECK(slot >= 1 && slot <= kMaxSlot, slot);
  if (values_.size() < slot) values_.resize(slot);
  values_[slot - 1] = value;
}

std::optional<std::uint64_t> Slots::Get(std::uint32_t slot) const {
  if (slot == 0 || slot > values_.size()) return std::nullopt;
  return values_[slot - 1];
}

void Slots::DigestTo(Digest& digest) const {
  for (std::uint64_t i = 0; i < values_.size(); ++i) {
    if (!values_[i].has_value()) continue;
    digest.Add(i + 1);
    digest.Add(*values_[i]);
  }
}

}  // namespace memsim
