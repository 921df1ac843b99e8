#include "server/kernel/vm/mmap_lock.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {
namespace {

// What cgroup: the root, as there are no others yet.
constexpr int kRootCgroup = 1;

void TellOfTaking(AddressSpace& space, bool write) {
  Cpus& cpus = space.environment().cpus;
  cpus.Trace<Tracepoint::kMmapLockStartLocking>(space.number(), kRootCgroup, write);
  cpus.Trace<Tracepoint::kMmapLockAcquireReturned>(space.number(), kRootCgroup, write, true);
}

void TellOfLeaving(AddressSpace& space, bool write) {
  space.environment().cpus.Trace<Tracepoint::kMmapLockReleased>(space.number(), kRootCgroup, write);
}

}  // namespace

void MmapWriter::Begin(SimulatedLock& mmap_lock, std::uint64_t number, Nanoseconds now) {
  MEMSIM_CHECK(holds_.empty(), number, now.value());
  holds_.push_back({&mmap_lock, now, {number, 0}, LockMode::kExclusive});
}

void MmapWriter::Forget(Vma& vma) {
  if (!Holds(vma)) return;
  holds_[vma.lock.place_].lock = nullptr;
  ++forgotten_;
}

void MmapWriter::End(Locks& locks) {
  if (forgotten_ != 0) {
    const auto gone =
        std::remove_if(holds_.begin(), holds_.end(), [](const auto& hold) { return hold.lock == nullptr; });
    holds_.erase(gone, holds_.end());
    forgotten_ = 0;
  }
  locks.EndHolds(holds_);
  holds_.clear();
}

MmapWriteLock::MmapWriteLock(AddressSpace& space) : space_(space) {
  TellOfTaking(space, true);
  space.writer().Begin(space.mmap_lock(), space.number(), space.environment().cpus.now());
}

MmapWriteLock::~MmapWriteLock() {
  TellOfLeaving(space_, writing_);
  if (writing_) {
    space_.EndWrite();
    return;
  }
  space_.environment().locks.EndHold(
      {&space_.mmap_lock(), reading_since_, {space_.number(), 0}, LockMode::kShared, LockEntry::kDowngraded});
}

void MmapWriteLock::Downgrade() {
  // mmap_write_downgrade tells that it has the lock for reading, and not that it left it.
  space_.environment().cpus.Trace<Tracepoint::kMmapLockAcquireReturned>(space_.number(), kRootCgroup, false, true);
  space_.EndWrite();
  writing_ = false;
  reading_since_ = space_.environment().cpus.now();
}

MmapReadLock::MmapReadLock(AddressSpace& space)
    : space_(space), scope_(space.environment().locks, space.mmap_lock(), LockMode::kShared, {space.number(), 0}) {
  TellOfTaking(space, false);
}

MmapReadLock::~MmapReadLock() { TellOfLeaving(space_, false); }

}  // namespace memsim
