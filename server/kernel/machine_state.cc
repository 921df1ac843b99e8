#include "server/kernel/machine_state.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/kernel/reclaim/oom_victim.h"
#include "server/kernel/vm/huge_page_check.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

PageAllocator CreatePages(const MachineSpec& spec, Counters& counters, Locks& locks) {
  WatermarkParameters parameters;
  parameters.min_free_kbytes = spec.sysctls.min_free_kbytes;
  parameters.watermark_scale_factor = spec.sysctls.watermark_scale_factor;
  parameters.transparent_huge_pages = spec.transparent_huge_pages;
  return PageAllocator(LayOutMemory(spec.memory, spec.reserved), parameters, counters, locks);
}

// The spec as it came out: with the numbers that boot computed where it left the choice.
MachineSpec Resolve(MachineSpec spec, const PageAllocator& pages) {
  if (!spec.reserved.has_value()) spec.reserved = spec.memory - ToBytes(pages.managed_pages());
  Sysctls& sysctls = spec.sysctls;
  sysctls.min_free_kbytes = pages.min_free_kbytes();
  if (!sysctls.user_reserve_kbytes.has_value()) sysctls.user_reserve_kbytes = UserReserveKbytes(pages.free_pages());
  if (!sysctls.admin_reserve_kbytes.has_value()) sysctls.admin_reserve_kbytes = AdminReserveKbytes(pages.free_pages());
  return spec;
}

}  // namespace

MachineState::MachineState(const MachineSpec& requested)
    : costs(requested.costs),
      cpus(requested.cpu_count, costs),
      locks(cpus),
      random(requested.seed),
      pages(CreatePages(requested, counters, locks)),
      slabs(pages, counters, locks),
      kmalloc(slabs, pages, counters, cpus),
      spec(Resolve(requested, pages)),
      sysctls(spec.sysctls),
      mempolicies(slabs),
      files(pages, slabs, mempolicies, counters, cpus),
      file_tables(files, slabs),
      anon_vmas(slabs),
      huge(spec, pages, counters),
      commit(pages.managed_pages(), sysctls, counters),
      environment{pages,  slabs,    mempolicies, files, anon_vmas, file_mappings, huge,
                  commit, counters, cpus,        locks, costs,     sysctls,       PageFrameNumber(0)},
      shm(environment),
      tasks(environment, file_tables, random, spec.address_randomization) {}

absl::Status MachineState::Boot() {
  environment.shm_mappings = &shm;
  const auto zero_page = pages.AllocPages(kGfpKernel | kGfpZero, Order(0), PageOwner::kZeroPage);
  if (!zero_page.has_value()) return WhyNoBoot();
  environment.zero_page = *zero_page;
  if (!slabs.Boot()) return WhyNoBoot();
  if (tasks.BootInit() != Errno::kOk) return WhyNoBoot();
  // What booting took is before time.
  cpus.StartClocks();
  return absl::OkStatus();
}

absl::Status MachineState::WhyNoBoot() const {
  // Either an allocation found no page, or a promise was refused.
  if (counters.Get(Counter::kAllocStall) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "spec.memory_bytes without spec.reserved_bytes is ", ToBytes(pages.managed_pages()).value() / 1024,
        " KiB, of which spec.sysctls.min_free_kbytes keeps ", *spec.sysctls.min_free_kbytes,
        "; that leaves too little to start init: lower reserved_bytes or min_free_kbytes, or give more memory"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("spec.sysctls.overcommit_memory, overcommit_ratio and overcommit_kbytes allow processes ",
                   ToBytes(commit.CommitLimit()).value() / 1024,
                   " KiB, which is too little to start init: raise overcommit_ratio or overcommit_kbytes, or "
                   "overcommit less strictly"));
}

void MachineState::Run(Task& task) {
  if (named_cpu.has_value()) tasks.Migrate(task, *named_cpu);
  cpus.SwitchTo(task.cpu);
  if (cpus.trace().listening()) TraceRun(task);
  environment.current = task.tgid;
  cpus.RunTask(task.pid, tasks.SpaceOf(task).number());
}

void MachineState::TraceRun(const Task& task) {
  // As task_struct's exit_state has them.
  constexpr int kRunning = 0;
  constexpr int kDead = 0x10;
  constexpr int kZombie = 0x20;
  const Pid before = cpus.running(task.cpu);
  if (before != task.pid) {
    const Task* previous = tasks.Find(before);
    const std::string idle = absl::StrCat("swapper/", task.cpu.value());
    int state = before == Pid() ? kRunning : kDead;
    if (previous != nullptr) state = previous->state == TaskState::kZombie ? kZombie : kRunning;
    // What the kernel shows for a task of which it has forgotten the name.
    absl::string_view comm = before == Pid() ? absl::string_view(idle) : "<...>";
    if (previous != nullptr) comm = previous->comm;
    cpus.trace().SetTask(before, comm);
    cpus.Trace<Tracepoint::kSchedSwitch>(comm, before, kTaskPriority, state, absl::string_view(task.comm), task.pid,
                                         kTaskPriority);
  }
  cpus.trace().SetTask(task.pid, task.comm);
  environment.running = tasks.SpaceOf(task).number();
}

