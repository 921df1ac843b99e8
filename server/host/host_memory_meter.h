// How much host memory the simulated state of all machines takes, against a cap.

#ifndef MEMSIM_SERVER_HOST_HOST_MEMORY_METER_H_
#define MEMSIM_SERVER_HOST_HOST_MEMORY_METER_H_

#include <atomic>
#include <cstdint>

#include "server/base/units.h"

namespace memsim {

// Thread-safe. The sum lags by the turns that are running.
class HostMemoryMeter {
 public:
  explicit HostMemoryMeter(ByteCount cap) : cap_(cap) {}

  // A machine took before and takes after.
  void Change(ByteCount before, ByteCount after) {
    used_.fetch_add(after.value() - before.value(), std::memory_order_relaxed);
  }

  // A machine that took so much is gone. The host's allocator keeps what it is given back, but for what lies at its
  // end: whether so much has come together that it is worth the milliseconds to make it return that to the host
  // (malloc_trim).
  bool Release(ByteCount taken) {
    Change(taken, ByteCount(0));
    std::uint64_t kept = kept_.fetch_add(taken.value(), std::memory_order_relaxed) + taken.value();
    while (kept >= kBetweenTrims.value()) {
      if (kept_.compare_exchange_weak(kept, 0, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  ByteCount used() const { return ByteCount(used_.load(std::memory_order_relaxed)); }
  ByteCount cap() const { return cap_; }
  bool exhausted() const { return used() > cap_; }

  static constexpr ByteCount kBetweenTrims{64ULL << 20};

 private:
  const ByteCount cap_;
  std::atomic<std::uint64_t> used_ = 0;
  // Of machines that are gone, since the last trim.
  std::atomic<std::uint64_t> kept_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_HOST_MEMORY_METER_H_
