#include "client/replay/file_calls.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "client/library/json_text.h"
#include "client/replay/answer_text.h"
#include "client/replay/argument_reader.h"
#include "client/replay/compare_result.h"
#include "client/replay/descriptors.h"

namespace memsim::replay {
namespace {

constexpr std::int32_t kSeekCurrent = 1;
// memfd_create(2)'s MFD_CLOEXEC.
constexpr std::uint32_t kMemfdCloseOnExec = 1;
constexpr std::uint32_t kWriteOnly = 01;
// fcntl(2)'s F_SETFD, and FD_CLOEXEC.
constexpr std::uint64_t kSetDescriptorFlags = 2;
constexpr std::uint64_t kCloseOnExecFlag = 1;
// unlinkat(2)'s AT_REMOVEDIR.
constexpr std::uint64_t kRemoveDirectory = 0x200;
// renameat2(2)'s RENAME_NOREPLACE: of a call that succeeded, it says nothing more.
constexpr std::uint64_t kNoReplace = 1;

// Whether all arguments were understood; if not, neither is the line.
bool Understood(ReplaySession& session, const ArgumentReader& arguments) {
  if (!arguments.ok()) session.NotUnderstood(arguments.problem());
  return arguments.ok();
}

// The path that the call's arguments name: path is argument index, and the directory argument before it, if the call
// has one. nullopt: it is none, and the line is not understood.
std::optional<std::string> NamedPath(ReplaySession& session, const TracedProcess& process, const TraceLine& line,
                                     std::size_t index, bool has_directory) {
  ArgumentReader arguments(line);
  const std::string path = arguments.String(index);
  if (!Understood(session, arguments)) return std::nullopt;
  const std::string& from = has_directory ? line.arguments[index - 1].path : "";
  return TracedFiles::Resolve(from.empty() ? *process.directory : from, path);
}

// Opens what the line opened. Its result's path is the file, with every link resolved; without it, the argument at
// index has to do.
void Open(ReplaySession& session, TracedProcess& process, const TraceLine& line, std::size_t index, bool has_directory,
          std::uint64_t flags) {
  std::optional<std::string> path = TracedFiles::MachinePath(line.result.path);
  if (line.result.path.empty()) path = NamedPath(session, process, line, index, has_directory);
  if (!path.has_value()) return;
  OpenAs(session, process, static_cast<int>(line.result.value), *path, static_cast<std::uint32_t>(flags));
}

// The descriptor of a call that changes a plain file, open on the machine. nullopt: there is nothing to change, as the
// file is none; or the line is not understood or skipped.
std::optional<int> PlainFile(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const int fd = static_cast<int>(arguments.Number(0));
  if (!Understood(session, arguments)) return std::nullopt;
  const TraceValue& argument = line.arguments[0];
  std::string path = TracedFiles::MachinePath(argument.path);
  if (argument.path.empty()) {
    // A log without -y: what the machine has open there.
    const auto found = process.descriptors->find(fd);
    if (found == process.descriptors->end()) {
      session.Skip(absl::StrCat("nothing tells what descriptor ", fd, " is"));
      return std::nullopt;
    }
    path = found->second.path;
  }
  const v1::FileKind kind = session.files().KindOf(path);
  if (kind != v1::FILE_KIND_REGULAR && kind != v1::FILE_KIND_TMPFS) return std::nullopt;
  return UseDescriptor(session, process, argument);
}

// The call that cuts or lengthens an open file.
v1::Call Ftruncate(const TracedProcess& process, int fd, std::uint64_t length) {
  v1::Call call;
  v1::FtruncateRequest& ftruncate = *call.mutable_ftruncate();
  ftruncate.set_pid(process.machine_pid);
  ftruncate.set_fd(fd);
  ftruncate.set_length_bytes(length);
  return call;
}

void Unlink(ReplaySession& session, const std::string& path) {
  // A name that the machine never had is that of a link or of a file that nobody opens.
  if (!session.files().Has(path)) return;
  v1::Call call;
  call.mutable_unlink()->set_path(path);
  session.Apply(std::move(call));
  session.files().Remove(path);
}

}  // namespace

void TranslateFile(ReplaySession& session, TracedProcess& /*process*/, const TraceLine& line) {
  ArgumentReader arguments(line);
  const std::string path = arguments.String(0);
  const std::uint64_t size = arguments.Number(1);
  if (Understood(session, arguments)) EnsureFile(session, TracedFiles::MachinePath(path), size);
}

void TranslateOpen(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  const bool has_directory = line.name != "open";
  const std::optional<std::uint64_t> flags = TracedFiles::OpenFlags(line);
  if (!flags.has_value()) {
    session.NotUnderstood(absl::StrCat("the flags of ", line.name, " are no number"));
    return;
  }
  if (has_directory && TracedFiles::IsWorkingDirectory(line.arguments[0]) && !line.arguments[0].path.empty()) {
    *process.directory = line.arguments[0].path;
  }
  Open(session, process, line, has_directory ? 1 : 0, has_directory, *flags);
}

void TranslateCreat(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  Open(session, process, line, 0, /*has_directory=*/false, kWriteOnly | kOpenCreate | kOpenTruncate);
}

// Of an strace that does not know the call: cachestat(0x3, range, stat, 0), with two addresses. The range that stands
// there is not told: the whole file is asked for, which changes nothing.
void TranslateCachestat(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  v1::Call call;
  v1::CachestatRequest& cachestat = *call.mutable_cachestat();
  cachestat.set_pid(process.machine_pid);
  cachestat.set_fd(static_cast<std::int32_t>(arguments.Number(0)));
  const TraceValue* range = arguments.Find(1);
  if (range != nullptr && range->kind == TraceValue::Kind::kStruct) {
    const TraceValue* offset = range->Find("off");
    const TraceValue* length = range->Find("len");
    if (offset != nullptr) cachestat.set_offset_bytes(offset->Number().value_or(0));
    if (length != nullptr) cachestat.set_length_bytes(length->Number().value_or(0));
  } else {
    cachestat.set_range_address(arguments.Number(1));
  }
  const TraceValue* stat = arguments.Find(2);
  if (stat == nullptr || stat->kind != TraceValue::Kind::kStruct) cachestat.set_stat_address(arguments.Number(2));
  cachestat.set_flags(static_cast<std::uint32_t>(arguments.Number(3)));
  CompareResult(session, arguments, line, std::move(call));
}

void TranslateClose(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  // Also after EBADF: what the machine has open there, it should not have.
  ArgumentReader arguments(line);
  const int fd = static_cast<int>(arguments.Number(0));
  if (Understood(session, arguments)) CloseDescriptor(session, process, fd);
}

void TranslateCloseRange(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const std::uint64_t first = arguments.Number(0);
  const std::uint64_t last = arguments.Number(1);
  const bool on_exec_only = arguments.NumberOr(2, 0) != 0;
  if (!arguments.ok() || !line.result.Succeeded()) return;
  std::vector<int> closing;
  for (auto& [fd, descriptor] : *process.descriptors) {
    if (static_cast<std::uint64_t>(fd) < first || static_cast<std::uint64_t>(fd) > last) continue;
    if (on_exec_only) {
      descriptor.close_on_exec = true;
    } else {
      closing.push_back(fd);
    }
  }
  for (const int fd : closing) CloseDescriptor(session, process, fd);
}

void TranslateDup(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  ArgumentReader arguments(line);
  arguments.Number(0);
  const bool close_on_exec = line.name == "dup3" && (arguments.NumberOr(2, 0) & kOpenCloseOnExec) != 0;
  if (!Understood(session, arguments)) return;
  const std::optional<int> old_fd = UseDescriptor(session, process, line.arguments[0]);
  if (!old_fd.has_value()) return;
  DuplicateAs(session, process, *old_fd, static_cast<int>(line.result.value), close_on_exec);
}

void TranslateFcntlDuplicate(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  const std::optional<int> old_fd = UseDescriptor(session, process, line.arguments[0]);
  if (!old_fd.has_value()) return;
  const bool close_on_exec = line.arguments[1].Number() == kDuplicateDescriptorCloseOnExec;
  DuplicateAs(session, process, *old_fd, static_cast<int>(line.result.value), close_on_exec);
}

void TranslateMemfdCreate(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const TraceValue* name = arguments.Find(0);
  v1::Call call;
  v1::MemfdCreateRequest& memfd = *call.mutable_memfd_create();
  memfd.set_pid(process.machine_pid);
  memfd.set_flags(static_cast<std::uint32_t>(arguments.Number(1)));
  if (!Understood(session, arguments)) return;
  // What strace does not show as a string is NULL, or points to nowhere.
  if (name->kind == TraceValue::Kind::kString) memfd.set_name(client::SpellOutBytes(name->text));
  const std::optional<v1::Answer> answer = session.Ask(call);
  if (!answer.has_value()) return;
  constexpr int kNotSimulated = 38;
  if (answer->error_number() == kNotSimulated) return session.Skip("machines have no files of huge pages");
  if (!line.result.Succeeded() || answer->error_number() != 0) {
    return session.CompareTexts(KernelResultText(line.result), ResultText(*answer));
  }
  // Descriptors that the machine chooses are matched one to one: it is moved to the one in the trace.
  const bool close_on_exec = (memfd.flags() & kMemfdCloseOnExec) != 0;
  Adopt(session, process, static_cast<int>(answer->value()), static_cast<int>(line.result.value),
        {TracedFiles::MachinePath(line.result.path.empty() ? absl::StrCat("/memfd:", memfd.name()) : line.result.path),
         close_on_exec});
  session.CompareTexts("a descriptor", "a descriptor");
}

void TranslateFcntlSeals(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  constexpr std::uint64_t kAddSeals = 1033;
  ArgumentReader arguments(line);
  v1::Call call;
  v1::FcntlRequest& fcntl = *call.mutable_fcntl();
  fcntl.set_pid(process.machine_pid);
  fcntl.set_fd(static_cast<std::int32_t>(arguments.Number(0)));
  fcntl.set_command(static_cast<std::int32_t>(arguments.Number(1)));
  fcntl.set_argument(arguments.NumberOr(2, 0));
  if (!Understood(session, arguments)) return;
  // What failed changed nothing, and asking does not either.
  if (!line.result.Succeeded() || arguments.Number(1) != kAddSeals) return;
  session.Apply(std::move(call));
}

void TranslateFallocate(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  ArgumentReader arguments(line);
  v1::Call call;
  v1::FallocateRequest& fallocate = *call.mutable_fallocate();
  fallocate.set_pid(process.machine_pid);
  fallocate.set_mode(static_cast<std::uint32_t>(arguments.Number(1)));
  fallocate.set_offset_bytes(static_cast<std::int64_t>(arguments.Number(2)));
  fallocate.set_length_bytes(static_cast<std::int64_t>(arguments.Number(3)));
  if (!Understood(session, arguments)) return;
  const std::optional<int> fd = PlainFile(session, process, line);
  if (!fd.has_value()) return;
  fallocate.set_fd(*fd);
  session.Apply(std::move(call));
}

void TranslateFcntl(ReplaySession& /*session*/, TracedProcess& process, const TraceLine& line) {
  ArgumentReader arguments(line);
  const int fd = static_cast<int>(arguments.Number(0));
  const std::uint64_t operation = arguments.Number(1);
  const std::uint64_t flags = arguments.NumberOr(2, 0);
  if (!line.result.Succeeded() || !arguments.ok() || operation != kSetDescriptorFlags) return;
  const auto found = process.descriptors->find(fd);
  if (found != process.descriptors->end()) found->second.close_on_exec = (flags & kCloseOnExecFlag) != 0;
}

void TranslateFtruncate(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  ArgumentReader arguments(line);
  const std::uint64_t length = arguments.Number(1);
  if (!Understood(session, arguments)) return;
  const std::optional<int> fd = PlainFile(session, process, line);
  if (fd.has_value()) session.Apply(Ftruncate(process, *fd, length));
}

void TranslateTruncate(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  ArgumentReader arguments(line);
  const std::uint64_t length = arguments.Number(1);
  if (!Understood(session, arguments)) return;
  const std::optional<std::string> path = NamedPath(session, process, line, 0, /*has_directory=*/false);
  if (!path.has_value()) return;
  // The machine cuts what is open; the number that it chooses is free in the trace too, and soon again.
  const std::optional<int> fd = OpenAnywhere(session, process, *path, kOpenReadWrite);
  if (!fd.has_value()) return;
  session.Apply(Ftruncate(process, *fd, length));
  v1::Call close;
  close.mutable_close()->set_pid(process.machine_pid);
  close.mutable_close()->set_fd(*fd);
  session.Prepare(std::move(close));
}

namespace {

// Whether the line writes to a sysctl that the machine has, and which follows it then. Of others nothing is known.
bool WroteSysctl(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (line.arguments.empty() || !absl::StartsWith(line.arguments[0].path, "/proc/sys/vm/")) return false;
  const std::string& path = line.arguments[0].path;
  if (!session.TryReadProc(path).has_value()) return false;
  ArgumentReader arguments(line);
  v1::Call call;
  v1::WriteProcRequest& write = *call.mutable_write_proc();
  write.set_pid(process.machine_pid);
  write.set_path(path);
  write.set_text(arguments.String(1));
  if (Understood(session, arguments)) session.Apply(std::move(call));
  return true;
}

}  // namespace

void TranslateWrite(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded() || line.result.value == 0 || WroteSysctl(session, process, line)) return;
  v1::Call call;
  v1::WriteRequest& write = *call.mutable_write();
  if (line.name == "pwrite64") {
    ArgumentReader arguments(line);
    write.set_offset_bytes(arguments.Number(3));
    if (!Understood(session, arguments)) return;
  }
  const std::optional<int> fd = PlainFile(session, process, line);
  if (!fd.has_value()) return;
  write.set_pid(process.machine_pid);
  write.set_fd(*fd);
  write.set_length_bytes(line.result.value);
  session.Apply(std::move(call));
}

