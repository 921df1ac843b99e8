// A lock of the simulated kernel: who held it last, and where what is known of it is kept. Made for being part of
// everything that has a lock: it costs 16 bytes.

#ifndef MEMSIM_SERVER_KERNEL_CPU_SIMULATED_LOCK_H_
#define MEMSIM_SERVER_KERNEL_CPU_SIMULATED_LOCK_H_

#include <cstdint>

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/cpu/lock_class.h"

namespace memsim {

// 0: none.
using LockRecordId = Unit<struct LockRecordIdTag, std::uint32_t>;

class SimulatedLock {
 public:
  explicit SimulatedLock(LockClass lock_class) : lock_class_(lock_class) {}
  // A copy is another lock, which nobody has held.
  SimulatedLock(const SimulatedLock& other) : lock_class_(other.lock_class_) {}
  SimulatedLock& operator=(const SimulatedLock& other) {
    if (this != &other) *this = SimulatedLock(other.lock_class_);
    return *this;
  }
  SimulatedLock(SimulatedLock&&) = default;
  SimulatedLock& operator=(SimulatedLock&&) = default;

  LockClass lock_class() const { return lock_class_; }
  // The CPU that held it last; UINT16_MAX: none has.
  CpuId last_holder() const { return last_holder_; }
  void DigestTo(Digest& digest) const {
    digest.Add(last_holder_);
    digest.Add(record_);
  }

 private:
  friend class Locks;

  static constexpr CpuId kNobody{UINT16_MAX};

  CpuId last_holder_ = kNobody;
  LockClass lock_class_;
  // What is counted of this lock alone.
  LockRecordId record_;
  // Its history while lanes run, by a number that is never given twice.
  std::uint64_t history_ = 0;
};
static_assert(sizeof(SimulatedLock) == 16);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_SIMULATED_LOCK_H_
