#include "server/kernel/machine.h"

#include <utility>

#include "server/base/check.h"
#include "server/kernel/file/descriptor_calls.h"
#include "server/kernel/machine_state.h"
#include "server/kernel/observe/tracepoint.h"
#include "server/kernel/physical/direct_map.h"
#include "server/kernel/process/prctl.h"
#include "server/kernel/procfs/counter_samples.h"
#include "server/kernel/procfs/procfs.h"
#include "server/kernel/system_call.h"
#include "server/kernel/vm/brk.h"
#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/madvise.h"
#include "server/kernel/vm/mlock.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/mprotect.h"
#include "server/kernel/vm/mremap.h"
#include "server/kernel/vm/munmap.h"
#include "server/kernel/vm/page_fault.h"

namespace memsim {

using Caller = MachineState::Caller;

namespace {

ErrnoOr<VirtualAddress> OrNoMemory(VirtualAddress object) {
  if (object == kNoObject) return Errno::kNoMem;
  return object;
}

// (uid_t) -1: it stays as it is.
std::uint32_t IdArgument(NewId id) { return id.value_or(kInvalidId); }

}  // namespace

absl::StatusOr<std::unique_ptr<Machine>> Machine::Create(const MachineSpec& spec) {
  if (absl::Status status = spec.Validate(); !status.ok()) return status;
  auto state = std::make_unique<MachineState>(spec);
  if (absl::Status status = state->Boot(); !status.ok()) return status;
  return std::unique_ptr<Machine>(new Machine(std::move(state)));
}

Machine::Machine(std::unique_ptr<MachineState> state) : state_(std::move(state)) {}

Machine::~Machine() = default;

const MachineSpec& Machine::spec() const { return state_->spec; }

// --- CPUs and time

bool Machine::HasCpu(CpuId cpu) const { return cpu.value() < state_->cpus.count(); }

void Machine::BeginCall(std::optional<CpuId> cpu) {
  state_->named_cpu = cpu;
  state_->cpus.trace().SetTask(Pid(), "");
  state_->cpus.SwitchTo(cpu.value_or(CpuId(0)));
}

void Machine::AdvanceTime(Nanoseconds time) {
  state_->cpus.Idle(time);
  state_->RunTimers();
}

void Machine::BeginLanes(const std::vector<CpuId>& cpus) { state_->lanes.emplace(state_->locks, cpus); }

std::optional<std::size_t> Machine::NextLane() { return state_->lanes->Next(); }

void Machine::FinishLane() { state_->lanes->Finish(); }

void Machine::EndLanes() { state_->lanes.reset(); }

// --- Processes

ErrnoOr<Pid> Machine::Spawn(absl::string_view comm) { return state_->tasks.Spawn(comm); }

ErrnoOr<Pid> Machine::Clone(Pid parent, std::uint64_t clone_flags) {
  const auto clone = [&](const Caller& /*caller*/) { return state_->tasks.Clone(parent, clone_flags); };
  if (clone_flags == 0) return SystemCall<system_call::kFork>(*state_, parent).Run(clone);
  if (clone_flags == (kCloneVm | kCloneVfork)) return SystemCall<system_call::kVfork>(*state_, parent).Run(clone);
  return SystemCall<system_call::kClone>(*state_, parent, clone_flags, 0, 0, 0, 0).Run(clone);
}

Errno Machine::Execve(Pid pid, const ExecImage& image) {
  return SystemCall<system_call::kExecve>(*state_, pid, image.path, 0, 0).Run([&](const Caller& /*caller*/) {
    return state_->tasks.Execve(pid, image);
  });
}

Errno Machine::ExitGroup(Pid pid, int status) {
  return SystemCall<system_call::kExitGroup>(*state_, pid, status).Run([&](const Caller& /*caller*/) {
    // As wait(2) tells it: the low byte of the status, in the second byte.
    return state_->tasks.ExitGroup(pid, (status & 0xff) << 8);
  });
}

ErrnoOr<Pid> Machine::Wait4(Pid parent, Pid child) {
  // -1 is any child, and the call never blocks.
  constexpr int kNoHang = 1;
  const std::int64_t upid = child == Pid() ? -1 : static_cast<std::int64_t>(child.value());
  return SystemCall<system_call::kWait4>(*state_, parent, upid, 0, kNoHang, 0).Run([&](const Caller& /*caller*/) {
    return state_->tasks.Wait4(parent, child);
  });
}

ErrnoOr<ResourceLimit> Machine::Prlimit64(Pid pid, std::uint32_t resource,
                                          const std::optional<ResourceLimit>& new_limit) {
  using Result = ErrnoOr<ResourceLimit>;
  return SystemCall<system_call::kPrlimit64>(*state_, pid, 0, resource, 0, 0).Run([&](const Caller& caller) -> Result {
    if (resource >= kResourceCount) return Errno::kInval;
    ResourceLimit& limit = state_->tasks.LimitsOf(caller.task)[static_cast<Resource>(resource)];
    const ResourceLimit old = limit;
    if (!new_limit.has_value()) return old;
    // do_prlimit.
    if (new_limit->current > new_limit->maximum) return Errno::kInval;
    if (new_limit->maximum > limit.maximum && !caller.memory.capabilities.Has(Capability::kSysResource)) {
      return Errno::kPerm;
    }
    if (static_cast<Resource>(resource) == Resource::kNofile && new_limit->maximum > FileTable::kMaxDescriptors) {
      return Errno::kPerm;
    }
    limit = *new_limit;
    return old;
  });
}

Errno Machine::Setuid(Pid pid, UserId uid) {
  const SystemCall<system_call::kSetuid> call(*state_, pid, uid);
  return call.Run([&](const Caller& caller) { return caller.task.credentials.SetUid(uid); });
}

Errno Machine::Setgid(Pid pid, GroupId gid) {
  const SystemCall<system_call::kSetgid> call(*state_, pid, gid);
  return call.Run([&](const Caller& caller) { return caller.task.credentials.SetGid(gid); });
}

Errno Machine::Setreuid(Pid pid, NewId ruid, NewId euid) {
  const SystemCall<system_call::kSetreuid> call(*state_, pid, IdArgument(ruid), IdArgument(euid));
  return call.Run([&](const Caller& caller) { return caller.task.credentials.SetReUid(ruid, euid); });
}

Errno Machine::Setregid(Pid pid, NewId rgid, NewId egid) {
  const SystemCall<system_call::kSetregid> call(*state_, pid, IdArgument(rgid), IdArgument(egid));
  return call.Run([&](const Caller& caller) { return caller.task.credentials.SetReGid(rgid, egid); });
}

Errno Machine::Setresuid(Pid pid, NewId ruid, NewId euid, NewId suid) {
  const SystemCall<system_call::kSetresuid> call(*state_, pid, IdArgument(ruid), IdArgument(euid), IdArgument(suid));
  return call.Run([&](const Caller& caller) { return caller.task.credentials.SetResUid(ruid, euid, suid); });
}

Errno Machine::Setresgid(Pid pid, NewId rgid, NewId egid, NewId sgid) {
  const SystemCall<system_call::kSetresgid> call(*state_, pid, IdArgument(rgid), IdArgument(egid), IdArgument(sgid));
  return call.Run([&](const Caller& caller) { return caller.task.credentials.SetResGid(rgid, egid, sgid); });
}

ErrnoOr<std::uint64_t> Machine::Setfsuid(Pid pid, UserId uid) {
  const SystemCall<system_call::kSetfsuid> call(*state_, pid, uid);
  return call.Run(
      [&](const Caller& caller) -> ErrnoOr<std::uint64_t> { return caller.task.credentials.SetFsUid(uid); });
}

ErrnoOr<std::uint64_t> Machine::Setfsgid(Pid pid, GroupId gid) {
  const SystemCall<system_call::kSetfsgid> call(*state_, pid, gid);
  return call.Run(
      [&](const Caller& caller) -> ErrnoOr<std::uint64_t> { return caller.task.credentials.SetFsGid(gid); });
}

Errno Machine::Setgroups(Pid pid, std::vector<GroupId> groups) {
  const SystemCall<system_call::kSetgroups> call(*state_, pid, groups.size(), 0);
  return call.Run([&](const Caller& caller) { return caller.task.credentials.SetGroups(std::move(groups)); });
}

Errno Machine::Capset(Pid pid, const CapabilitySets& sets) {
  const SystemCall<system_call::kCapset> call(*state_, pid, 0, 0);
  return call.Run([&](const Caller& caller) { return caller.task.credentials.SetCapabilities(sets); });
}

ErrnoOr<std::uint64_t> Machine::Prctl(Pid pid, int option, const std::array<std::uint64_t, 4>& arguments) {
  const SystemCall<system_call::kPrctl> call(*state_, pid, option, arguments[0], arguments[1], arguments[2],
                                             arguments[3]);
  return call.Run([&](const Caller& caller) { return memsim::Prctl(caller.task, caller.space, option, arguments); });
}

// --- Address spaces

ErrnoOr<VirtualAddress> Machine::Mmap(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot,
                                      std::uint64_t flags, int fd, ByteCount offset) {
  const SystemCall<system_call::kMmap> call(*state_, pid, address, length, prot, flags, fd, offset);
  return call.Run([&](const Caller& caller) -> ErrnoOr<VirtualAddress> {
    if (offset.value() % kPageSize.value() != 0) return Errno::kInval;
    MmapArguments arguments{address, length, prot, flags, OpenFileId(), PageOffset(offset.value() >> kPageShift)};
    if ((flags & kMapAnonymous) == 0) {
      const ErrnoOr<OpenFileId> file = FileOfDescriptor(state_->FilesOf(caller), fd);
      if (!file.ok()) return file.error();
      arguments.file = *file;
    }
    return memsim::Mmap(caller.space, caller.memory, arguments);
  });
}

Errno Machine::Munmap(Pid pid, VirtualAddress address, ByteCount length) {
  const SystemCall<system_call::kMunmap> call(*state_, pid, address, length);
  return call.Run([&](const Caller& caller) { return memsim::Munmap(caller.space, address, length); });
}

Errno Machine::Mprotect(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot) {
  const SystemCall<system_call::kMprotect> call(*state_, pid, address, length, prot);
  return call.Run(
      [&](const Caller& caller) { return memsim::Mprotect(caller.space, caller.memory, address, length, prot); });
}

ErrnoOr<VirtualAddress> Machine::Mremap(Pid pid, VirtualAddress address, ByteCount old_length, ByteCount new_length,
                                        std::uint64_t flags, VirtualAddress new_address) {
  const SystemCall<system_call::kMremap> call(*state_, pid, address, old_length, new_length, flags, new_address);
  return call.Run([&](const Caller& caller) {
    return memsim::Mremap(caller.space, caller.memory, {address, old_length, new_length, flags, new_address});
  });
}

ErrnoOr<VirtualAddress> Machine::Brk(Pid pid, VirtualAddress address) {
  const SystemCall<system_call::kBrk> call(*state_, pid, address);
  return call.Run([&](const Caller& caller) -> ErrnoOr<VirtualAddress> {
    return memsim::Brk(caller.space, caller.memory, address);
  });
}

Errno Machine::Madvise(Pid pid, VirtualAddress address, ByteCount length, int advice) {
  const SystemCall<system_call::kMadvise> call(*state_, pid, address, length, advice);
  return call.Run(
      [&](const Caller& caller) { return memsim::Madvise(caller.space, caller.memory, address, length, advice); });
}

Errno Machine::Mlock(Pid pid, VirtualAddress address, ByteCount length) {
  const SystemCall<system_call::kMlock> call(*state_, pid, address, length);
  return call.Run(
      [&](const Caller& caller) { return memsim::Mlock2(caller.space, caller.memory, address, length, 0); });
}

Errno Machine::Mlock2(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t flags) {
  const SystemCall<system_call::kMlock2> call(*state_, pid, address, length, flags);
  return call.Run(
      [&](const Caller& caller) { return memsim::Mlock2(caller.space, caller.memory, address, length, flags); });
}

Errno Machine::Munlock(Pid pid, VirtualAddress address, ByteCount length) {
  const SystemCall<system_call::kMunlock> call(*state_, pid, address, length);
  return call.Run([&](const Caller& caller) { return memsim::Munlock(caller.space, address, length); });
}

Errno Machine::Mlockall(Pid pid, std::uint64_t flags) {
  const SystemCall<system_call::kMlockall> call(*state_, pid, flags);
  return call.Run([&](const Caller& caller) { return memsim::Mlockall(caller.space, caller.memory, flags); });
}

Errno Machine::Munlockall(Pid pid) {
  const SystemCall<system_call::kMunlockall> call(*state_, pid);
  return call.Run([&](const Caller& caller) { return memsim::Munlockall(caller.space); });
}

ErrnoOr<AccessResult> Machine::Touch(Pid pid, VirtualAddress address, AccessKind access, PageCount pages) {
  TouchProgress progress;
  progress.next = address;
  progress.left = pages;
  progress.kind = access;
  Task* toucher = state_->tasks.FindAlive(pid);
  if (toucher == nullptr) return Errno::kSrch;
  state_->Run(*toucher);
  const FaultTally before = toucher->faults;
  AccessResult result;
  for (;;) {
    Task* task = state_->tasks.FindAlive(pid);
    const VmCaller caller = state_->tasks.CallerOf(*task);
    const TouchStatus status = memsim::Touch(state_->tasks.SpaceOf(*task), caller, progress);
    result.minor_faults = task->faults.minor_faults - before.minor_faults;
    result.major_faults = task->faults.major_faults - before.major_faults;
    result.signal = progress.signal;
    if (status != TouchStatus::kOutOfMemory) return result;
    // pagefault_out_of_memory: somebody dies, and unless it was the toucher the access is tried again. Every round ends
    // a task, so there are no more rounds than tasks.
    if (!state_->KillForMemory() || state_->tasks.FindAlive(pid) == nullptr) {
      result.signal = Signal{SignalNumber::kKill, SignalCode::kUser, VirtualAddress(0)};
      return result;
    }
  }
}

// --- Pages

ErrnoOr<PageFrameNumber> Machine::AllocPages(GfpMask gfp, std::uint32_t order) {
  if (order > kMaxOrder.value()) return Errno::kInval;
  const auto frame = state_->pages.AllocPages(gfp, Order(static_cast<std::uint8_t>(order)), PageOwner::kCaller);
  if (!frame.has_value()) return Errno::kNoMem;
  return *frame;
}

ErrnoOr<VirtualAddress> Machine::GetZeroedPage(GfpMask gfp) {
  // get_zeroed_page gives an address, so it cannot give high memory.
  const ErrnoOr<PageFrameNumber> frame = AllocPages((gfp | kGfpZero) & ~kGfpHighmem, 0);
  if (!frame.ok()) return frame.error();
  return DirectMapAddress(*frame);
}

std::optional<FreeRefusal> Machine::FreePages(PageFrameNumber frame, std::uint32_t order) {
  return state_->pages.FreeCallerPages(frame, order);
}

std::optional<PageFrameNumber> Machine::DirectMapFrame(VirtualAddress address) const {
  if (address < kDirectMapBase || !IsPageAligned(address)) return std::nullopt;
  return FrameOfDirectMap(address);
}

// --- Slab caches

std::optional<CacheId> Machine::FindCache(absl::string_view name) const { return state_->slabs.Find(name); }

bool Machine::HasCache(CacheId cache) const { return state_->slabs.Contains(cache); }

bool Machine::IsKernelCache(CacheId cache) const { return IsBootCache(cache); }

std::uint64_t Machine::CacheObjects(CacheId cache) const { return state_->slabs.held_objects(cache); }

ErrnoOr<CacheId> Machine::KmemCacheCreate(const CacheDefinition& definition) {
  return state_->slabs.Create(definition);
}

Errno Machine::KmemCacheDestroy(CacheId cache, absl::string_view name) { return state_->slabs.Destroy(cache, name); }

ErrnoOr<VirtualAddress> Machine::KmemCacheAlloc(CacheId cache, GfpMask gfp) {
  return OrNoMemory(state_->slabs.AllocForCaller(cache, gfp));
}

std::optional<SlabRefusal> Machine::KmemCacheFree(CacheId cache, VirtualAddress object) {
  return state_->slabs.FreeCallers(cache, object);
}

Errno Machine::KmemCacheAllocBulk(CacheId cache, GfpMask gfp, absl::Span<VirtualAddress> objects) {
  return state_->slabs.AllocBulkForCaller(cache, gfp, objects) ? Errno::kOk : Errno::kNoMem;
}

std::optional<SlabRefusal> Machine::KmemCacheFreeBulk(CacheId cache, absl::Span<VirtualAddress> objects) {
  return state_->slabs.FreeBulkCallers(cache, objects);
}

void Machine::KmemCacheShrink(CacheId cache) { state_->slabs.Shrink(cache); }

ErrnoOr<VirtualAddress> Machine::Kmalloc(ByteCount size, GfpMask gfp) {
  return OrNoMemory(state_->kmalloc.Alloc(size, gfp, ObjectOwner::kCaller));
}

Machine::Reallocated Machine::Krealloc(VirtualAddress address, ByteCount size, GfpMask gfp) {
  const auto moved = state_->kmalloc.ReallocCallers(address, size, gfp);
  return {OrNoMemory(moved.address), moved.refusal};
}

std::optional<SlabRefusal> Machine::Kfree(VirtualAddress address) { return state_->kmalloc.FreeCallers(address); }

// --- Files

Errno Machine::Mknod(absl::string_view path, FileKind kind, ByteCount size) {
  state_->EnterKernel();
  return state_->files.Mknod(path, kind, size);
}

ErrnoOr<int> Machine::Open(Pid pid, absl::string_view path, std::uint32_t flags) {
  const SystemCall<system_call::kOpen> call(*state_, pid, path, flags, 0);
  return call.Run([&](const Caller& caller) -> ErrnoOr<int> {
    const ErrnoOr<OpenedDescriptor> opened = OpenDescriptor(state_->FilesOf(caller), path, flags);
    if (!opened.ok()) return opened.error();
    if (opened->cut.has_value()) state_->UnmapCutTail(*opened->cut);
    return opened->fd;
  });
}

Errno Machine::Close(Pid pid, int fd) {
  const SystemCall<system_call::kClose> call(*state_, pid, fd);
  return call.Run([&](const Caller& caller) { return CloseDescriptor(state_->FilesOf(caller), fd); });
}

ErrnoOr<int> Machine::Dup(Pid pid, int fd, std::optional<int> new_fd, int minimum_fd, std::uint32_t flags) {
  if (new_fd.has_value()) {
    const SystemCall<system_call::kDup3> call(*state_, pid, fd, *new_fd, flags);
    return call.Run([&](const Caller& caller) { return DuplicateOnto(state_->FilesOf(caller), fd, *new_fd, flags); });
  }
  const auto duplicate = [&](const Caller& caller) {
    return DuplicateDescriptor(state_->FilesOf(caller), fd, minimum_fd, flags);
  };
  if (minimum_fd == 0 && flags == 0) return SystemCall<system_call::kDup>(*state_, pid, fd).Run(duplicate);
  // F_DUPFD and F_DUPFD_CLOEXEC.
  const int command = flags == 0 ? 0 : 1030;
  return SystemCall<system_call::kFcntl>(*state_, pid, fd, command, minimum_fd).Run(duplicate);
}

Errno Machine::Ftruncate(Pid pid, int fd, ByteCount length) {
  const SystemCall<system_call::kFtruncate> call(*state_, pid, fd, length);
  return call.Run([&](const Caller& caller) {
    const ErrnoOr<std::optional<CutTail>> cut = TruncateDescriptor(state_->FilesOf(caller), fd, length);
    if (!cut.ok()) return cut.error();
    if (cut->has_value()) state_->UnmapCutTail(**cut);
    return Errno::kOk;
  });
}

ErrnoOr<ByteCount> Machine::Write(Pid pid, int fd, ByteCount length, std::optional<ByteCount> offset) {
  const auto write = [&](const Caller& caller) { return WriteDescriptor(state_->FilesOf(caller), fd, length, offset); };
  if (!offset.has_value()) return SystemCall<system_call::kWrite>(*state_, pid, fd, 0, length).Run(write);
  return SystemCall<system_call::kPwrite64>(*state_, pid, fd, 0, length, *offset).Run(write);
}

ErrnoOr<ByteCount> Machine::Lseek(Pid pid, int fd, std::int64_t offset, int whence) {
  const SystemCall<system_call::kLseek> call(*state_, pid, fd, offset, whence);
  return call.Run([&](const Caller& caller) { return SeekDescriptor(state_->FilesOf(caller), fd, offset, whence); });
}

Errno Machine::Unlink(absl::string_view path) {
  return SystemCallOfNobody<system_call::kUnlink>(
      *state_, [&] { return state_->files.Unlink(path); }, path);
}

Errno Machine::Rename(absl::string_view old_path, absl::string_view new_path) {
  return SystemCallOfNobody<system_call::kRename>(
      *state_, [&] { return state_->files.Rename(old_path, new_path); }, old_path, new_path);
}

// --- Looking in

std::optional<std::string> Machine::ReadProc(absl::string_view path) const {
  return memsim::ReadProc(state_->View(), path);
}

std::vector<CounterSample> Machine::ReadCounters() const { return memsim::ReadCounters(state_->View()); }

std::string Machine::StateDigest() const {
  Digest digest;
  state_->DigestTo(digest);
  return digest.ToHex();
}

ByteCount Machine::HostMemory() const { return state_->HostMemory(); }

bool Machine::TimersAreDueWithin(Nanoseconds time) const { return state_->next_look <= state_->cpus.now() + time; }

bool Machine::HasMemoryFor(PageCount pages) const {
  return state_->pages.free_pages() >= state_->pages.total_reserve_pages() + pages;
}

Nanoseconds Machine::now() const { return state_->cpus.now(); }

void Machine::CheckInvariants() const { state_->CheckInvariants(); }

// --- Events

void Machine::ListenTo(const TracepointSet& points) { state_->cpus.trace().Listen(points); }

bool Machine::EventsPress() const { return state_->cpus.trace().half_full(); }

TraceBatch Machine::TakeEvents() { return state_->cpus.trace().Take(); }

// --- The caller's books

Slots& Machine::slots() { return state_->slots; }

std::uint64_t Machine::sequence() const { return state_->sequence; }

void Machine::EndCall(absl::FunctionRef<void(Digest&)> add_answer) {
  state_->RunTimers();
  ++state_->sequence;
  state_->counters.Add(Counter::kCalls, 1);
  add_answer(state_->answers);
}

std::string Machine::AnswerDigest() const { return state_->answers.ToHex(); }

}  // namespace memsim
