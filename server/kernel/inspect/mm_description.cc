#include "server/kernel/inspect/mm_description.h"

#include <map>
#include <utility>

namespace memsim {
namespace {

// The bits of mm->flags that every program has: SUID_DUMP_USER, and the kinds of mappings that core dumps have by
// default (/proc/PID/coredump_filter 0x33, from bit 2 on).
constexpr MmFlags kUsualFlags = 1 | 0x33 << 2;
constexpr MmFlags kMmTopDown = 1ULL << 31;

std::vector<CpuId> Borrowers(const Cpus& cpus, AddressSpaceNumber space) {
  std::vector<CpuId> borrowers;
  for (std::uint32_t i = 0; i < cpus.count(); ++i) {
    const CpuId cpu(static_cast<std::uint16_t>(i));
    if (cpus.space(cpu) == 0 && cpus.active_space(cpu) == space) borrowers.push_back(cpu);
  }
  return borrowers;
}

std::vector<std::uint64_t> CpuMask(const Cpus& cpus, AddressSpaceNumber space) {
  std::vector<std::uint64_t> mask((cpus.count() + 63) / 64);
  for (std::uint32_t i = 0; i < cpus.count(); ++i) {
    if (cpus.active_space(CpuId(static_cast<std::uint16_t>(i))) == space) mask[i / 64] |= 1ULL << (i % 64);
  }
  return mask;
}

void AddUser(const Task& task, MmUsers& users) {
  ++users.mm_users;
  if (users.pids.size() < MmUsers::kMaxPids) users.pids.push_back(task.pid);
}

std::map<AddressSpaceNumber, MmUsers> AllMms(const Tasks& tasks) {
  std::map<AddressSpaceNumber, MmUsers> mms;
  tasks.ForEach([&](const Task& task) {
    if (task.state == TaskState::kAlive) AddUser(task, mms[tasks.SpaceOf(task).number()]);
  });
  return mms;
}

}  // namespace

MmDescription DescribeMm(const Tasks& tasks, const Cpus& cpus, const Task& task) {
  const AddressSpace& space = tasks.SpaceOf(task);
  MmDescription mm;
  mm.users.space = space.number();
  mm.users.borrowing_cpus = Borrowers(cpus, space.number());
  tasks.ForEach([&](const Task& other) {
    if (other.state == TaskState::kAlive && other.mm == task.mm) AddUser(other, mm.users);
  });
  mm.layout = space.layout;
  mm.statistics = space.statistics();
  mm.map_count = space.map_count();
  mm.cpu_mask = CpuMask(cpus, space.number());
  mm.flags = space.mm_flags | kUsualFlags | (space.layout.legacy ? 0 : kMmTopDown);
  mm.def_flags = space.def_flags;
  mm.highest_vm_end = space.HighestEnd();
  mm.pgtables = space.page_tables().table_bytes();
  mm.pgd = space.page_tables().root_frame();
  return mm;
}

MmList ListMms(const Tasks& tasks, const Cpus& cpus, AddressSpaceNumber first) {
  std::map<AddressSpaceNumber, MmUsers> all = AllMms(tasks);
  MmList list;
  list.count = all.size();
  for (auto at = all.lower_bound(first); at != all.end() && list.mms.size() < MmList::kMaxMms; ++at) {
    at->second.space = at->first;
    at->second.borrowing_cpus = Borrowers(cpus, at->first);
    list.mms.push_back(std::move(at->second));
  }
  for (std::uint32_t i = 0; i < cpus.count(); ++i) {
    const CpuId cpu(static_cast<std::uint16_t>(i));
    const AddressSpaceNumber active = cpus.active_space(cpu);
    const bool idle = cpus.space(cpu) == 0;
    // init_mm takes the place of what has ended.
    list.cpus.push_back({cpu, idle ? Pid() : cpus.running(cpu), cpus.space(cpu), all.count(active) != 0 ? active : 0});
  }
  return list;
}

}  // namespace memsim
