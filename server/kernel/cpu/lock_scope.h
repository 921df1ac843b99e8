// A lock held for as long as a scope lasts.

#ifndef MEMSIM_SERVER_KERNEL_CPU_LOCK_SCOPE_H_
#define MEMSIM_SERVER_KERNEL_CPU_LOCK_SCOPE_H_

#include "server/kernel/cpu/locks.h"

namespace memsim {

class LockScope {
 public:
  // Both must outlive the scope. owner: for locks that are not registered.
  LockScope(Locks& locks, SimulatedLock& lock, LockMode mode = LockMode::kExclusive, LockOwner owner = {})
      : locks_(locks), held_(locks.Take(lock, mode, owner)) {}
  ~LockScope() { locks_.Leave(held_); }
  LockScope(const LockScope&) = delete;
  LockScope& operator=(const LockScope&) = delete;

 private:
  Locks& locks_;
  const Locks::Held held_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_LOCK_SCOPE_H_
