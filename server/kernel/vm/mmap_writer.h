// Who holds an address space's mmap_lock as its writer, and with it the lock of each mapping that it has changed: from
// the change on, until all of them are released at once (vma_end_write_all).

#ifndef MEMSIM_SERVER_KERNEL_VM_MMAP_WRITER_H_
#define MEMSIM_SERVER_KERNEL_VM_MMAP_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/base/check.h"
#include "server/base/units.h"
#include "server/kernel/cpu/locks.h"
#include "server/kernel/vm/file_mappings.h"
#include "server/kernel/vm/vma.h"

namespace memsim {

// One an address space: it has one writer at a time, or none.
class MmapWriter {
 public:
  MmapWriter() = default;
  MmapWriter(const MmapWriter&) = delete;
  MmapWriter& operator=(const MmapWriter&) = delete;

  // number: of the address space, for the records of locks. REQUIRES: it has no writer.
  void Begin(Locks& locks, SimulatedLock& mmap_lock, AddressSpaceNumber number) {
    MEMSIM_CHECK(!Writes(), number);
    mmap_lock_ = locks.Take(mmap_lock, LockMode::kExclusive, {number, 0});
  }
  // vma_start_write: the writer changes a mapping. Nothing while nobody writes, as when a program is loaded into an
  // address space that nobody else has. The records name the mapping's lock by the start that it has now.
  void Mark(Locks& locks, Vma& vma, AddressSpaceNumber number) {
    if (!Writes() || Holds(vma)) return;
    vma.lock.place_ = static_cast<std::uint32_t>(mappings_.size());
    mappings_.push_back(locks.Take(vma.lock.lock(), LockMode::kExclusive, {number, vma.range.start.value()}));
  }
  // The mapping is gone, and nobody can ask for its lock any more.
  void Forget(Locks& locks, Vma& vma) {
    if (!Holds(vma)) return;
    Locks::Held& held = mappings_[vma.lock.place_];
    locks.Leave(held);
    held.lock = nullptr;
  }
  // Leaves all locks. REQUIRES: it has a writer.
  void End(Locks& locks) {
    MEMSIM_CHECK(Writes());
    for (auto held = mappings_.rbegin(); held != mappings_.rend(); ++held) {
      if (held->lock != nullptr) locks.Leave(*held);
    }
    mappings_.clear();
    if (mappings_.capacity() > kKeptHolds) mappings_ = std::vector<Locks::Held>();
    locks.Leave(mmap_lock_);
    mmap_lock_.lock = nullptr;
  }

  std::size_t HeapBytes() const { return mappings_.capacity() * sizeof(Locks::Held); }

 private:
  // Most writers change one mapping or two; the room of those who change more is given back.
  static constexpr std::size_t kKeptHolds = 16;

  bool Writes() const { return mmap_lock_.lock != nullptr; }
  // Whether a mapping's lock is at the place that it remembers, which may be one from an earlier writer's.
  bool Holds(const Vma& vma) const {
    return vma.lock.place_ < mappings_.size() && mappings_[vma.lock.place_].lock == &vma.lock.lock();
  }

  // Without lock: nobody writes.
  Locks::Held mmap_lock_;
  // Without lock: the mapping is gone.
  std::vector<Locks::Held> mappings_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MMAP_WRITER_H_
