#include "server/kernel/cpu/cpus.h"

#include <algorithm>

namespace memsim {

void Cpus::Idle(Nanoseconds time) {
  CountBusy();
  now_ += time;
  counted_ = now_;
  std::fill(spaces_.begin(), spaces_.end(), 0);
}

void Cpus::SwitchTask(Pid pid, AddressSpaceNumber space) {
  Cpu& cpu = cpus_[current_.value()];
  if (cpu.running != pid) {
    ++cpu.counts.context_switches;
    // From the idle task it takes no time: the CPU had nothing else to do.
    if (cpu.running != Pid()) Charge(this->space() == space ? costs_.thread_switch : costs_.context_switch);
    cpu.running = pid;
  }
  LoadSpace(space);
}

std::uint32_t Cpus::InterruptOthersIn(AddressSpaceNumber space, Nanoseconds time) {
  const auto all = static_cast<std::uint32_t>(std::count(spaces_.begin(), spaces_.end(), space));
  const std::uint32_t others = this->space() == space ? all - 1 : all;
  if (others == 0) return 0;
  for (std::size_t cpu = 0; cpu < spaces_.size(); ++cpu) {
    if (spaces_[cpu] == space && cpu != current_.value()) interrupts_[cpu] += time;
  }
  return others;
}

void Cpus::DropInterrupts() { std::fill(interrupts_.begin(), interrupts_.end(), Nanoseconds(0)); }

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
    digest.Add(spaces_[i]);
  }
}

}  // namespace memsim
