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

  void Begin(Nanoseconds now);
  // vma_start_write: the writer changes a mapping. Nothing while nobody writes, as when a program is loaded into an
  // address space that nobody else has.
  void Mark(Vma& vma, Nanoseconds now);
  // The mapping is gone, and its lock with it.
  void Forget(Vma& vma);
  // Leaves all locks. mmap_lock: the address space's. number: for the records of locks.
  void End(Locks& locks, SimulatedLock& mmap_lock, std::uint64_t number);

 private:
  struct Written {
    // Null: it is gone.
    Vma* vma;
    Nanoseconds since;
  };

  bool writing_ = false;
  Nanoseconds since_;
  absl::InlinedVector<Written, 4> written_;
};

// Holds mmap_lock for writing over a scope.
class MmapWriteLock {
 public:
  explicit MmapWriteLock(AddressSpace& space);
  ~MmapWriteLock();
  MmapWriteLock(const MmapWriteLock&) = delete;
  MmapWriteLock& operator=(const MmapWriteLock&) = delete;

  // Goes on as a reader: munmap does before it frees pages (mmap_write_downgrade).
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
