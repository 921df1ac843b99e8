#include "client/replay/file_calls.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/replay/argument_reader.h"
#include "client/replay/descriptors.h"

namespace memsim::replay {
namespace {

constexpr std::int32_t kSeekCurrent = 1;
constexpr std::uint32_t kWriteOnly = 01;

// The path that the call's arguments name: path is argument index, and the directory argument before it, if the call
// has one.
std::string NamedPath(const TracedProcess& process, const TraceLine& line, std::size_t index, bool has_directory) {
  const std::string path = line.arguments.size() > index ? line.arguments[index].text : "";
  const std::string& from = has_directory ? line.arguments[index - 1].path : "";
  return TracedFiles::Resolve(from.empty() ? *process.directory : from, path);
}

// Opens what the line opened. Its result's path is the file, with every link resolved; without it, the argument's has
// to do.
void Open(ReplaySession& session, TracedProcess& process, const TraceLine& line, const std::string& named_path,
          std::uint64_t flags) {
  const std::string path = line.result.path.empty() ? named_path : TracedFiles::MachinePath(line.result.path);
  OpenAs(session, process, static_cast<int>(line.result.value), path, static_cast<std::uint32_t>(flags));
}

// The descriptor of a call that changes a plain file, open on the machine. nullopt: the file is none.
std::optional<int> PlainFile(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (line.arguments.empty()) return std::nullopt;
  const TraceValue& argument = line.arguments[0];
  std::string path = TracedFiles::MachinePath(argument.path);
  if (argument.path.empty()) {
    // A log without -y: what the machine has open there.
    const auto found = process.descriptors->find(static_cast<int>(argument.Number().value_or(~std::uint64_t{0})));
    if (found == process.descriptors->end()) return std::nullopt;
    path = found->second.path;
  }
  const v1::FileKind kind = session.files().KindOf(path);
  if (kind != v1::FILE_KIND_REGULAR && kind != v1::FILE_KIND_TMPFS) return std::nullopt;
  return UseDescriptor(session, process, argument);
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
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  EnsureFile(session, TracedFiles::MachinePath(path), size);
}

void TranslateOpen(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  ArgumentReader arguments(line);
  const std::uint64_t flags = arguments.Number(1);
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  Open(session, process, line, NamedPath(process, line, 0, /*has_directory=*/false), flags);
}

void TranslateOpenat(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  if (line.arguments.size() < 3) {
    session.NotUnderstood("openat has no flags");
    return;
  }
  // openat2 has them in a structure.
  const TraceValue* flags = line.arguments[2].Find("flags");
  const std::optional<std::uint64_t> number = (flags != nullptr ? *flags : line.arguments[2]).Number();
  if (!number.has_value()) {
    session.NotUnderstood("openat's flags are no number");
    return;
  }
  if (line.arguments[0].text == "AT_FDCWD" && !line.arguments[0].path.empty()) {
    *process.directory = line.arguments[0].path;
  }
  Open(session, process, line, NamedPath(process, line, 1, /*has_directory=*/true), *number);
}

void TranslateCreat(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  Open(session, process, line, NamedPath(process, line, 0, /*has_directory=*/false),
       kWriteOnly | kOpenCreate | kOpenTruncate);
}

void TranslateClose(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  // Also after EBADF: what the machine has open there, it should not have.
  ArgumentReader arguments(line);
  const int fd = static_cast<int>(arguments.Number(0));
  if (arguments.ok()) CloseDescriptor(session, process, fd);
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
  if (!line.result.Succeeded() || line.arguments.empty()) return;
  const std::optional<int> old_fd = UseDescriptor(session, process, line.arguments[0]);
  if (!old_fd.has_value()) return;
  ArgumentReader arguments(line);
  const bool close_on_exec = line.name == "dup3" && (arguments.NumberOr(2, 0) & kOpenCloseOnExec) != 0;
  DuplicateAs(session, process, *old_fd, static_cast<int>(line.result.value), close_on_exec);
}

void TranslateFcntl(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded() || line.arguments.size() < 2) return;
  const std::string& command = line.arguments[1].text;
  if (command == "F_DUPFD" || command == "F_DUPFD_CLOEXEC") {
    const std::optional<int> old_fd = UseDescriptor(session, process, line.arguments[0]);
    if (!old_fd.has_value()) return;
    DuplicateAs(session, process, *old_fd, static_cast<int>(line.result.value), command == "F_DUPFD_CLOEXEC");
  } else if (command == "F_SETFD" && line.arguments.size() > 2) {
    const auto found = process.descriptors->find(static_cast<int>(line.arguments[0].Number().value_or(~0U)));
    if (found == process.descriptors->end()) return;
    found->second.close_on_exec = (line.arguments[2].Number().value_or(0) & 1) != 0;
  }
}

void TranslateFtruncate(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  const std::optional<int> fd = PlainFile(session, process, line);
  ArgumentReader arguments(line);
  const std::uint64_t length = arguments.Number(1);
  if (!fd.has_value() || !arguments.ok()) return;
  v1::Call call;
  v1::FtruncateRequest& ftruncate = *call.mutable_ftruncate();
  ftruncate.set_pid(process.machine_pid);
  ftruncate.set_fd(*fd);
  ftruncate.set_length_bytes(length);
  session.Apply(std::move(call));
}

void TranslateTruncate(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  ArgumentReader arguments(line);
  const std::uint64_t length = arguments.Number(1);
  if (!arguments.ok()) {
    session.NotUnderstood(arguments.problem());
    return;
  }
  // By a descriptor that no line of the trace can show.
  constexpr int kSpareDescriptor = 1000;
  OpenAs(session, process, kSpareDescriptor, NamedPath(process, line, 0, /*has_directory=*/false), kOpenReadWrite);
  v1::Call call;
  v1::FtruncateRequest& ftruncate = *call.mutable_ftruncate();
  ftruncate.set_pid(process.machine_pid);
  ftruncate.set_fd(kSpareDescriptor);
  ftruncate.set_length_bytes(length);
  session.Apply(std::move(call));
  CloseDescriptor(session, process, kSpareDescriptor);
}

void TranslateWrite(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded() || line.result.value == 0) return;
  const std::optional<int> fd = PlainFile(session, process, line);
  if (!fd.has_value()) return;
  v1::Call call;
  v1::WriteRequest& write = *call.mutable_write();
  write.set_pid(process.machine_pid);
  write.set_fd(*fd);
  write.set_length_bytes(line.result.value);
  if (line.name == "pwrite64") {
    ArgumentReader arguments(line);
    write.set_offset_bytes(arguments.Number(3));
    if (!arguments.ok()) {
      session.NotUnderstood(arguments.problem());
      return;
    }
  }
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
  Unlink(session, NamedPath(process, line, 0, /*has_directory=*/false));
}

