#include "server/kernel/vm/mmap_lock.h"

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

void MmapWriter::Begin(Nanoseconds now) {
  MEMSIM_CHECK(!writing_, now.value());
  writing_ = true;
  since_ = now;
}

void MmapWriter::Mark(Vma& vma, Nanoseconds now) {
  if (!writing_ || vma.lock.written_ != 0) return;
  written_.push_back(Written{&vma, now});
  vma.lock.written_ = static_cast<std::uint32_t>(written_.size());
}

void MmapWriter::Forget(Vma& vma) {
  if (vma.lock.written_ != 0) written_[vma.lock.written_ - 1].vma = nullptr;
  vma.lock.written_ = 0;
}

void MmapWriter::End(Locks& locks, SimulatedLock& mmap_lock, std::uint64_t number) {
  absl::InlinedVector<Locks::Hold, 5> holds = {{&mmap_lock, LockMode::kExclusive, since_, {number, 0}}};
  for (const Written& written : written_) {
    if (written.vma == nullptr) continue;
    written.vma->lock.written_ = 0;
    holds.push_back(
        {&written.vma->lock.lock(), LockMode::kExclusive, written.since, {number, written.vma->range.start.value()}});
  }
  written_.clear();
  writing_ = false;
  locks.EndHolds(holds);
}

MmapWriteLock::MmapWriteLock(AddressSpace& space) : space_(space) {
  TellOfTaking(space, true);
  space.writer().Begin(space.environment().cpus.now());
}

MmapWriteLock::~MmapWriteLock() {
  TellOfLeaving(space_, writing_);
  if (writing_) {
    space_.EndWrite();
    return;
  }
  space_.environment().locks.EndHold(
      {&space_.mmap_lock(), LockMode::kShared, reading_since_, {space_.number(), 0}, true});
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
