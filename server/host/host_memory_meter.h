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

  ByteCount used() const { return ByteCount(used_.load(std::memory_order_relaxed)); }
  ByteCount cap() const { return cap_; }
  bool exhausted() const { return used() > cap_; }

 private:
  const ByteCount cap_;
  std::atomic<std::uint64_t> used_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_HOST_MEMORY_METER_H_
