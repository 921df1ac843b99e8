#include "server/kernel/cpu/cpus.h"

#include <algorithm>

namespace memsim {

void Cpus::Idle(Nanoseconds time) {
  CountBusy();
  now_ += time;
  counted_ = now_;
  if (time != Nanoseconds(0)) std::fill(spaces_.begin(), spaces_.end(), 0);
}

void Cpus::SwitchTask(Pid pid, AddressSpaceNumber space) {
  Cpu& cpu = cpus_[current_.value()];
  if (cpu.running != pid) {
    ++cpu.counts.context_switches;
    // From the idle task it takes no time: the CPU had nothing else to do.
    if (this->space() != 0) Charge(this->space() == space ? costs_.thread_switch : costs_.context_switch);
    cpu.running = pid;
  }
  spaces_[current_.value()] = space;
  cpu.active = space;
}

std::uint32_t Cpus::OthersIn(AddressSpaceNumber space) const {
  const auto all = static_cast<std::uint32_t>(std::count(spaces_.begin(), spaces_.end(), space));
  return this->space() == space ? all - 1 : all;
}

void Cpus::StartClocks() {
  now_ = counted_ = Nanoseconds(0);
  for (Cpu& cpu : cpus_) {
    cpu.counts = CpuCounts();
    cpu.active = 0;
  }
  std::fill(spaces_.begin(), spaces_.end(), 0);
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
    digest.Add(active_space(cpu));
  }
}

}  // namespace memsim