void TranslateRead(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded() || line.result.value == 0) return;
  const std::optional<int> fd = PlainFile(session, process, line);
  if (!fd.has_value()) return;
  v1::Call call;
  v1::LseekRequest& lseek = *call.mutable_lseek();
  lseek.set_pid(process.machine_pid);
  lseek.set_fd(*fd);
  lseek.set_offset_bytes(static_cast<std::int64_t>(line.result.value));
  lseek.set_whence(kSeekCurrent);
  session.Prepare(std::move(call));
}

void TranslateLseek(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  const std::optional<int> fd = PlainFile(session, process, line);
  if (!fd.has_value()) return;
  // To where the kernel arrived: SEEK_DATA, and the end of a file that only the kernel knows, are then right too.
  v1::Call call;
  v1::LseekRequest& lseek = *call.mutable_lseek();
  lseek.set_pid(process.machine_pid);
  lseek.set_fd(*fd);
  lseek.set_offset_bytes(static_cast<std::int64_t>(line.result.value));
  session.Apply(std::move(call));
}

void TranslateUnlink(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  const std::optional<std::string> path = NamedPath(session, process, line, 0, /*has_directory=*/false);
  if (path.has_value()) Unlink(session, *path);
}

void TranslateUnlinkat(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  ArgumentReader arguments(line);
  const std::uint64_t flags = arguments.NumberOr(2, 0);
  if (!Understood(session, arguments)) return;
  const std::optional<std::string> path = NamedPath(session, process, line, 1, /*has_directory=*/true);
  // A directory's end changes no memory.
  if (path.has_value() && (flags & kRemoveDirectory) == 0) Unlink(session, *path);
}

