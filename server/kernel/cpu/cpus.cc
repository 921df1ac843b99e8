#include "server/kernel/cpu/cpus.h"

namespace memsim {

void Cpus::Idle(Nanoseconds time) {
  CountBusy();
  now_ += time;
  counted_ = now_;
}

void Cpus::SwitchTask(Pid pid) {
  Cpu& cpu = cpus_[current_.value()];
  ++cpu.counts.context_switches;
  // From the idle task it takes no time: the CPU had nothing else to do.
  if (cpu.running != Pid()) Charge(costs_.context_switch);
  cpu.running = pid;
}

void Cpus::StartClocks() {
  now_ = counted_ = Nanoseconds(0);
  for (Cpu& cpu : cpus_) cpu.counts = CpuCounts();
}

CpuCounts Cpus::counts(CpuId cpu) const {
  CpuCounts counts = cpus_[cpu.value()].counts;
  if (cpu == current_) counts.busy += now_ - counted_;
  return counts;
}

void Cpus::DigestTo(Digest& digest) const {
  digest.Add(now_);
  for (std::uint32_t i = 0; i < count(); ++i) {
    const CpuId cpu(static_cast<std::uint16_t>(i));
    digest.Add(counts(cpu).busy);
    digest.Add(counts(cpu).context_switches);
    digest.Add(running(cpu));
  }
}

}  // namespace memsim
