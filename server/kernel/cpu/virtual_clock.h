// A machine's virtual time: it passes only by what the machine does.

#ifndef MEMSIM_SERVER_KERNEL_CPU_VIRTUAL_CLOCK_H_
#define MEMSIM_SERVER_KERNEL_CPU_VIRTUAL_CLOCK_H_

#include "server/base/units.h"

namespace memsim {

class VirtualClock {
 public:
  Nanoseconds now() const { return now_; }
  void Advance(Nanoseconds cost) { now_ += cost; }

 private:
  Nanoseconds now_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_VIRTUAL_CLOCK_H_