void TranslateRename(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  const bool has_directories = line.name != "rename";
  const std::optional<std::string> old_path =
      NamedPath(session, process, line, has_directories ? 1 : 0, has_directories);
  const std::optional<std::string> new_path =
      NamedPath(session, process, line, has_directories ? 3 : 1, has_directories);
  if (!old_path.has_value() || !new_path.has_value()) return;
  if (line.arguments.size() > 4) {
    const TraceValue& flags = line.arguments[4];
    if (flags.text != "RENAME_NOREPLACE" && flags.Number().value_or(kNoReplace + 1) > kNoReplace) {
      session.Skip(absl::StrCat("machines have no rename with ", flags.text));
      return;
    }
  }
  if (!session.files().Has(*old_path)) {
    session.Skip(absl::StrCat("the machine has no ", *old_path));
    return;
  }
  v1::Call call;
  call.mutable_rename()->set_old_path(*old_path);
  call.mutable_rename()->set_new_path(*new_path);
  session.Apply(std::move(call));
  session.files().Rename(*old_path, *new_path);
  session.processes().RenameFile(*old_path, *new_path);
}

void TranslateChdir(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  const std::optional<std::string> path = NamedPath(session, process, line, 0, /*has_directory=*/false);
  if (path.has_value()) *process.directory = *path;
}

void TranslateFchdir(ReplaySession& /*session*/, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded() || line.arguments.empty() || line.arguments[0].path.empty()) return;
  *process.directory = line.arguments[0].path;
}

}  // namespace memsim::replay
