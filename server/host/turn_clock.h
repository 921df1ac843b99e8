// When a machine's turn is over.
//
// Reading the host's clock costs as much as half of a short call, so it is not read at every call boundary: the
// machine's virtual clock, which is at hand, tells how much has been done since the last reading.

#ifndef MEMSIM_SERVER_HOST_TURN_CLOCK_H_
#define MEMSIM_SERVER_HOST_TURN_CLOCK_H_

#include <chrono>

#include "server/base/units.h"

namespace memsim {

class TurnClock {
 public:
  // What a machine does in this much virtual time takes the host no longer, as simulating a fault is faster than the
  // fault: a fiftieth of a turn of the usual length.
  static constexpr Nanoseconds kVirtualTimeBetweenReadings{20'000};
  // For calls that take host time but no virtual time.
  static constexpr int kCallsBetweenReadings = 16;

  TurnClock(std::chrono::nanoseconds turn, Nanoseconds virtual_now)
      : end_(std::chrono::steady_clock::now() + turn), virtual_at_reading_(virtual_now) {}

  // At each call boundary: whether the turn is over. A turn that is over is found to be within the limits above.
  bool OverAfterCall(Nanoseconds virtual_now) {
    if (++calls_ < kCallsBetweenReadings && virtual_now - virtual_at_reading_ < kVirtualTimeBetweenReadings)
      return false;
    calls_ = 0;
    virtual_at_reading_ = virtual_now;
    return OverNow();
  }

  // After what takes host time of an unknown length.
  bool OverNow() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  const std::chrono::steady_clock::time_point end_;
  Nanoseconds virtual_at_reading_;
  int calls_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_HOST_TURN_CLOCK_H_
