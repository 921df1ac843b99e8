#include "tests/model/slow_files.h"

#include <algorithm>
#include <utility>

namespace memsim {
namespace {

Errno CheckPath(const std::string& path) { return path.empty() || path[0] != '/' ? Errno::kNoEnt : Errno::kOk; }

int LowestFree(const SlowTable& table) {
  int fd = 0;
  while (table.count(fd) != 0) ++fd;
  return fd;
}

std::uint64_t MaxSize(const SlowInode& inode) {
  return inode.kind == FileKind::kRegular ? ((1ULL << 32) - 1) << 12 : static_cast<std::uint64_t>(INT64_MAX);
}

}  // namespace

void PutBytes(SlowBytes& bytes, std::uint64_t place, std::uint64_t length, const std::string& text) {
  bytes.erase(bytes.lower_bound(place), bytes.lower_bound(place + length));
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(length, text.size()); ++i) {
    if (text[i] != 0) bytes[place + i] = text[i];
  }
}

std::string GetBytes(const SlowBytes& bytes, std::uint64_t place, std::uint64_t length) {
  std::string text(length, '\0');
  for (auto it = bytes.lower_bound(place); it != bytes.end() && it->first < place + length; ++it) {
    text[it->first - place] = it->second;
  }
  return text;
}

SlowInodeRef SlowFiles::Find(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? nullptr : found->second;
}

SlowInodeRef SlowFiles::Make(const std::string& path, FileKind kind, std::uint64_t size) {
  auto inode = std::make_shared<SlowInode>();
  inode->kind = kind;
  inode->size = size;
  inode->name = path;
  inode->linked = true;
  names_[path] = inode;
  return inode;
}

Errno SlowFiles::Mknod(const std::string& path, FileKind kind, std::uint64_t size) {
  if (kind == FileKind::kSharedAnonymous) return Errno::kInval;
  if (const Errno error = CheckPath(path); error != Errno::kOk) return error;
  if (Find(path) != nullptr) return Errno::kExist;
  const bool sized = kind == FileKind::kRegular || kind == FileKind::kTmpfs;
  Make(path, kind, sized ? size : 0);
  return Errno::kOk;
}

SlowAnswer SlowFiles::Open(SlowTable& table, std::uint64_t limit, const std::string& path, std::uint32_t flags) {
  if (path.empty()) return {Errno::kNoEnt};
  const int fd = LowestFree(table);
  if (static_cast<std::uint64_t>(fd) >= limit) return {Errno::kMFile};
  if ((flags & kOpenPath) != 0) flags &= kOpenPath | kOpenDirectory | kOpenCloseOnExec;
  if (const Errno error = CheckPath(path); error != Errno::kOk) return {error};
  SlowInodeRef inode = Find(path);
  const bool create = (flags & kOpenCreate) != 0;
  if (inode == nullptr && !create) return {Errno::kNoEnt};
  if (inode != nullptr && create && (flags & kOpenExclusive) != 0) return {Errno::kExist};
  if (inode == nullptr) {
    inode = Make(path, path.rfind("/dev/shm/", 0) == 0 ? FileKind::kTmpfs : FileKind::kRegular, 0);
  }
  const bool directory = inode->kind == FileKind::kDirectory;
  if (directory && create) return {Errno::kIsDir};
  if ((flags & kOpenDirectory) != 0 && !directory) return {Errno::kNotDir};
  if (directory && ((flags & 3) != 0 || (flags & kOpenTruncate) != 0)) return {Errno::kIsDir};
  if ((flags & kOpenTruncate) != 0 && inode->HasPages()) {
    inode->size = 0;
    inode->bytes.clear();
  }
  auto file = std::make_shared<SlowOpenFile>();
  file->inode = inode;
  file->flags = flags;
  table[fd] = {file, (flags & kOpenCloseOnExec) != 0};
  return {Errno::kOk, static_cast<std::uint64_t>(fd)};
}

SlowAnswer SlowFiles::CreateMemfd(SlowTable& table, std::uint64_t limit, bool close_on_exec) {
  const int fd = LowestFree(table);
  if (static_cast<std::uint64_t>(fd) >= limit) return {Errno::kMFile};
  auto file = std::make_shared<SlowOpenFile>();
  file->inode = std::make_shared<SlowInode>();
  file->inode->kind = FileKind::kTmpfs;
  file->inode->name = "/memfd:m";
  file->flags = kOpenReadWrite;
  table[fd] = {file, close_on_exec};
  return {Errno::kOk, static_cast<std::uint64_t>(fd)};
}

Errno SlowFiles::Unlink(const std::string& path) {
  if (const Errno error = CheckPath(path); error != Errno::kOk) return error;
  const SlowInodeRef inode = Find(path);
  if (inode == nullptr) return Errno::kNoEnt;
  if (inode->kind == FileKind::kDirectory) return Errno::kIsDir;
  inode->linked = false;
  names_.erase(path);
  return Errno::kOk;
}

Errno SlowFiles::Rename(const std::string& from, const std::string& to) {
  if (const Errno error = CheckPath(from); error != Errno::kOk) return error;
  if (const Errno error = CheckPath(to); error != Errno::kOk) return error;
  if ((from.rfind("/dev/shm/", 0) == 0) != (to.rfind("/dev/shm/", 0) == 0)) return Errno::kXDev;
  const SlowInodeRef inode = Find(from);
  if (inode == nullptr) return Errno::kNoEnt;
  const SlowInodeRef replaced = Find(to);
  if (replaced == inode) return Errno::kOk;
  if (replaced != nullptr) {
    const bool from_directory = inode->kind == FileKind::kDirectory;
    const bool to_directory = replaced->kind == FileKind::kDirectory;
    if (from_directory != to_directory) return from_directory ? Errno::kNotDir : Errno::kIsDir;
    replaced->linked = false;
  }
  names_.erase(from);
  inode->name = to;
  names_[to] = inode;
  return Errno::kOk;
}

