#include "server/kernel/vm/protection_keys.h"

#include <bit>

namespace memsim {

std::optional<ProtectionKey> ProtectionKeys::Allocate() {
  const auto key = static_cast<ProtectionKey>(std::countr_one(allocated_));
  if (key >= kProtectionKeys) return std::nullopt;
  allocated_ |= 1U << key;
  return key;
}

bool ProtectionKeys::IsAllocated(std::int64_t key) const {
  if (!IsProtectionKey(key)) return false;
  // The kernel's own is not the program's to use.
  if (execute_only_.has_value() && key == *execute_only_) return false;
  return (allocated_ >> key & 1) != 0;
}

ProtectionKey ProtectionKeys::ExecuteOnly(Pkru& pkru) {
  if (!execute_only_.has_value()) {
    execute_only_ = Allocate();
    if (!execute_only_.has_value()) return 0;
  } else if (!pkru.Allows(*execute_only_, AccessKind::kRead)) {
    return *execute_only_;
  }
  pkru.SetRights(*execute_only_, kPkeyDisableAccess);
  return *execute_only_;
}

}  // namespace memsim
