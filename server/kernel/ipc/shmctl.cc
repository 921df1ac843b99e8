#include "server/kernel/ipc/shmctl.h"

namespace memsim {
namespace {

// shmctl_stat.
ErrnoOr<ShmctlResult> Stat(const ShmSegments& segments, const IpcCaller& caller, const ShmctlArguments& arguments) {
  const auto command = static_cast<ShmCommand>(arguments.command);
  const bool by_id = command == ShmCommand::kIpcStat;
  const ShmSegment* segment = by_id ? segments.Find(arguments.id) : segments.FindByIndex(arguments.id);
  if (segment == nullptr) return Errno::kInval;
  // SHM_STAT_ANY shows what everybody sees in /proc/sysvipc/shm.
  if (command != ShmCommand::kShmStatAny && !segment->permission.Permits(caller, 0444)) return Errno::kAcces;
  if (arguments.bad_buffer) return Errno::kFault;
  return ShmctlResult{by_id ? 0 : segment->permission.id, static_cast<const ShmidDs&>(*segment)};
}

ErrnoOr<ShmctlResult> ResultOf(Errno error) {
  if (error != Errno::kOk) return error;
  return ShmctlResult();
}

}  // namespace

ErrnoOr<ShmctlResult> Shmctl(ShmSegments& segments, const IpcCaller& caller, const ShmctlArguments& arguments) {
  if (arguments.command < 0 || arguments.id < 0) return Errno::kInval;
  switch (static_cast<ShmCommand>(arguments.command)) {
    case ShmCommand::kIpcInfo:
      if (arguments.bad_buffer) return Errno::kFault;
      return ShmctlResult{segments.highest_index(), ShmSegments::kLimits};
    case ShmCommand::kShmInfo:
      if (arguments.bad_buffer) return Errno::kFault;
      return ShmctlResult{segments.highest_index(), segments.usage()};
    case ShmCommand::kIpcStat:
    case ShmCommand::kShmStat:
    case ShmCommand::kShmStatAny:
      return Stat(segments, caller, arguments);
    case ShmCommand::kIpcSet:
      // Before the segment is looked for.
      if (arguments.bad_buffer) return Errno::kFault;
      return ResultOf(segments.Set(caller, arguments.id, arguments.uid, arguments.gid, arguments.mode));
    case ShmCommand::kIpcRemove:
      return ResultOf(segments.Remove(caller, arguments.id));
    case ShmCommand::kShmLock:
      return ResultOf(segments.Lock(caller, arguments.id));
    case ShmCommand::kShmUnlock:
      return ResultOf(segments.Unlock(caller, arguments.id));
  }
  return Errno::kInval;
}

}  // namespace memsim
