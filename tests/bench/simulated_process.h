// A process on a machine of its own, as the benchmarks need it. What the machine refuses ends the program.

#ifndef MEMSIM_TESTS_BENCH_SIMULATED_PROCESS_H_
#define MEMSIM_TESTS_BENCH_SIMULATED_PROCESS_H_

#include <memory>

#include "server/base/check.h"
#include "server/base/units.h"
#include "server/kernel/machine.h"
#include "server/kernel/vm/mman_flags.h"

namespace memsim::bench {

// The machine of the budgets.
inline MachineSpec LargeSpec() {
  MachineSpec spec;
  spec.memory = ByteCount(64ULL << 30);
  spec.cpu_count = 4;
  return spec;
}

class SimulatedProcess {
 public:
  SimulatedProcess() : machine_(*Machine::Create(LargeSpec())), pid_(*machine_->Spawn("bench")) {}

  Machine& machine() { return *machine_; }
  Pid pid() const { return pid_; }

  // Anonymous and private, where the machine likes.
  VirtualAddress Map(PageCount pages, std::uint64_t prot = kProtRead | kProtWrite) {
    return *machine_->Mmap(pid_, VirtualAddress(0), ToBytes(pages), prot, kMapPrivate | kMapAnonymous, -1,
                           ByteCount(0));
  }
  void Unmap(VirtualAddress address, PageCount pages) {
    MEMSIM_CHECK(machine_->Munmap(pid_, address, ToBytes(pages)) == Errno::kOk);
  }
  // Stores to the first byte of each page.
  void Store(VirtualAddress address, PageCount pages) {
    MEMSIM_CHECK(!machine_->Touch(pid_, address, AccessKind::kWrite, pages)->signal.has_value());
  }

  Pid Fork() { return *machine_->Clone(pid_, 0); }
  void EndChild(Pid child) {
    MEMSIM_CHECK(machine_->ExitGroup(child, 0) == Errno::kOk);
    MEMSIM_CHECK(*machine_->Wait4(pid_, child) == child);
  }

 private:
  std::unique_ptr<Machine> machine_;
  Pid pid_;
};

}  // namespace memsim::bench

#endif  // MEMSIM_TESTS_BENCH_SIMULATED_PROCESS_H_
