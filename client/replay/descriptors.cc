#include "client/replay/descriptors.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace memsim::replay {
namespace {

// EEXIST.
constexpr int kExists = 17;

// The machine makes files with Mknod, which knows their kinds; and only a plain file has a size to cut.
std::uint32_t MachineFlags(v1::FileKind kind, std::uint32_t flags) {
  flags &= ~(kOpenCreate | kOpenExclusive);
  return kind == v1::FILE_KIND_REGULAR || kind == v1::FILE_KIND_TMPFS ? flags : flags & ~kOpenTruncate;
}

// Makes the machine's fd a copy of its old_fd. false: it refuses, and the line is skipped.
bool CopyDescriptor(ReplaySession& session, const TracedProcess& process, int old_fd, int fd, bool close_on_exec) {
  v1::Call call;
  v1::DupRequest& dup = *call.mutable_dup();
  dup.set_pid(process.machine_pid);
  dup.set_fd(old_fd);
  dup.set_new_fd(fd);
  if (close_on_exec) dup.set_flags(kOpenCloseOnExec);
  // Asked for at once: a number above the machine's limit must not be taken for open.
  return session.Demand(call, "dup").has_value();
}

}  // namespace

void EnsureFile(ReplaySession& session, const std::string& path, std::uint64_t size) {
  if (session.files().Has(path)) return;
  v1::Call call;
  v1::MknodRequest& mknod = *call.mutable_mknod();
  mknod.set_path(path);
  mknod.set_kind(session.files().KindOf(path));
  const bool sized = mknod.kind() == v1::FILE_KIND_REGULAR || mknod.kind() == v1::FILE_KIND_TMPFS;
  if (sized) mknod.set_size_bytes(size);
  // A machine that is used again may have it already.
  session.Apply(std::move(call), kExists);
  session.files().Add(path);
}

std::optional<int> OpenAnywhere(ReplaySession& session, TracedProcess& process, const std::string& path,
                                std::uint32_t flags) {
  // A file that this call makes is empty, also where an earlier replay left one on the machine; one that was there and
  // is not told has the size that it must have.
  const bool makes = (flags & kOpenCreate) != 0 && !session.files().Has(path);
  if (makes && (flags & kOpenAccessMode) != 0) flags |= kOpenTruncate;
  EnsureFile(session, path, (flags & kOpenCreate) != 0 ? 0 : session.files().LeastSize(path));
  v1::Call call;
  v1::OpenRequest& open = *call.mutable_open();
  open.set_pid(process.machine_pid);
  open.set_path(path);
  open.set_flags(MachineFlags(session.files().KindOf(path), flags));
  const std::optional<std::uint64_t> opened = session.Demand(call, "open");
  return opened.has_value() ? std::optional<int>(static_cast<int>(*opened)) : std::nullopt;
}

bool OpenAs(ReplaySession& session, TracedProcess& process, int fd, const std::string& path, std::uint32_t flags) {
  const std::optional<int> opened = OpenAnywhere(session, process, path, flags);
  return opened.has_value() && Adopt(session, process, *opened, fd, {path, (flags & kOpenCloseOnExec) != 0});
}

bool Adopt(ReplaySession& session, TracedProcess& process, int chosen, int fd, TracedDescriptor descriptor) {
  if (chosen != fd) {
    const bool moved = CopyDescriptor(session, process, chosen, fd, descriptor.close_on_exec);
    v1::Call close;
    close.mutable_close()->set_pid(process.machine_pid);
    close.mutable_close()->set_fd(chosen);
    session.Prepare(std::move(close));
    if (!moved) return false;
  }
  (*process.descriptors)[fd] = std::move(descriptor);
  return true;
}

std::optional<int> UseDescriptor(ReplaySession& session, TracedProcess& process, const TraceValue& argument) {
  const std::optional<std::uint64_t> number = argument.Number();
  if (!number.has_value()) {
    session.NotUnderstood("no descriptor stands where one is expected");
    return std::nullopt;
  }
  const int fd = static_cast<int>(*number);
  const auto found = process.descriptors->find(fd);
  if (argument.path.empty()) return fd;
  const std::string path = TracedFiles::MachinePath(argument.path);
  const bool is_open = found != process.descriptors->end() && found->second.path == path;
  if (!is_open && !OpenAs(session, process, fd, path, kOpenReadWrite)) return std::nullopt;
  return fd;
}

void DuplicateAs(ReplaySession& session, TracedProcess& process, int old_fd, int fd, bool close_on_exec) {
  const auto found = process.descriptors->find(old_fd);
  if (found == process.descriptors->end()) {
    session.Skip(absl::StrCat("nothing tells what descriptor ", old_fd, " is"));
    return;
  }
  if (old_fd == fd) return;
  const std::string path = found->second.path;
  if (CopyDescriptor(session, process, old_fd, fd, close_on_exec)) (*process.descriptors)[fd] = {path, close_on_exec};
}

void CloseDescriptor(ReplaySession& session, TracedProcess& process, int fd) {
  if (process.descriptors->erase(fd) == 0) return;
  v1::Call call;
  call.mutable_close()->set_pid(process.machine_pid);
  call.mutable_close()->set_fd(fd);
  session.Apply(std::move(call));
}

void CloseOnExec(ReplaySession& session, TracedProcess& process) {
  std::vector<int> closing;
  for (const auto& [fd, descriptor] : *process.descriptors) {
    if (descriptor.close_on_exec) closing.push_back(fd);
  }
  for (const int fd : closing) CloseDescriptor(session, process, fd);
}

}  // namespace memsim::replay