void TranslateUnlinkat(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded() || line.arguments.size() < 2) return;
  // A directory's end changes no memory.
  if (line.arguments.size() > 2 && line.arguments[2].text == "AT_REMOVEDIR") return;
  Unlink(session, NamedPath(process, line, 1, /*has_directory=*/true));
}

void TranslateRename(ReplaySession& session, TracedProcess& process, const TraceLine& line) {
  const bool has_directories = line.name != "rename";
  if (!line.result.Succeeded() || line.arguments.size() < (has_directories ? 4U : 2U)) return;
  const std::string old_path = NamedPath(process, line, has_directories ? 1 : 0, has_directories);
  const std::string new_path = NamedPath(process, line, has_directories ? 3 : 1, has_directories);
  if (!session.files().Has(old_path)) return;
  v1::Call call;
  call.mutable_rename()->set_old_path(old_path);
  call.mutable_rename()->set_new_path(new_path);
  session.Apply(std::move(call));
  session.files().Rename(old_path, new_path);
  session.processes().RenameFile(old_path, new_path);
}

void TranslateChdir(ReplaySession& /*session*/, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded()) return;
  *process.directory = NamedPath(process, line, 0, /*has_directory=*/false);
}

void TranslateFchdir(ReplaySession& /*session*/, TracedProcess& process, const TraceLine& line) {
  if (!line.result.Succeeded() || line.arguments.empty() || line.arguments[0].path.empty()) return;
  *process.directory = line.arguments[0].path;
}

}  // namespace memsim::replay
