#include "server/kernel/vm/pkeys.h"

#include <optional>

#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/protection_keys.h"

namespace memsim {

ErrnoOr<std::uint64_t> PkeyAlloc(AddressSpace& space, const VmCaller& caller, std::uint64_t flags,
                                 std::uint64_t rights) {
  space.environment().cpus.Charge(space.environment().costs.pkey);
  if (flags != 0 || (rights & ~std::uint64_t{kPkeyAccessMask}) != 0) return Errno::kInval;
  const MmapWriteLock lock(space);
  const std::optional<ProtectionKey> key = space.keys.Allocate();
  if (!key.has_value()) return Errno::kNoSpc;
  caller.pkru.SetRights(*key, static_cast<KeyRights>(rights));
  return std::uint64_t{*key};
}

Errno PkeyFree(AddressSpace& space, std::int64_t key) {
  space.environment().cpus.Charge(space.environment().costs.pkey);
  const MmapWriteLock lock(space);
  if (!space.keys.IsAllocated(key)) return Errno::kInval;
  space.keys.Free(static_cast<ProtectionKey>(key));
  return Errno::kOk;
}

}  // namespace memsim
