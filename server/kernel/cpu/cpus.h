// The machine's CPUs and their virtual time, which passes only by what the machine does.
//
// One CPU runs at a time, on a clock that every step of a call moves. Calls follow one another: each starts when the
// one before it ended, whichever CPU it runs on. Only lanes (lanes.h) give CPUs clocks that run apart.
//
// Thread-compatible.

#ifndef MEMSIM_SERVER_KERNEL_CPU_CPUS_H_
#define MEMSIM_SERVER_KERNEL_CPU_CPUS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/cpu/cost_table.h"
#include "server/kernel/observe/trace_ring.h"
#include "server/kernel/observe/tracepoint.h"

namespace memsim {

// What is counted of one CPU.
struct CpuCounts {
  // Time in calls; the rest of its time it was idle.
  Nanoseconds busy;
  std::uint64_t context_switches = 0;

  friend bool operator==(const CpuCounts&, const CpuCounts&) = default;
};

class Cpus {
 public:
  // REQUIRES: count is 1 to 256. costs outlive the CPUs.
  Cpus(std::uint32_t count, const CostTable& costs) : costs_(costs), cpus_(count), spaces_(count) {}

  std::uint32_t count() const { return static_cast<std::uint32_t>(cpus_.size()); }
  const CostTable& costs() const { return costs_; }

  // The CPU that runs, and its clock.
  CpuId current() const { return current_; }
  Nanoseconds now() const { return now_; }
  // The running CPU spends time.
  void Charge(Nanoseconds cost) { now_ += cost; }

  // From here on another CPU runs, at the same time. REQUIRES: the CPU exists.
  void SwitchTo(CpuId cpu) {
    if (cpu != current_) Resume(cpu, now_);
  }
  // The same, at a time of its own: for lanes, which keep the clocks.
  void Resume(CpuId cpu, Nanoseconds now) {
    if (cpu == current_ && now == now_) return;
    CountBusy();
    current_ = cpu;
    now_ = now;
    counted_ = now;
  }
  // What the running CPU did since a time took none: the work of kernel threads beside the calls, whose time is not
  // simulated. REQUIRES: the CPU runs since then or longer.
  void TakeBack(Nanoseconds since) { now_ = since; }
  // Time passes in which no CPU does anything.
  void Idle(Nanoseconds time);
  // A task runs on the current CPU, in its address space; if another one ran there before, that takes a context switch.
  void RunTask(Pid pid, AddressSpaceNumber space) {
    if (cpus_[current_.value()].running != pid || this->space() != space) SwitchTask(pid, space);
  }
  // A task is on a CPU no more, or sleeps: the CPU idles unless another task runs there. REQUIRES: the CPU exists.
  void LeaveTask(CpuId cpu, Pid pid) {
    if (running(cpu) == pid) spaces_[cpu.value()] = 0;
  }
  // The task that runs becomes another program, in another address space and perhaps under another pid (activate_mm,
  // exchange_tids).
  void BecomeTask(Pid pid, AddressSpaceNumber space) {
    cpus_[current_.value()].running = pid;
    cpus_[current_.value()].active = space;
    spaces_[current_.value()] = space;
  }
  // The boot is over: time starts at zero, and nothing is counted yet.
  void StartClocks();

  CpuCounts counts(CpuId cpu) const;
  // The task that ran last on a CPU. 0: none yet.
  Pid running(CpuId cpu) const { return cpus_[cpu.value()].running; }
  // The address space that a CPU works in: between its calls a program goes on, as long as no time passes in which
  // nobody does anything. 0: it idles.
  AddressSpaceNumber space(CpuId cpu) const { return spaces_[cpu.value()]; }
  AddressSpaceNumber space() const { return space(current_); }
  // The address space whose page tables a CPU has (active_mm): the one that it works in, or while it idles the last
  // one, which its idle task borrows (enter_lazy_tlb). 0: none yet, init_mm. It may have ended: simplified, an
  // mm_struct does not outlive its users for a CPU's sake.
  AddressSpaceNumber active_space(CpuId cpu) const { return cpus_[cpu.value()].active; }
  // How many other CPUs work in an address space (its mm_cpumask, less those that idle).
  std::uint32_t OthersIn(AddressSpaceNumber space) const;

  // --- Events, which happen on the running CPU, now.
  TraceRing& trace() { return trace_; }
  // Tells of one, if somebody listens: with the fields that the tracepoint declares, as numbers, units or texts.
  template <Tracepoint kPoint, typename... Fields>
  void Trace(const Fields&... fields) {
    static_assert(sizeof...(fields) == FieldCount(kPoint));
    if (trace_.enabled(kPoint)) [[unlikely]]
      trace_.Add(kPoint, now_, current_, {trace_.ToField(fields)...});
  }

  ByteCount HostMemory() const {
    constexpr std::size_t kBytes = sizeof(Cpu) + sizeof(AddressSpaceNumber);
    return ByteCount(cpus_.size() * kBytes) + trace_.HostMemory();
  }
  void DigestTo(Digest& digest) const;

 private:
  struct Cpu {
    CpuCounts counts;
    Pid running;
    AddressSpaceNumber active = 0;
  };

  void SwitchTask(Pid pid, AddressSpaceNumber space);
  // Counts the running CPU's time since it was counted last.
  void CountBusy() {
    cpus_[current_.value()].counts.busy += now_ - counted_;
    counted_ = now_;
  }

  const CostTable& costs_;
  Nanoseconds now_;
  // Up to here the running CPU's time is counted.
  Nanoseconds counted_;
  CpuId current_;
  std::vector<Cpu> cpus_;
  // By CPU, side by side: a flush looks at all of them.
  std::vector<AddressSpaceNumber> spaces_;
  TraceRing trace_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_CPU_CPUS_H_
