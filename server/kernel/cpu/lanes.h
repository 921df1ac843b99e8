// Several CPUs at work at the same time: a Concurrent call.
//
// Each lane is a CPU with a clock of its own, and all start at one time. Whoever runs them always continues the lane
// whose clock is earliest, ties by CPU number, for one call at a time. When they are done, time has passed up to the
// latest of their clocks.

#ifndef MEMSIM_SERVER_KERNEL_CPU_LANES_H_
#define MEMSIM_SERVER_KERNEL_CPU_LANES_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "server/base/units.h"
#include "server/kernel/cpu/locks.h"

namespace memsim {

class Lanes {
 public:
  // Starts them on the current CPU's clock. REQUIRES: the CPUs exist and differ; no other lanes run. locks outlive it.
  Lanes(Locks& locks, const std::vector<CpuId>& cpus);
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  // Lets the next lane run and tells which: by its place in cpus. nullopt: all are done.
  std::optional<std::size_t> Next();
  // The lane that runs has nothing more to do.
  void Finish();

 private:
  struct Lane {
    CpuId cpu;
    Nanoseconds clock;
    bool done = false;
  };

  // Takes over the running lane's clock.
  void Suspend();

  Locks& locks_;
  const CpuId first_cpu_;
  std::vector<Lane> lanes_;
  std::optional<std::size_t> running_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_LANES_H_
