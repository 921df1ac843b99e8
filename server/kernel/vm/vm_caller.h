// On whose behalf an address space changes.

#ifndef MEMSIM_SERVER_KERNEL_VM_VM_CALLER_H_
#define MEMSIM_SERVER_KERNEL_VM_VM_CALLER_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/capability.h"
#include "server/kernel/vm/personality.h"
#include "server/kernel/vm/protection_keys.h"
#include "server/kernel/vm/resource_limits.h"

namespace memsim {

// Faults of a task: task->min_flt and maj_flt.
struct FaultTally {
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;

  friend bool operator==(const FaultTally&, const FaultTally&) = default;
};

// The calling task, as far as this folder may know it. What it refers to must outlive the call.
struct VmCaller {
  const ResourceLimits& limits;
  // Takes the faults that the call itself causes (MAP_POPULATE).
  FaultTally& faults;
  // What it may access; mapping memory for execution alone closes a key.
  Pkru& pkru;
  CapabilitySet capabilities = CapabilitySet::All();
  // Whom files see: fsuid.
  std::uint32_t filesystem_user = 0;
  Personality personality = 0;

  PageCount LimitPages(Resource resource) const { return ToPages(ByteCount(limits[resource].current)); }
};

// may_expand_vm: whether the limits AS and DATA leave room for more pages of such a mapping.
inline bool MayExpand(const AddressSpace& space, const VmCaller& caller, VmFlags flags, PageCount pages) {
  const AddressSpaceStatistics& statistics = space.statistics();
  if (statistics.total_vm + pages > caller.LimitPages(Resource::kAs)) return false;
  if (!IsDataMapping(flags)) return true;
  const PageCount data = statistics.data_vm + pages;
  if (data <= caller.LimitPages(Resource::kData)) return true;
  // A limit of 0 is taken for its maximum: Valgrind sets it so.
  const ResourceLimit& limit = caller.limits[Resource::kData];
  return limit.current == 0 && data <= ToPages(ByteCount(limit.maximum));
}

// security_vm_enough_memory_mm: promises pages to the caller. False, and nothing is promised: ENOMEM.
inline bool ChargeCommit(AddressSpace& space, const VmCaller& caller, PageCount pages) {
  return space.environment().commit.Charge(pages, space.statistics().total_vm,
                                           caller.capabilities.Has(Capability::kSysAdmin)
                                               ? CommitAccounting::Reserve::kAdministrators
                                               : CommitAccounting::Reserve::kKept);
}

// can_do_mlock.
inline bool MayLock(const VmCaller& caller) {
  return caller.limits[Resource::kMemlock].current != 0 || caller.capabilities.Has(Capability::kIpcLock);
}

// mlock_future_ok: whether the limit MEMLOCK leaves room for more pages of such a mapping.
inline bool MayLockMore(const AddressSpace& space, const VmCaller& caller, VmFlags flags, PageCount pages) {
  if ((flags & kVmLocked) == 0 || caller.capabilities.Has(Capability::kIpcLock)) return true;
  return space.statistics().locked_vm + pages <= caller.LimitPages(Resource::kMemlock);
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VM_CALLER_H_
