// mm_struct as the lectures print it, and the list of all of them.

#ifndef MEMSIM_SERVER_KERNEL_INSPECT_MM_DESCRIPTION_H_
#define MEMSIM_SERVER_KERNEL_INSPECT_MM_DESCRIPTION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/base/units.h"
#include "server/kernel/cpu/cpus.h"
#include "server/kernel/process/tasks.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

// Who uses an address space, and who borrows it.
struct MmUsers {
  AddressSpaceNumber space = 0;
  std::uint32_t mm_users = 0;
  // CPUs whose idle task borrows it (lazy TLB).
  std::vector<CpuId> borrowing_cpus;
  // Ascending, threads included; the first kMaxPids.
  std::vector<Pid> pids;

  static constexpr std::size_t kMaxPids = 1000;

  // 1 for all users together, and 1 for each that only borrows (mmgrab_lazy_tlb).
  std::uint32_t mm_count() const { return 1 + static_cast<std::uint32_t>(borrowing_cpus.size()); }
};

struct MmDescription {
  MmUsers users;
  AddressLayout layout;
  AddressSpaceStatistics statistics;
  std::uint64_t map_count = 0;
  // A bit a CPU, 64 a word.
  std::vector<std::uint64_t> cpu_mask;
  MmFlags flags = 0;
  VmFlags def_flags = 0;
  VirtualAddress highest_vm_end;
  ByteCount pgtables;
  PageFrameNumber pgd;
};

// REQUIRES: the task is alive.
MmDescription DescribeMm(const Tasks& tasks, const Cpus& cpus, const Task& task);

// What a CPU runs. pid 0: the idle task.
struct CpuMm {
  CpuId cpu;
  Pid pid;
  // 0: a kernel thread has none.
  AddressSpaceNumber mm = 0;
  // 0: init_mm.
  AddressSpaceNumber active_mm = 0;

  friend bool operator==(const CpuMm&, const CpuMm&) = default;
};

struct MmList {
  static constexpr std::size_t kMaxMms = 1000;

  // From the first one asked for on, by number; at most kMaxMms.
  std::vector<MmUsers> mms;
  std::uint64_t count = 0;
  std::vector<CpuMm> cpus;
};

MmList ListMms(const Tasks& tasks, const Cpus& cpus, AddressSpaceNumber first);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_INSPECT_MM_DESCRIPTION_H_
