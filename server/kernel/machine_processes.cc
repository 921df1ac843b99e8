// The calls of processes: their lives, their limits, and who they are.

#include <utility>

#include "server/kernel/machine.h"
#include "server/kernel/machine_state.h"
#include "server/kernel/process/prctl.h"
#include "server/kernel/system_call.h"

namespace memsim {

using Caller = MachineState::Caller;

namespace {

// (uid_t) -1: it stays as it is.
std::uint32_t IdArgument(NewId id) { return id.value_or(kInvalidId); }

}  // namespace

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

Errno Machine::Exit(Pid pid, int status) {
  return SystemCall<system_call::kExit>(*state_, pid, status).Run([&](const Caller& /*caller*/) {
    return state_->tasks.Exit(pid, (status & 0xff) << 8);
  });
}

ErrnoOr<std::uint64_t> Machine::SetPersonality(Pid pid, std::uint32_t personality) {
  const SystemCall<system_call::kPersonality> call(*state_, pid, personality);
  return call.Run([&](const Caller& caller) -> ErrnoOr<std::uint64_t> {
    const Personality old = caller.task.personality;
    if (personality != kAskPersonality) caller.task.personality = personality;
    return old;
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

}  // namespace memsim