std::shared_ptr<SlowOpenFile> SlowFiles::Get(const SlowTable& table, int fd) {
  const auto found = table.find(fd);
  return found == table.end() || found->second.file->path_only() ? nullptr : found->second.file;
}

Errno SlowFiles::Close(SlowTable& table, int fd) { return table.erase(fd) == 1 ? Errno::kOk : Errno::kBadF; }

SlowAnswer SlowFiles::Dup(SlowTable& table, std::uint64_t limit, int fd, std::optional<int> onto, std::uint32_t flags) {
  if ((flags & ~kOpenCloseOnExec) != 0) return {Errno::kInval};
  const auto found = table.find(fd);
  const bool close_on_exec = (flags & kOpenCloseOnExec) != 0;
  if (onto.has_value()) {
    if (fd == *onto && flags != 0) return {Errno::kInval};
    if (fd != *onto && static_cast<std::uint64_t>(*onto) >= limit) return {Errno::kBadF};
  }
  if (found == table.end()) return {Errno::kBadF};
  if (onto == fd) return {Errno::kOk, static_cast<std::uint64_t>(fd)};
  const int new_fd = onto.value_or(LowestFree(table));
  if (static_cast<std::uint64_t>(new_fd) >= limit) return {Errno::kMFile};
  const SlowDescriptor copy{found->second.file, close_on_exec};
  table[new_fd] = copy;
  return {Errno::kOk, static_cast<std::uint64_t>(new_fd)};
}

Errno SlowFiles::Truncate(SlowTable& table, std::uint64_t limit, int fd, std::uint64_t size) {
  const auto file = Get(table, fd);
  if (file == nullptr) return Errno::kBadF;
  if (!file->inode->HasPages() || !file->can_write()) return Errno::kInval;
  if (size > file->inode->size && size > std::min(limit, MaxSize(*file->inode))) return Errno::kFBig;
  file->inode->size = size;
  file->inode->bytes.erase(file->inode->bytes.lower_bound(size), file->inode->bytes.end());
  return Errno::kOk;
}

SlowAnswer SlowFiles::Write(SlowTable& table, std::uint64_t limit, int fd, std::uint64_t length,
                            std::optional<std::uint64_t> offset, const std::string& data) {
  const auto file = Get(table, fd);
  if (file == nullptr) return {Errno::kBadF};
  SlowInode& inode = *file->inode;
  if (offset.has_value() && inode.kind == FileKind::kPipe) return {Errno::kSPipe};
  if (!file->can_write()) return {Errno::kBadF};
  if (!inode.HasPages() || length == 0) return {Errno::kOk, length};
  const std::uint64_t start = (file->flags & kOpenAppend) != 0 ? inode.size : offset.value_or(file->position);
  limit = std::min(limit, MaxSize(inode));
  if (start >= limit) return {Errno::kFBig};
  length = std::min(length, limit - start);
  inode.size = std::max(inode.size, start + length);
  PutBytes(inode.bytes, start, length, data);
  if (!offset.has_value()) file->position = start + length;
  return {Errno::kOk, length};
}

SlowAnswer SlowFiles::Read(SlowTable& table, int fd, std::uint64_t length, std::optional<std::uint64_t> offset,
                           std::string& found) {
  const auto file = Get(table, fd);
  if (file == nullptr) return {Errno::kBadF};
  const SlowInode& inode = *file->inode;
  if (offset.has_value() && inode.kind == FileKind::kPipe) return {Errno::kSPipe};
  if (!file->can_read()) return {Errno::kBadF};
  if (inode.kind == FileKind::kDirectory) return {Errno::kIsDir};
  if (inode.kind == FileKind::kZeroDevice) {
    found.assign(length, '\0');
    return {Errno::kOk, length};
  }
  const std::uint64_t start = offset.value_or(file->position);
  if (!inode.HasPages() || start >= inode.size) return {Errno::kOk, 0};
  found = GetBytes(inode.bytes, start, std::min(length, inode.size - start));
  if (!offset.has_value()) file->position = start + found.size();
  return {Errno::kOk, found.size()};
}

SlowAnswer SlowFiles::Seek(SlowTable& table, int fd, std::int64_t offset, int whence) {
  const auto file = Get(table, fd);
  if (file == nullptr) return {Errno::kBadF};
  if (whence > 4) return {Errno::kInval};
  const SlowInode& inode = *file->inode;
  if (inode.kind == FileKind::kPipe) return {Errno::kSPipe};
  if (inode.kind == FileKind::kDevice || inode.kind == FileKind::kZeroDevice) return {Errno::kOk, 0};
  const auto size = static_cast<std::int64_t>(inode.size);
  if (whence >= 3 && (offset < 0 || offset >= size)) return {Errno::kNxio};
  std::int64_t position = offset;
  if (whence == 1) position += static_cast<std::int64_t>(file->position);
  if (whence == 2) position += size;
  if (whence == 4) position = size;
  if (position < 0) return {Errno::kInval};
  file->position = static_cast<std::uint64_t>(position);
  return {Errno::kOk, file->position};
}

}  // namespace memsim