std::optional<MachineState::Caller> MachineState::Enter(Pid pid) {
  Task* task = tasks.FindAlive(pid);
  if (task != nullptr) Run(*task);
  EnterKernel();
  if (task == nullptr) return std::nullopt;
  return Caller{*task, tasks.SpaceOf(*task), tasks.CallerOf(*task)};
}

FileCaller MachineState::FilesOf(const Caller& caller) {
  return {files, file_tables.table(caller.task.files), caller.memory.limits[Resource::kNofile].current,
          ByteCount(caller.memory.limits[Resource::kFsize].current), caller.memory.filesystem_user};
}

IpcCaller MachineState::IpcOf(const Caller& caller) {
  const Credentials& who = caller.task.credentials;
  return IpcCaller{caller.memory,          caller.task.tgid,        who.users().real,          who.users().effective,
                   who.groups().effective, who.groups().filesystem, who.supplementary_groups()};
}

void MachineState::UnmapCutTail(const CutTail& cut) { ZapCutTail(environment, cut); }

void MachineState::TellOfVictim(const Task& task) {
  const AddressSpace& space = tasks.SpaceOf(task);
  const auto kib = [](ByteCount size) { return size.value() / 1024; };
  const auto rss = [&](RssKind kind) { return kib(ToBytes(space.statistics().rss[static_cast<std::size_t>(kind)])); };
  cpus.Trace<Tracepoint::kMarkVictim>(task.pid, task.comm, kib(ToBytes(space.statistics().total_vm)),
                                      rss(RssKind::kAnonymous), rss(RssKind::kFile), rss(RssKind::kShmem), 0,
                                      kib(space.page_tables().table_bytes()), tasks.LeaderOf(task).oom_score_adj);
}

bool MachineState::KillForMemory() {
  std::vector<OomCandidate> candidates;
  std::set<Pid> groups;
  tasks.ForEach([&](const Task& task) {
    // find_lock_task_mm: the first of a process's threads that lives.
    if (task.state != TaskState::kAlive || !groups.insert(task.tgid).second) return;
    candidates.push_back(OomCandidate::Of(tasks, task));
  });
  const std::vector<Pid> victims = SelectOomVictims(candidates, pages.managed_pages());
  if (victims.empty()) return false;
  counters.Add(Counter::kOomKill, 1);
  TellOfVictim(*tasks.Find(victims.front()));
  for (const Pid victim : victims) {
    // SIGKILL, as wait status: killed by signal 9.
    MEMSIM_CHECK(tasks.ExitGroup(victim, 9) == Errno::kOk, victim.value());
  }
  return true;
}

void MachineState::SetSysctls(const Sysctls& changed) {
  const bool zones_change = changed.min_free_kbytes != sysctls.min_free_kbytes ||
                            changed.watermark_scale_factor != sysctls.watermark_scale_factor;
  sysctls = changed;
  if (zones_change) pages.SetWatermarks(*sysctls.min_free_kbytes, sysctls.watermark_scale_factor);
}

void MachineState::RunTimers() {
  if (cpus.now() < next_look || locks.lanes_run()) return;
  // Once nothing changes any more nothing will, however many seconds have passed.
  bool changed = true;
  for (; next_look <= cpus.now() && changed; next_look += kStatInterval) changed = pages.DecayPerCpuPages();
  const std::uint64_t interval = kStatInterval.value();
  next_look = Nanoseconds((cpus.now().value() / interval + 1) * interval);
}

ProcView MachineState::View() const {
  return ProcView{spec, sysctls, pages, slabs, counters, commit, files, file_tables, shm, tasks, cpus, locks};
}

ByteCount MachineState::HostMemory() const {
  return ByteCount(sizeof(*this)) + cpus.HostMemory() + locks.HostMemory() + pages.HostMemory() + slabs.HostMemory() +
         files.HostMemory() + file_tables.HostMemory() + shm.HostMemory() + tasks.HostMemory() +
         file_mappings.HostMemory() +
         ByteCount(anon_vmas.HostMemoryBytes() + huge.HostMemory().value() + slots.HostMemoryBytes());
}

void MachineState::DigestTo(Digest& digest) const {
  spec.DigestTo(digest);
  sysctls.DigestTo(digest);
  digest.Add(sequence);
  digest.Add(next_look);
  cpus.DigestTo(digest);
  locks.DigestTo(digest);
  random.DigestTo(digest);
  for (std::size_t i = 0; i < kCounterInfo.size(); ++i) {
    digest.Add(static_cast<std::uint64_t>(counters.Get(static_cast<Counter>(i))));
  }
  pages.DigestTo(digest);
  slabs.DigestTo(digest);
  files.DigestTo(digest);
  file_tables.DigestTo(digest);
  anon_vmas.DigestTo(digest);
  huge.DigestTo(digest);
  digest.Add(environment.zero_page);
  shm.DigestTo(digest);
  tasks.DigestTo(digest);
  slots.DigestTo(digest);
}

