// mmap_lock: who may change the mappings of an address space, and who relies on them, held over a scope.

#ifndef MEMSIM_SERVER_KERNEL_VM_MMAP_LOCK_H_
#define MEMSIM_SERVER_KERNEL_VM_MMAP_LOCK_H_

#include "server/kernel/cpu/locks.h"
#include "server/kernel/observe/tracepoint.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// What its tracepoints tell.
class MmapLockEvents {
 public:
  explicit MmapLockEvents(AddressSpace& space) : cpus_(space.environment().cpus), number_(space.number()) {}

  // Between the two somebody may wait. Where the kernel only tries and fails, it tells of that; a machine does not.
  void Asked(bool write) { cpus_.Trace<Tracepoint::kMmapLockStartLocking>(number_, kRootCgroup, write); }
  void Taken(bool write) { cpus_.Trace<Tracepoint::kMmapLockAcquireReturned>(number_, kRootCgroup, write, true); }
  // mmap_write_downgrade tells that it has the lock for reading, and not that it left it.
  void Downgraded() { cpus_.Trace<Tracepoint::kMmapLockAcquireReturned>(number_, kRootCgroup, false, true); }
  void Left(bool write) { cpus_.Trace<Tracepoint::kMmapLockReleased>(number_, kRootCgroup, write); }

 private:
  // What cgroup: there is no other yet.
  static constexpr int kRootCgroup = 1;

  Cpus& cpus_;
  const AddressSpaceNumber number_;
};

// Holds it for writing.
class MmapWriteLock {
 public:
  explicit MmapWriteLock(AddressSpace& space) : space_(space) {
    MmapLockEvents events(space);
    events.Asked(true);
    space.writer().Begin(space.environment().locks, space.mmap_lock(), space.number());
    events.Taken(true);
  }
  ~MmapWriteLock() {
    MmapLockEvents(space_).Left(writing_);
    if (writing_) {
      space_.EndWrite();
    } else {
      space_.environment().locks.Leave(reading_);
    }
  }
  MmapWriteLock(const MmapWriteLock&) = delete;
  MmapWriteLock& operator=(const MmapWriteLock&) = delete;

  // Goes on as a reader (mmap_write_downgrade), when nothing is left to do but what readers may: who unmaps frees
  // pages, who let a stack grow serves the fault.
  void Downgrade() {
    MmapLockEvents(space_).Downgraded();
    // It is a reader before it stops being a writer: nobody else comes in between.
    reading_ = space_.environment().locks.Take(space_.mmap_lock(), LockMode::kShared, {space_.number(), 0},
                                               LockEntry::kDowngraded);
    space_.EndWrite();
    writing_ = false;
  }

 private:
  AddressSpace& space_;
  bool writing_ = true;
  // As a reader, when it does not write any more.
  Locks::Held reading_;
};

// Holds it for reading.
class MmapReadLock {
 public:
  explicit MmapReadLock(AddressSpace& space) : space_(space) {
    MmapLockEvents events(space);
    events.Asked(false);
    held_ = space.environment().locks.Take(space.mmap_lock(), LockMode::kShared, {space.number(), 0});
    events.Taken(false);
  }
  ~MmapReadLock() {
    MmapLockEvents(space_).Left(false);
    space_.environment().locks.Leave(held_);
  }
  MmapReadLock(const MmapReadLock&) = delete;
  MmapReadLock& operator=(const MmapReadLock&) = delete;

 private:
  AddressSpace& space_;
  Locks::Held held_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MMAP_LOCK_H_
