#include "server/kernel/process/tasks.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "server/base/check.h"
#include "server/kernel/process/clone_flags.h"
#include "server/kernel/vm/copy_address_space.h"

namespace memsim {
namespace {

// fork_init: of the tasks whose stacks would fill an eighth of the memory, half may be one user's.
void SetTaskLimits(PageCount memory, ResourceLimits& limits) {
  constexpr std::uint64_t kMinThreads = 20;
  const std::uint64_t threads = std::max(memory.value() / 8 / kKernelStackPages, kMinThreads);
  limits[Resource::kNproc] = {threads / 2, threads / 2};
  limits[Resource::kSigpending] = {threads / 2, threads / 2};
}

}  // namespace

Tasks::Tasks(VmEnvironment& environment, FileTables& file_tables, Random& random, AddressRandomization randomization)
    : environment_(environment),
      file_tables_(file_tables),
      random_(random),
      randomization_(randomization),
      address_spaces_(environment),
      shared_(environment.slabs),
      tasks_of_cpu_(environment.cpus.count()) {}

Tasks::~Tasks() {
  for (auto& [pid, task] : tasks_) {
    if (task.state == TaskState::kAlive) Release(task, true);
    FreeObjects(task);
  }
}

ErrnoOr<Pid> Tasks::TakePid() {
  // alloc_pid: the next one up, round and round.
  std::uint32_t candidate = last_pid_.value();
  for (std::uint32_t tries = 0; tries < kPidMax; ++tries) {
    candidate = candidate + 1 < kPidMax ? candidate + 1 : kReservedPids;
    if (tasks_.contains(Pid(candidate))) continue;
    last_pid_ = Pid(candidate);
    return last_pid_;
  }
  return Errno::kAgain;
}

CpuId Tasks::IdlestCpu() const {
  const auto idlest = std::min_element(tasks_of_cpu_.begin(), tasks_of_cpu_.end());
  return CpuId(static_cast<std::uint16_t>(idlest - tasks_of_cpu_.begin()));
}

void Tasks::Migrate(Task& task, CpuId cpu) {
  if (cpu == task.cpu) return;
  environment_.cpus.LeaveTask(task.cpu, task.pid);
  --tasks_of_cpu_[task.cpu.value()];
  ++tasks_of_cpu_[cpu.value()];
  task.cpu = cpu;
}

bool Tasks::AllocateStack(Task& task) {
  for (int i = 0; i < kKernelStackPages; ++i) {
    const auto frame = environment_.pages.AllocPages(kGfpKernelAccount, Order(0), PageOwner::kKernelStack);
    if (!frame.has_value()) {
      while (i-- > 0) environment_.pages.FreePages(task.kernel_stack[i], Order(0));
      return false;
    }
    task.kernel_stack[i] = *frame;
  }
  environment_.counters.Add(Counter::kNrKernelStackKib, kKernelStackKib);
  return true;
}

void Tasks::FreeStack(Task& task) {
  for (PageFrameNumber& frame : task.kernel_stack) {
    environment_.pages.FreePages(frame, Order(0));
    frame = PageFrameNumber(0);
  }
  environment_.counters.Add(Counter::kNrKernelStackKib, -kKernelStackKib);
}

bool Tasks::AllocateObjects(Task& task) {
  SlabCaches& slabs = environment_.slabs;
  task.task_object = slabs.Alloc(KernelCache::kTaskStruct, kGfpKernel);
  if (task.task_object != kNoObject && AllocateStack(task)) {
    task.cred_object = slabs.Alloc(KernelCache::kCred, kGfpKernel);
    task.pid_object = slabs.Alloc(KernelCache::kPid, kGfpKernel);
    if (task.cred_object != kNoObject && task.pid_object != kNoObject) return true;
    FreeStack(task);
  }
  FreeObjects(task);
  return false;
}

void Tasks::FreeObjects(Task& task) {
  const auto free = [this](KernelCache cache, VirtualAddress& object) {
    if (object != kNoObject) environment_.slabs.Free(cache, object);
    object = kNoObject;
  };
  shared_.Put(task.fs);
  shared_.Put(task.sighand);
  shared_.Put(task.signal);
  free(KernelCache::kPid, task.pid_object);
  free(KernelCache::kCred, task.cred_object);
  free(KernelCache::kTaskStruct, task.task_object);
}

bool Tasks::CopyShared(const Task& parent, Task& child, std::uint64_t clone_flags) {
  const auto copy = [this](SharedObjectId of_parent, bool shares, KernelCache cache) {
    return shares ? shared_.Get(of_parent) : shared_.Create(cache);
  };
  child.fs = copy(parent.fs, (clone_flags & kCloneFs) != 0, KernelCache::kFsCache);
  child.sighand = copy(parent.sighand, (clone_flags & kCloneSighand) != 0, KernelCache::kSighandCache);
  child.signal = copy(parent.signal, (clone_flags & kCloneThread) != 0, KernelCache::kSignalCache);
  return child.fs != SharedObjectId() && child.sighand != SharedObjectId() && child.signal != SharedObjectId();
}

ErrnoOr<Task*> Tasks::Allocate(absl::string_view comm) {
  const ErrnoOr<Pid> pid = TakePid();
  if (!pid.ok()) return pid.error();
  Task task;
  task.pid = *pid;
  task.tgid = *pid;
  task.comm = std::string(comm.substr(0, kMaxCommLength));
  if (!AllocateObjects(task)) return Errno::kNoMem;
  task.cpu = IdlestCpu();
  ++tasks_of_cpu_[task.cpu.value()];
  environment_.counters.Add(Counter::kProcesses, 1);
  environment_.counters.Add(Counter::kTasks, 1);
  return &tasks_.emplace(*pid, std::move(task)).first->second;
}

Errno Tasks::BootInit() {
  const ErrnoOr<Task*> init = Allocate("init");
  if (!init.ok()) return init.error();
  MEMSIM_CHECK((*init)->pid == kInitPid, (*init)->pid.value());
  if (const Errno error = GiveEmptyMemory(**init); error != Errno::kOk) return error;
  SetTaskLimits(environment_.pages.managed_pages(), (*init)->limits);
  ExecImage image;
  image.path = "/sbin/init";
  return BecomeProgram(**init, image);
}

void Tasks::Abandon(Task& task) {
  FreeStack(task);
  Forget(task.pid);
}

Errno Tasks::GiveEmptyMemory(Task& task) {
  const Task nobody;
  const ErrnoOr<AddressSpaceId> space = address_spaces_.Create();
  const ErrnoOr<FileTableId> files = space.ok() ? file_tables_.Create() : space.error();
  if (files.ok() && CopyShared(nobody, task, 0)) {
    task.mm = *space;
    task.files = *files;
    return Errno::kOk;
  }
  if (space.ok()) address_spaces_.Put(*space);
  if (files.ok()) file_tables_.Put(*files);
  Abandon(task);
  return Errno::kNoMem;
}

ErrnoOr<Pid> Tasks::Spawn(absl::string_view comm) {
  const ErrnoOr<Task*> task = Allocate(comm);
  if (!task.ok()) return task.error();
  if (const Errno error = GiveEmptyMemory(**task); error != Errno::kOk) return error;
  (*task)->parent = kInitPid;
  TellOfNewTask(tasks_.at(kInitPid), **task, 0);
  (*task)->limits = LimitsOf(tasks_.at(kInitPid));
  (*task)->credentials = tasks_.at(kInitPid).credentials;
  (*task)->personality = tasks_.at(kInitPid).personality;
  (*task)->oom_score_adj = tasks_.at(kInitPid).oom_score_adj;
  (*task)->oom_score_adj_min = tasks_.at(kInitPid).oom_score_adj_min;
  // An empty address space has the layout of its parent's, so that mmap finds room.
  const AddressLayout& layout = SpaceOf(tasks_.at(kInitPid)).layout;
  SpaceOf(**task).layout.mmap_base = layout.mmap_base;
  SpaceOf(**task).layout.legacy = layout.legacy;
  return (*task)->pid;
}

Errno Tasks::CopyMemory(Task& parent, Task& child, std::uint64_t clone_flags) {
  if ((clone_flags & kCloneVm) != 0) {
    environment_.cpus.Charge(environment_.costs.clone_thread);
    address_spaces_.Get(parent.mm);
    child.mm = parent.mm;
    return Errno::kOk;
  }
  environment_.cpus.Charge(environment_.costs.fork);
  const ErrnoOr<AddressSpaceId> copy = address_spaces_.Create();
  if (!copy.ok()) return copy.error();
  const Errno error = CopyAddressSpace(address_spaces_[parent.mm], CallerOf(parent), address_spaces_[*copy]);
  if (error != Errno::kOk) {
    address_spaces_.Put(*copy);
    return error;
  }
  child.mm = *copy;
  return Errno::kOk;
}

bool Tasks::CopyFiles(const Task& parent, Task& child, std::uint64_t clone_flags) {
  if ((clone_flags & kCloneFiles) != 0) {
    file_tables_.Get(parent.files);
    child.files = parent.files;
    return true;
  }
  const ErrnoOr<FileTableId> copy = file_tables_.Copy(parent.files);
  if (copy.ok()) child.files = *copy;
  return copy.ok();
}

ErrnoOr<Pid> Tasks::Clone(Pid parent_pid, std::uint64_t clone_flags) {
  Task* parent = FindAlive(parent_pid);
  if (parent == nullptr) return Errno::kSrch;
  // copy_process: threads share signal handlers, which share memory.
  if ((clone_flags & kCloneThread) != 0 && (clone_flags & kCloneSighand) == 0) return Errno::kInval;
  if ((clone_flags & kCloneSighand) != 0 && (clone_flags & kCloneVm) == 0) return Errno::kInval;
  // init has no parent that could wait for a sibling of it.
  if ((clone_flags & kCloneParent) != 0 && parent->tgid == kInitPid) return Errno::kInval;
  const ErrnoOr<Task*> allocated = Allocate(parent->comm);
  if (!allocated.ok()) return allocated.error();
  Task& child = **allocated;
  const bool thread = (clone_flags & kCloneThread) != 0;
  child.tgid = thread ? parent->tgid : child.pid;
  child.parent = thread || (clone_flags & kCloneParent) != 0 ? parent->parent : parent->tgid;
  if (!thread) child.limits = LimitsOf(*parent);
  child.credentials = parent->credentials;
  child.pkru = parent->pkru;
  child.personality = parent->personality;
  if (!thread) {
    child.oom_score_adj = LeaderOf(*parent).oom_score_adj;
    child.oom_score_adj_min = LeaderOf(*parent).oom_score_adj_min;
  }
  child.mempolicy = parent->mempolicy;
  environment_.mempolicies.Get(child.mempolicy);
  // As copy_process: first files, fs and signals, then memory, which takes longest.
  Errno error =
      CopyFiles(*parent, child, clone_flags) && CopyShared(*parent, child, clone_flags) ? Errno::kOk : Errno::kNoMem;
  if (error == Errno::kOk) error = CopyMemory(*parent, child, clone_flags);
  if (error == Errno::kOk) {
    TellOfNewTask(*parent, child, clone_flags);
    // wait_for_vfork_done: it sleeps, though a machine lets it make calls.
    if ((clone_flags & kCloneVfork) != 0) environment_.cpus.LeaveTask(parent->cpu, parent_pid);
    return child.pid;
  }
  if (child.files != FileTableId()) file_tables_.Put(child.files);
  environment_.mempolicies.Put(child.mempolicy);
  Abandon(child);
  return error;
}

void Tasks::TellOfNewTask(const Task& parent, const Task& child, std::uint64_t clone_flags) {
  environment_.cpus.Trace<Tracepoint::kTaskNewtask>(child.pid, child.comm, clone_flags & ~kCloneSignalMask,
                                                    LeaderOf(child).oom_score_adj);
  environment_.cpus.Trace<Tracepoint::kSchedProcessFork>(parent.comm, parent.pid, child.comm, child.pid);
}

void Tasks::Release(Task& task, bool group_dead) {
  environment_.cpus.Trace<Tracepoint::kSchedProcessExit>(task.comm, task.pid, kTaskPriority, group_dead);
  if (environment_.running == address_spaces_[task.mm].number()) environment_.running = 0;
  environment_.cpus.LeaveTask(task.cpu, task.pid);
  // It is the task itself that gives up its memory, also where the OOM killer ends it in another's call.
  const Pid caller = std::exchange(environment_.current, task.tgid);
  address_spaces_.Put(task.mm);
  environment_.current = caller;
  task.mm = AddressSpaceId();
  file_tables_.Put(task.files);
  task.files = FileTableId();
  environment_.mempolicies.Put(std::exchange(task.mempolicy, MempolicyId()));
  shared_.Put(task.fs);
  FreeStack(task);
  task.state = TaskState::kZombie;
}

void Tasks::Forget(Pid pid) {
  const auto it = tasks_.find(pid);
  environment_.cpus.Trace<Tracepoint::kSchedProcessFree>(it->second.comm, pid, kTaskPriority);
  FreeObjects(it->second);
  --tasks_of_cpu_[it->second.cpu.value()];
  if (found_ == &it->second) found_ = nullptr;
  tasks_.erase(it);
  environment_.counters.Add(Counter::kTasks, -1);
}

Task& Tasks::LeaveOneThread(Task& survivor) {
  const Pid group = survivor.tgid;
  std::vector<Pid> gone;
  // What all its threads have counted stays with the process (__exit_signal).
  FaultTally faults;
  for (auto& [pid, member] : tasks_) {
    if (member.tgid != group) continue;
    faults.minor_faults += member.faults.minor_faults;
    faults.major_faults += member.faults.major_faults;
    if (pid == survivor.pid) continue;
    if (member.state == TaskState::kAlive) Release(member, false);
    if (member.IsThread()) gone.push_back(pid);
  }
  for (const Pid pid : gone) Forget(pid);
  Task& leader = tasks_.at(group);
  leader.faults = faults;
  if (!survivor.IsThread()) return survivor;
  leader.state = TaskState::kAlive;
  leader.mm = survivor.mm;
  leader.files = survivor.files;
  leader.credentials = survivor.credentials;
  leader.pkru = survivor.pkru;
  leader.mempolicy = std::exchange(survivor.mempolicy, MempolicyId());
  leader.personality = survivor.personality;
  leader.kernel_stack = survivor.kernel_stack;
  leader.fs = std::exchange(survivor.fs, SharedObjectId());
  Migrate(leader, survivor.cpu);
  Forget(survivor.pid);
  return leader;
}

// Orphans go to init, which waits for those that have ended already. All threads of a group have one parent.
void Tasks::ReparentChildren(Pid parent) {
  std::vector<Pid> buried;
  for (auto& [pid, task] : tasks_) {
    if (task.parent != parent) continue;
    task.parent = kInitPid;
    if (task.state == TaskState::kZombie && LivingThreads(task.tgid) == 0) buried.push_back(pid);
  }
  for (const Pid pid : buried) Forget(pid);
}

Errno Tasks::ExitGroup(Pid pid, int wait_status) {
  const Task* task = FindAlive(pid);
  if (task == nullptr) return Errno::kSrch;
  const Pid group = task->tgid;
  if (group == kInitPid) return Errno::kPerm;
  environment_.cpus.Charge(environment_.costs.exit);
  std::uint32_t alive = LivingThreads(group);
  std::vector<Pid> threads;
  for (auto& [other, member] : tasks_) {
    if (member.tgid != group) continue;
    if (member.state == TaskState::kAlive) Release(member, --alive == 0);
    member.exit_status = wait_status;
    if (member.IsThread()) threads.push_back(other);
  }
  for (const Pid thread : threads) Forget(thread);
  ReparentChildren(group);
  if (tasks_.at(group).parent == kInitPid) Forget(group);
  return Errno::kOk;
}

std::uint32_t Tasks::LivingThreads(Pid group) const {
  const auto lives = [group](const auto& entry) {
    return entry.second.tgid == group && entry.second.state == TaskState::kAlive;
  };
  return static_cast<std::uint32_t>(std::count_if(tasks_.begin(), tasks_.end(), lives));
}

Errno Tasks::Exit(Pid pid, int wait_status) {
  Task* task = FindAlive(pid);
  if (task == nullptr) return Errno::kSrch;
  if (pid == kInitPid) return Errno::kPerm;
  const Pid group = task->tgid;
  const bool last = LivingThreads(group) == 1;
  environment_.cpus.Charge(last ? environment_.costs.exit : environment_.costs.exit_thread);
  Release(*task, last);
  task->exit_status = wait_status;
  if (task->IsThread()) {
    // __exit_signal: what it has counted stays with the process.
    Task& leader = tasks_.at(group);
    leader.faults.minor_faults += task->faults.minor_faults;
    leader.faults.major_faults += task->faults.major_faults;
    Forget(pid);
  }
  if (!last) return Errno::kOk;
  ReparentChildren(group);
  if (tasks_.at(group).parent == kInitPid) Forget(group);
  return Errno::kOk;
}

Errno Tasks::SetOomScoreAdj(Task& task, std::int16_t adjustment, CapabilitySet writer) {
  Task& leader = tasks_.at(task.tgid);
  const bool may_lower = writer.Has(Capability::kSysResource);
  if (adjustment < leader.oom_score_adj_min && !may_lower) return Errno::kAcces;
  std::vector<Task*> groups = {&leader};
  for (auto& [pid, other] : tasks_) {
    const bool shares = task.mm != AddressSpaceId() && other.mm == task.mm && other.tgid != leader.pid;
    if (shares && other.tgid != kInitPid) groups.push_back(&tasks_.at(other.tgid));
  }
  for (Task* group : groups) {
    group->oom_score_adj = adjustment;
    if (may_lower) group->oom_score_adj_min = adjustment;
  }
  return Errno::kOk;
}

ErrnoOr<Pid> Tasks::Wait4(Pid parent_pid, Pid child_pid) {
  const Task* parent = FindAlive(parent_pid);
  if (parent == nullptr) return Errno::kSrch;
  bool has_children = false;
  for (const auto& [pid, task] : tasks_) {
    if (task.parent != parent->tgid || task.IsThread()) continue;
    if (child_pid != Pid() && child_pid != pid) continue;
    has_children = true;
    // delay_group_leader: who was the first thread waits for the others.
    if (task.state != TaskState::kZombie || LivingThreads(pid) != 0) continue;
    const Pid found = pid;
    Forget(found);
    return found;
  }
  if (!has_children) return Errno::kChild;
  return Pid();
}

Task* Tasks::Find(Pid pid) {
  const auto it = tasks_.find(pid);
  return it == tasks_.end() ? nullptr : &it->second;
}

const Task* Tasks::Find(Pid pid) const {
  const auto it = tasks_.find(pid);
  return it == tasks_.end() ? nullptr : &it->second;
}

void Tasks::ForEach(absl::FunctionRef<void(const Task&)> visit) const {
  for (const auto& [pid, task] : tasks_) visit(task);
}

ByteCount Tasks::HostMemory() const {
  std::size_t groups = 0;
  for (const auto& [pid, task] : tasks_) groups += task.credentials.HeapBytes();
  // A map node is the pair and about four words of links.
  return address_spaces_.HostMemory() + shared_.HostMemory() +
         ByteCount(groups + tasks_.size() * (sizeof(std::pair<const Pid, Task>) + 32));
}

void Tasks::DigestTo(Digest& digest) const {
  digest.Add(last_pid_);
  digest.Add(tasks_.size());
  for (const auto& [pid, task] : tasks_) task.DigestTo(digest);
  address_spaces_.DigestTo(digest);
  shared_.DigestTo(digest);
}

void Tasks::CheckInvariants() const {
  address_spaces_.CheckInvariants();
  std::map<AddressSpaceId, std::uint32_t> users;
  std::map<FileTableId, std::uint32_t> references;
  for (const auto& [pid, task] : tasks_) {
    if (task.state == TaskState::kAlive) {
      ++users[task.mm];
      ++references[task.files];
    } else {
      MEMSIM_CHECK(task.mm == AddressSpaceId() && task.files == FileTableId(), pid.value());
    }
  }
  // As many as there are, and each as often as it says: so nobody holds one that no task names.
  MEMSIM_CHECK(users.size() == address_spaces_.size(), users.size(), address_spaces_.size());
  MEMSIM_CHECK(references.size() == file_tables_.size(), references.size(), file_tables_.size());
  for (const auto& [mm, count] : users) MEMSIM_CHECK(address_spaces_.users(mm) == count, mm.value(), count);
  for (const auto& [table, count] : references) {
    MEMSIM_CHECK(file_tables_.references(table) == count, table.value(), count);
  }
  MEMSIM_CHECK(tasks_.contains(kInitPid) && tasks_.at(kInitPid).state == TaskState::kAlive);
}

}  // namespace memsim