void MachineState::CheckInvariants() const {
  pages.CheckInvariants();
  slabs.CheckInvariants();
  files.CheckInvariants();
  file_tables.CheckInvariants();
  anon_vmas.CheckInvariants();
  huge.CheckInvariants();
  shm.CheckInvariants();
  tasks.CheckInvariants();
  std::int64_t vmas = 0;
  std::uint64_t tables = 0;
  std::int64_t accounted = 0;
  std::uint64_t file_vmas = 0;
  HugePageCheck huge_pages(huge, pages);
  std::vector<AddressSpaceId> seen;
  tasks.ForEach([&](const Task& task) {
    if (task.state != TaskState::kAlive || std::count(seen.begin(), seen.end(), task.mm) != 0) return;
    seen.push_back(task.mm);
    const AddressSpace& space = tasks.SpaceOf(task);
    huge_pages.Add(space);
    vmas += static_cast<std::int64_t>(space.map_count());
    tables += space.page_tables().table_pages().value();
    space.ForEachVma([&](const Vma& vma) {
      if (vma.file != OpenFileId()) ++file_vmas;
      if ((vma.flags & kVmAccount) != 0) accounted += static_cast<std::int64_t>(vma.range.pages().value());
    });
  });
  huge_pages.Finish();
  MEMSIM_CHECK(counters.Get(Counter::kVmas) == vmas, counters.Get(Counter::kVmas), vmas);
  MEMSIM_CHECK(pages.pages_of(PageOwner::kPageTable) == PageCount(tables), tables);
  accounted += static_cast<std::int64_t>(files.promised_pages().value());
  MEMSIM_CHECK(counters.Get(Counter::kCommittedAs) == accounted, counters.Get(Counter::kCommittedAs), accounted);
  MEMSIM_CHECK(file_mappings.size() == file_vmas, file_mappings.size(), file_vmas);
  CheckPageCounters();
  CheckCpus();
}

void MachineState::CheckCpus() const {
  for (std::uint32_t i = 0; i < cpus.count(); ++i) {
    const CpuId cpu(static_cast<std::uint16_t>(i));
    if (cpus.space(cpu) == 0) continue;
    const Task* task = tasks.Find(cpus.running(cpu));
    MEMSIM_CHECK(task != nullptr && task->state == TaskState::kAlive, i, cpus.running(cpu).value());
    MEMSIM_CHECK(task->cpu == cpu, i, task->cpu.value());
    MEMSIM_CHECK(cpus.space(cpu) == tasks.SpaceOf(*task).number(), i, cpus.space(cpu));
  }
}

void MachineState::CheckPageCounters() const {
  Counters expected;
  pages.ForEachAllocatedBlock([&](PageFrameNumber pfn, const PageFrame& page) {
    const bool anonymous = page.owner == PageOwner::kAnonymous;
    const auto pages_of_block = static_cast<std::int64_t>(PagesOfOrder(page.order).value());
    const bool lazy_free = (page.flags & kFrameLazyFree) != 0;
    if (anonymous) expected.Add(lazy_free ? Counter::kNrInactiveFile : Counter::kNrInactiveAnon, pages_of_block);
    if (anonymous && (page.flags & kFrameLarge) != 0) {
      expected.Add(Counter::kNrAnonPages, static_cast<std::int64_t>(huge.MappedPages(pfn).value()));
      if (huge.entire_mapcount(pfn) != 0) expected.Add(Counter::kNrAnonThps, 1);
    } else if (anonymous && page.map_count > 0) {
      expected.Add(Counter::kNrAnonPages, 1);
    }
    if (page.owner != PageOwner::kPageCache) return;
    if (page.map_count > 0) expected.Add(Counter::kNrMapped, 1);
    // What its file has lost is on no list.
    if (page.mapping == 0) return;
    const bool shmem = IsShmemKind(files.inode(InodeId(page.mapping)).kind);
    expected.Add(shmem ? Counter::kNrInactiveAnon : Counter::kNrInactiveFile, 1);
  });
  const auto pages_of = [this](PageOwner owner) { return static_cast<std::int64_t>(pages.pages_of(owner).value()); };
  expected.Add(Counter::kNrPageTablePages, pages_of(PageOwner::kPageTable));
  expected.Add(Counter::kNrKernelStackKib, pages_of(PageOwner::kKernelStack) * kKernelStackKib / kKernelStackPages);
  for (const Counter counter :
       {Counter::kNrInactiveAnon, Counter::kNrInactiveFile, Counter::kNrAnonPages, Counter::kNrMapped,
        Counter::kNrPageTablePages, Counter::kNrKernelStackKib, Counter::kNrAnonThps}) {
    MEMSIM_CHECK(counters.Get(counter) == expected.Get(counter), static_cast<unsigned>(counter), counters.Get(counter));
  }
}

}  // namespace memsim
