// The calls on files and descriptors.

#include "server/kernel/file/descriptor_calls.h"
#include "server/kernel/machine.h"
#include "server/kernel/machine_state.h"
#include "server/kernel/system_call.h"
#include "server/kernel/vm/punch_hole.h"

namespace memsim {

using Caller = MachineState::Caller;

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

ErrnoOr<int> Machine::MemfdCreate(Pid pid, std::optional<absl::string_view> name, std::uint32_t flags) {
  const SystemCall<system_call::kMemfdCreate> call(*state_, pid, name.value_or(""), flags);
  return call.Run([&](const Caller& caller) { return CreateMemfd(state_->FilesOf(caller), name, flags); });
}

ErrnoOr<std::uint64_t> Machine::Fcntl(Pid pid, int fd, int command, std::uint64_t argument) {
  using Result = ErrnoOr<std::uint64_t>;
  constexpr int kDuplicate = 0;
  constexpr int kDuplicateCloseOnExec = 1030;
  constexpr int kAddSeals = 1033;
  const SystemCall<system_call::kFcntl> call(*state_, pid, fd, command, argument);
  return call.Run([&](const Caller& caller) -> Result {
    const FileCaller files = state_->FilesOf(caller);
    if (command == kDuplicate || command == kDuplicateCloseOnExec) {
      const int minimum = argument > INT32_MAX ? -1 : static_cast<int>(argument);
      const ErrnoOr<int> copy =
          DuplicateDescriptor(files, fd, minimum, command == kDuplicate ? 0 : std::uint32_t{kOpenCloseOnExec});
      return copy.ok() ? Result(static_cast<std::uint64_t>(*copy)) : Result(copy.error());
    }
    if (command != kAddSeals) return ControlDescriptor(files, fd, command, argument);
    const Errno error = AddSeals(files, fd, static_cast<std::uint32_t>(argument),
                                 [this](InodeId inode) { return state_->file_mappings.HasWritable(inode); });
    return error == Errno::kOk ? Result(std::uint64_t{0}) : Result(error);
  });
}

Errno Machine::Fallocate(Pid pid, int fd, std::uint32_t mode, std::int64_t offset, std::int64_t length) {
  const SystemCall<system_call::kFallocate> call(*state_, pid, fd, mode, offset, length);
  return call.Run([&](const Caller& caller) {
    const ErrnoOr<std::optional<FileHole>> hole = AllocateRange(state_->FilesOf(caller), fd, mode, offset, length);
    if (!hole.ok()) return hole.error();
    if (!hole->has_value()) return Errno::kOk;
    PunchHole(state_->environment, (*hole)->inode, (*hole)->first(), (*hole)->past());
    state_->files.ZeroEdges(**hole);
    return Errno::kOk;
  });
}

ErrnoOr<CacheStat> Machine::Cachestat(Pid pid, const CachestatArguments& arguments) {
  const SystemCall<system_call::kCachestat> call(*state_, pid, arguments.fd,
                                                 arguments.range_address.value_or(VirtualAddress(0)),
                                                 arguments.stat_address.value_or(VirtualAddress(0)), arguments.flags);
  return call.Run([&](const Caller& caller) -> ErrnoOr<CacheStat> {
    const ErrnoOr<OpenFileId> file = FileOfDescriptor(state_->FilesOf(caller), arguments.fd);
    if (!file.ok()) return file.error();
    return memsim::Cachestat(caller.space, caller.memory, *file, arguments);
  });
}

ErrnoOr<ByteCount> Machine::Write(Pid pid, int fd, ByteCount length, std::optional<ByteCount> offset,
                                  absl::string_view data) {
  const auto write = [&](const Caller& caller) {
    return WriteDescriptor(state_->FilesOf(caller), fd, length, offset, data);
  };
  if (!offset.has_value()) return SystemCall<system_call::kWrite>(*state_, pid, fd, 0, length).Run(write);
  return SystemCall<system_call::kPwrite64>(*state_, pid, fd, 0, length, *offset).Run(write);
}

ErrnoOr<ByteCount> Machine::Read(Pid pid, int fd, absl::Span<char> bytes, std::optional<ByteCount> offset) {
  const ByteCount length(bytes.size());
  const auto read = [&](const Caller& caller) { return ReadDescriptor(state_->FilesOf(caller), fd, bytes, offset); };
  if (!offset.has_value()) return SystemCall<system_call::kRead>(*state_, pid, fd, 0, length).Run(read);
  return SystemCall<system_call::kPread64>(*state_, pid, fd, 0, length, *offset).Run(read);
}

ErrnoOr<ByteCount> Machine::Lseek(Pid pid, int fd, std::int64_t offset, int whence) {
  const SystemCall<system_call::kLseek> call(*state_, pid, fd, offset, whence);
  return call.Run([&](const Caller& caller) { return SeekDescriptor(state_->FilesOf(caller), fd, offset, whence); });
}

ErrnoOr<ByteCount> Machine::WriteProc(Pid pid, absl::string_view path, absl::string_view text) {
  // Of the open file that it is for so long nobody knows the descriptor.
  constexpr int kNoDescriptor = -1;
  const SystemCall<system_call::kWrite> call(*state_, pid, kNoDescriptor, 0, ByteCount(text.size()));
  return call.Run([&](const Caller& caller) -> ErrnoOr<ByteCount> {
    Sysctls sysctls = state_->sysctls;
    const auto taken = memsim::WriteProc(state_->View(), caller.task.credentials, path, text, sysctls, state_->tasks);
    if (taken.ok()) state_->SetSysctls(sysctls);
    return taken;
  });
}

Errno Machine::Unlink(absl::string_view path) {
  return SystemCallOfNobody<system_call::kUnlink>(
      *state_, [&] { return state_->files.Unlink(path); }, path);
}

Errno Machine::Rename(absl::string_view old_path, absl::string_view new_path) {
  return SystemCallOfNobody<system_call::kRename>(
      *state_, [&] { return state_->files.Rename(old_path, new_path); }, old_path, new_path);
}

}  // namespace memsim
