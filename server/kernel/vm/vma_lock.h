// vm_lock: the lock of one mapping, which faults hold as readers so that they need no mmap_lock, and which whoever
// changes the mapping under mmap_lock holds as a writer.

#ifndef MEMSIM_SERVER_KERNEL_VM_VMA_LOCK_H_
#define MEMSIM_SERVER_KERNEL_VM_VMA_LOCK_H_

#include <cstdint>

#include "server/kernel/cpu/simulated_lock.h"

namespace memsim {

class VmaLock {
 public:
  VmaLock() = default;
  // The lock belongs to one mapping, which is not copied as a whole.
  VmaLock(const VmaLock&) = delete;
  VmaLock& operator=(const VmaLock&) = delete;
  VmaLock(VmaLock&&) = default;
  VmaLock& operator=(VmaLock&&) = default;

  SimulatedLock& lock() { return lock_; }
  const SimulatedLock& lock() const { return lock_; }

 private:
  friend class MmapWriter;

  SimulatedLock lock_{LockClass::kVmaLock};
  // Its place among the locks of the last writer of the address space who held it.
  std::uint32_t place_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VMA_LOCK_H_
