#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

#include "server/calls/operation_runners.h"

namespace memsim {
namespace {

std::optional<FileKind> ReadKind(CallFrame& frame, v1::FileKind kind) {
  switch (kind) {
    case v1::FILE_KIND_UNSPECIFIED:
    case v1::FILE_KIND_REGULAR:
      return FileKind::kRegular;
    case v1::FILE_KIND_DIRECTORY:
      return FileKind::kDirectory;
    case v1::FILE_KIND_DEVICE:
      return FileKind::kDevice;
    case v1::FILE_KIND_ZERO_DEVICE:
      return FileKind::kZeroDevice;
    case v1::FILE_KIND_PROC:
      return FileKind::kProc;
    case v1::FILE_KIND_PIPE:
      return FileKind::kPipe;
    case v1::FILE_KIND_TMPFS:
      return FileKind::kTmpfs;
    default:
      frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                   absl::StrCat("kind is ", static_cast<int>(kind), ", which is no FileKind"));
      return std::nullopt;
  }
}

}  // namespace

void RunOperation(CallFrame& frame, const v1::MknodRequest& request) {
  const std::optional<FileKind> kind = ReadKind(frame, request.kind());
  if (!kind.has_value()) return;
  frame.Finish(frame.machine().Mknod(request.path(), *kind, ByteCount(request.size_bytes())));
}

void RunOperation(CallFrame& frame, const v1::OpenRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Open(pid, request.path(), request.flags()));
}

void RunOperation(CallFrame& frame, const v1::CloseRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Close(pid, request.fd()));
}

void RunOperation(CallFrame& frame, const v1::DupRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  const std::optional<int> new_fd = request.has_new_fd() ? std::optional<int>(request.new_fd()) : std::nullopt;
  frame.Finish(frame.machine().Dup(pid, request.fd(), new_fd, request.minimum_fd(), request.flags()));
}

void RunOperation(CallFrame& frame, const v1::FtruncateRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Ftruncate(pid, request.fd(), ByteCount(request.length_bytes())));
}

void RunOperation(CallFrame& frame, const v1::WriteRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  frame.CheckTransfer("data", request.data().size());
  if (request.length_bytes() != 0 && request.data().size() > request.length_bytes()) {
    frame.Refuse(v1::ERROR_REASON_FIELD_INVALID,
                 absl::StrCat("data is ", request.data().size(), " bytes, more than length_bytes, which is ",
                              request.length_bytes(), "; leave that out"));
  }
  if (frame.refused()) return;
  std::optional<ByteCount> offset;
  if (request.has_offset_bytes()) offset = ByteCount(request.offset_bytes());
  const std::uint64_t length = request.length_bytes() == 0 ? request.data().size() : request.length_bytes();
  frame.Finish(frame.machine().Write(pid, request.fd(), ByteCount(length), offset, request.data()));
}

void RunOperation(CallFrame& frame, const v1::ReadRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  frame.CheckTransfer("length_bytes", request.length_bytes());
  if (frame.refused()) return;
  std::optional<ByteCount> offset;
  if (request.has_offset_bytes()) offset = ByteCount(request.offset_bytes());
  std::string bytes(request.length_bytes(), '\0');
  const ErrnoOr<ByteCount> count = frame.machine().Read(pid, request.fd(), absl::MakeSpan(bytes), offset);
  frame.Finish(count);
  if (!count.ok() || *count == ByteCount(0)) return;
  bytes.resize(count->value());
  frame.answer().mutable_loaded()->set_data(std::move(bytes));
}

void RunOperation(CallFrame& frame, const v1::LseekRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Lseek(pid, request.fd(), request.offset_bytes(), request.whence()));
}

void RunOperation(CallFrame& frame, const v1::UnlinkRequest& request) {
  frame.Finish(frame.machine().Unlink(request.path()));
}

void RunOperation(CallFrame& frame, const v1::RenameRequest& request) {
  frame.Finish(frame.machine().Rename(request.old_path(), request.new_path()));
}

void RunOperation(CallFrame& frame, const v1::WriteProcRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().WriteProc(pid, request.path(), request.text()));
}

void RunOperation(CallFrame& frame, const v1::MemfdCreateRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  std::optional<absl::string_view> name;
  if (request.has_name()) name = request.name();
  frame.Finish(frame.machine().MemfdCreate(pid, name, request.flags()));
}

void RunOperation(CallFrame& frame, const v1::FcntlRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(frame.machine().Fcntl(pid, request.fd(), request.command(), request.argument()));
}

void RunOperation(CallFrame& frame, const v1::CachestatRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  CachestatArguments arguments;
  arguments.fd = request.fd();
  arguments.offset = ByteCount(request.offset_bytes());
  arguments.length = ByteCount(request.length_bytes());
  arguments.flags = request.flags();
  if (request.has_range_address()) arguments.range_address = VirtualAddress(request.range_address());
  if (request.has_stat_address()) arguments.stat_address = VirtualAddress(request.stat_address());
  const ErrnoOr<CacheStat> stat = frame.machine().Cachestat(pid, arguments);
  if (!stat.ok()) return frame.Finish(stat.error());
  frame.answer().mutable_cache_stat()->set_nr_cache(stat->cached);
  frame.answer().mutable_cache_stat()->set_nr_dirty(stat->dirty);
}

void RunOperation(CallFrame& frame, const v1::FallocateRequest& request) {
  const Pid pid = frame.ReadPid("pid", request.pid(), request.pid_slot());
  if (frame.refused()) return;
  frame.Finish(
      frame.machine().Fallocate(pid, request.fd(), request.mode(), request.offset_bytes(), request.length_bytes()));
}

}  // namespace memsim
