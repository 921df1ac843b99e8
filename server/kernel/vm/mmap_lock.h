// mmap_lock: who may change the mappings of an address space.
//
// A writer also holds the lock of each mapping that it changes, from the change until it leaves mmap_lock: all of them
// are released at once (vma_end_write_all).

#ifndef MEMSIM_SERVER_KERNEL_VM_MMAP_LOCK_H_
#define MEMSIM_SERVER_KERNEL_VM_MMAP_LOCK_H_

#include <cstdint>

#include "absl/container/inlined_vector.h"

#include "server/base/units.h"
#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/vm/vma.h"

namespace memsim {

class AddressSpace;

// What one address space knows of its writer. There is one at a time.
class MmapWriter {
 public:
  MmapWriter() = default;
  MmapWriter(const MmapWriter&) = delete;
  MmapWriter& operator=(const MmapWriter&) = delete;

  // number: of the address space, for the records of locks.
  void Begin(SimulatedLock& mmap_lock, std::uint64_t number, Nanoseconds now);
  // vma_start_write: the writer changes a mapping. Nothing while nobody writes, as when a program is loaded into an
  // address space that nobody else has. The records name the mapping's lock by the start that it has now.
  void Mark(Vma& vma, Nanoseconds now) {
    if (holds_.empty() || Holds(vma)) return;
    vma.lock.place_ = static_cast<std::uint32_t>(holds_.size());
    holds_.push_back({&vma.lock.lock(), now, {holds_[0].owner.first, vma.range.start.value()}, LockMode::kExclusive});
  }
  // The mapping is gone, and its lock with it.
  void Forget(Vma& vma);
  // Leaves all locks.
  void End(Locks& locks);

 private:
  // Whether a mapping's lock is at the place that it remembers, which may be one from an earlier writer's.
  bool Holds(const Vma& vma) const {
    return vma.lock.place_ < holds_.size() && holds_[vma.lock.place_].lock == &vma.lock.lock();
  }

  // First mmap_lock, then mappings' locks; null where a mapping is gone. Empty: nobody writes.
  absl::InlinedVector<Locks::Hold, 4> holds_;
  std::size_t forgotten_ = 0;
};

// Holds mmap_lock for writing over a scope.
class MmapWriteLock {
 public:
  explicit MmapWriteLock(AddressSpace& space);
  ~MmapWriteLock();
  MmapWriteLock(const MmapWriteLock&) = delete;
  MmapWriteLock& operator=(const MmapWriteLock&) = delete;

  // Goes on as a reader (mmap_write_downgrade), when nothing is left to do but what readers may: who unmaps frees
  // pages, who let a stack grow serves the fault.
  void Downgrade();

 private:
  AddressSpace& space_;
  bool writing_ = true;
  // When it became a reader.
  Nanoseconds reading_since_;
};

// Holds it for reading.
class MmapReadLock {
 public:
  explicit MmapReadLock(AddressSpace& space);
  ~MmapReadLock();
  MmapReadLock(const MmapReadLock&) = delete;
  MmapReadLock& operator=(const MmapReadLock&) = delete;

 private:
  AddressSpace& space_;
  LockScope scope_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MMAP_LOCK_H_
