// The calls on address spaces, and the accesses of programs.

#include "server/kernel/file/descriptor_calls.h"
#include "server/kernel/machine.h"
#include "server/kernel/machine_state.h"
#include "server/kernel/system_call.h"
#include "server/kernel/vm/brk.h"
#include "server/kernel/vm/load_store.h"
#include "server/kernel/vm/madvise.h"
#include "server/kernel/vm/mbind.h"
#include "server/kernel/vm/mempolicy_calls.h"
#include "server/kernel/vm/mlock.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/mprotect.h"
#include "server/kernel/vm/mremap.h"
#include "server/kernel/vm/mseal.h"
#include "server/kernel/vm/msync.h"
#include "server/kernel/vm/munmap.h"
#include "server/kernel/vm/page_fault.h"
#include "server/kernel/vm/pkeys.h"
#include "server/kernel/vm/remap_file_pages.h"

namespace memsim {

using Caller = MachineState::Caller;

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

ErrnoOr<ByteCount> Machine::ProcessMadvise(Pid pid, Pid target, absl::Span<const AdvisedRange> ranges, int advice,
                                           std::uint64_t flags) {
  using Result = ErrnoOr<ByteCount>;
  const SystemCall<system_call::kProcessMadvise> call(*state_, pid, target, 0, ranges.size(), advice, flags);
  return call.Run([&](const Caller& caller) -> Result {
    constexpr std::size_t kMaxRanges = 1024;  // UIO_MAXIOV.
    if (flags != 0 || ranges.size() > kMaxRanges) return Errno::kInval;
    const Task* task = state_->tasks.FindAlive(target);
    if (task == nullptr) return Errno::kSrch;
    AddressSpace& space = state_->tasks.SpaceOf(*task);
    if (&space != &caller.space) {
      if (!MayAdviseOthers(advice)) return Errno::kInval;
      if (!caller.memory.capabilities.Has(Capability::kSysNice)) return Errno::kPerm;
    }
    ByteCount advised;
    for (const AdvisedRange& range : ranges) {
      const Errno error = memsim::Madvise(space, caller.memory, range.address, range.length, advice);
      // vector_madvise: what precedes an error counts.
      if (error != Errno::kOk && advised == ByteCount(0)) return error;
      if (error != Errno::kOk) break;
      advised += range.length;
    }
    return advised;
  });
}

Residency Machine::Mincore(Pid pid, VirtualAddress address, ByteCount length, std::optional<VirtualAddress> vec) {
  Residency residency;
  const SystemCall<system_call::kMincore> call(*state_, pid, address, length, vec.value_or(VirtualAddress(0)));
  residency.error = call.Run([&](const Caller& caller) {
    residency = memsim::Mincore(caller.space, caller.memory, address, length, vec);
    return residency.error;
  });
  return residency;
}

Errno Machine::Msync(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t flags) {
  const SystemCall<system_call::kMsync> call(*state_, pid, address, length, flags);
  return call.Run([&](const Caller& caller) { return memsim::Msync(caller.space, address, length, flags); });
}

Errno Machine::Mseal(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t flags) {
  const SystemCall<system_call::kMseal> call(*state_, pid, address, length, flags);
  return call.Run([&](const Caller& caller) { return memsim::Mseal(caller.space, address, length, flags); });
}

Errno Machine::RemapFilePages(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot, PageOffset pgoff,
                              std::uint64_t flags) {
  const SystemCall<system_call::kRemapFilePages> call(*state_, pid, address, length, prot, pgoff, flags);
  return call.Run([&](const Caller& caller) {
    return memsim::RemapFilePages(caller.space, caller.memory, {address, length, prot, pgoff, flags});
  });
}

ErrnoOr<std::uint64_t> Machine::PkeyAlloc(Pid pid, std::uint64_t flags, std::uint64_t rights) {
  const SystemCall<system_call::kPkeyAlloc> call(*state_, pid, flags, rights);
  return call.Run([&](const Caller& caller) { return memsim::PkeyAlloc(caller.space, caller.memory, flags, rights); });
}

Errno Machine::PkeyFree(Pid pid, std::int32_t key) {
  const SystemCall<system_call::kPkeyFree> call(*state_, pid, key);
  return call.Run([&](const Caller& caller) { return memsim::PkeyFree(caller.space, key); });
}

Errno Machine::PkeyMprotect(Pid pid, VirtualAddress address, ByteCount length, std::uint64_t prot, std::int32_t key) {
  const SystemCall<system_call::kPkeyMprotect> call(*state_, pid, address, length, prot, key);
  return call.Run([&](const Caller& caller) {
    return memsim::PkeyMprotect(caller.space, caller.memory, address, length, prot, key);
  });
}

Errno Machine::PkeySet(Pid pid, std::int32_t key, std::uint64_t rights) {
  Task* const task = state_->tasks.FindAlive(pid);
  if (task == nullptr) return Errno::kSrch;
  if (!IsProtectionKey(key) || (rights & ~std::uint64_t{kPkeyAccessMask}) != 0) return Errno::kInval;
  state_->Run(*task);
  state_->cpus.Charge(state_->costs.wrpkru);
  task->pkru.SetRights(static_cast<ProtectionKey>(key), static_cast<KeyRights>(rights));
  return Errno::kOk;
}

ErrnoOr<std::uint64_t> Machine::PkeyGet(Pid pid, std::int32_t key) {
  Task* const task = state_->tasks.FindAlive(pid);
  if (task == nullptr) return Errno::kSrch;
  if (!IsProtectionKey(key)) return Errno::kInval;
  state_->Run(*task);
  return std::uint64_t{task->pkru.RightsOf(static_cast<ProtectionKey>(key))};
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

Errno Machine::Mbind(Pid pid, const MbindArguments& arguments) {
  const SystemCall<system_call::kMbind> call(*state_, pid, arguments.address, arguments.length, arguments.mode,
                                             arguments.nodes.address.value_or(VirtualAddress(0)),
                                             arguments.nodes.maxnode, arguments.flags);
  return call.Run([&](const Caller& caller) { return memsim::Mbind(caller.space, caller.memory, arguments); });
}

Errno Machine::SetMempolicy(Pid pid, std::uint32_t mode, const NodeMaskArgument& nodes) {
  const SystemCall<system_call::kSetMempolicy> call(*state_, pid, mode, nodes.address.value_or(VirtualAddress(0)),
                                                    nodes.maxnode);
  return call.Run([&](const Caller& caller) {
    return memsim::SetMempolicy(caller.space, caller.memory, caller.task.mempolicy, mode, nodes);
  });
}

GetMempolicyResult Machine::GetMempolicy(Pid pid, const GetMempolicyArguments& arguments) {
  GetMempolicyResult result;
  const SystemCall<system_call::kGetMempolicy> call(*state_, pid, arguments.policy.value_or(VirtualAddress(0)),
                                                    arguments.nodemask.value_or(VirtualAddress(0)), arguments.maxnode,
                                                    arguments.address, arguments.flags);
  result.error = call.Run([&](const Caller& caller) {
    result = memsim::GetMempolicy(caller.space, caller.memory, caller.task.mempolicy, arguments);
    return result.error;
  });
  return result;
}

namespace {

// Makes a task's accesses: access(AddressSpace&, const VmCaller&, std::optional<Signal>&) goes on with them, and tells
// of the signal that ended them. ESRCH.
template <typename Access>
ErrnoOr<AccessResult> MakeAccesses(MachineState& state, Pid pid, Access access) {
  Task* const accessor = state.tasks.FindAlive(pid);
  if (accessor == nullptr) return Errno::kSrch;
  state.Run(*accessor);
  const FaultTally before = accessor->faults;
  AccessResult result;
  for (;;) {
    Task* const task = state.tasks.FindAlive(pid);
    const TouchStatus status = access(state.tasks.SpaceOf(*task), state.tasks.CallerOf(*task), result.signal);
    result.minor_faults = task->faults.minor_faults - before.minor_faults;
    result.major_faults = task->faults.major_faults - before.major_faults;
    if (status != TouchStatus::kOutOfMemory) return result;
    state.environment.Note(KernelFunction::kPagefaultOutOfMemory);
    // pagefault_out_of_memory: somebody dies, and unless it was who made the access it is tried again. Every round ends
    // a task, so there are no more rounds than tasks.
    if (!state.KillForMemory() || state.tasks.FindAlive(pid) == nullptr) {
      result.signal = Signal{SignalNumber::kKill, SignalCode::kUser, VirtualAddress(0)};
      return result;
    }
  }
}

// The same for a row of bytes.
template <typename Move>
ErrnoOr<TransferResult> MoveBytes(MachineState& state, Pid pid, VirtualAddress address, Move move) {
  TransferProgress progress;
  progress.next = address;
  const auto access = [&](AddressSpace& space, const VmCaller& caller, std::optional<Signal>& signal) {
    const TouchStatus status = move(space, caller, progress);
    signal = progress.signal;
    return status;
  };
  const ErrnoOr<AccessResult> result = MakeAccesses(state, pid, access);
  if (!result.ok()) return result.error();
  return TransferResult{progress.done, *result};
}

}  // namespace

ErrnoOr<AccessResult> Machine::Touch(Pid pid, VirtualAddress address, AccessKind access, PageCount pages) {
  TouchProgress progress;
  progress.next = address;
  progress.left = pages;
  progress.kind = access;
  return MakeAccesses(*state_, pid, [&](AddressSpace& space, const VmCaller& caller, std::optional<Signal>& signal) {
    const TouchStatus status = memsim::Touch(space, caller, progress);
    signal = progress.signal;
    return status;
  });
}

ErrnoOr<TransferResult> Machine::Load(Pid pid, VirtualAddress address, absl::Span<char> bytes) {
  return MoveBytes(*state_, pid, address,
                   [bytes](AddressSpace& space, const VmCaller& caller, TransferProgress& progress) {
                     return LoadBytes(space, caller, bytes, progress);
                   });
}

ErrnoOr<TransferResult> Machine::Store(Pid pid, VirtualAddress address, absl::string_view bytes) {
  return MoveBytes(*state_, pid, address,
                   [bytes](AddressSpace& space, const VmCaller& caller, TransferProgress& progress) {
                     return StoreBytes(space, caller, bytes, progress);
                   });
}

}  // namespace memsim
