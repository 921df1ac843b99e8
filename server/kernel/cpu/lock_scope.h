// A lock held for as long as a scope lasts.

#ifndef MEMSIM_SERVER_KERNEL_CPU_LOCK_SCOPE_H_
#define MEMSIM_SERVER_KERNEL_CPU_LOCK_SCOPE_H_

#include "server/kernel/cpu/locks.h"

namespace memsim {

class LockScope {
 public:
  // Both must outlive the scope. owner: for locks that are not registered.
  LockScope(Locks& locks, SimulatedLock& lock, LockMode mode = LockMode::kExclusive, LockOwner owner = {})
      : locks_(locks), lock_(lock), mode_(mode), since_(locks.cpus().now()), owner_(owner) {}
  ~LockScope() { locks_.EndHold(lock_, mode_, since_, owner_); }
  LockScope(const LockScope&) = delete;
  LockScope& operator=(const LockScope&) = delete;

 private:
  Locks& locks_;
  SimulatedLock& lock_;
  const LockMode mode_;
  const Nanoseconds since_;
  const LockOwner owner_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_LOCK_SCOPE_H_
