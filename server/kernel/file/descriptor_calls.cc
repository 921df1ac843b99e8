#include "server/kernel/file/descriptor_calls.h"

#include <algorithm>

namespace memsim {
namespace {

CloseOnExec CloseOnExecOf(std::uint32_t flags) {
  return (flags & kOpenCloseOnExec) != 0 ? CloseOnExec::kYes : CloseOnExec::kNo;
}

// Any open descriptor, O_PATH included (fget_raw).
ErrnoOr<OpenFileId> RawFile(const FileCaller& caller, int fd) {
  const std::optional<FileTable::Entry> entry = caller.table.Find(fd);
  if (!entry.has_value()) return Errno::kBadF;
  return entry->file;
}

}  // namespace

ErrnoOr<OpenFileId> FileOfDescriptor(const FileCaller& caller, int fd) {
  const ErrnoOr<OpenFileId> file = RawFile(caller, fd);
  if (file.ok() && caller.files.file(*file).is_path()) return Errno::kBadF;
  return file;
}

ErrnoOr<OpenedDescriptor> OpenDescriptor(const FileCaller& caller, absl::string_view path, std::uint32_t flags) {
  if (const Errno error = FileSystem::CheckOpenFlags(flags); error != Errno::kOk) return error;
  // Kept for the path's own errors, which come before EMFILE (getname).
  if (path.empty()) return Errno::kNoEnt;
  if (path.size() >= FileSystem::kMaxPath) return Errno::kNameTooLong;
  // Before the file is opened, so that none is made in vain.
  const ErrnoOr<int> fd = caller.table.LowestFree(0, caller.max_descriptors);
  if (!fd.ok()) return fd.error();
  const ErrnoOr<OpenedFile> opened = caller.files.Open(path, flags, caller.user);
  if (!opened.ok()) return opened.error();
  caller.table.Install(*fd, {opened->file, CloseOnExecOf(flags)});
  return OpenedDescriptor{*fd, opened->cut};
}

Errno CloseDescriptor(const FileCaller& caller, int fd) {
  if (!caller.table.Find(fd).has_value()) return Errno::kBadF;
  caller.files.Put(caller.table.Remove(fd));
  return Errno::kOk;
}

ErrnoOr<int> DuplicateDescriptor(const FileCaller& caller, int fd, int minimum, std::uint32_t flags) {
  if ((flags & ~kOpenCloseOnExec) != 0) return Errno::kInval;
  const ErrnoOr<OpenFileId> file = RawFile(caller, fd);
  if (!file.ok()) return file.error();
  if (minimum < 0 || static_cast<std::uint64_t>(minimum) >= caller.max_descriptors) {
    // dup itself knows no minimum, and a limit of 0 leaves it no descriptor.
    return minimum == 0 ? Errno::kMFile : Errno::kInval;
  }
  const ErrnoOr<int> new_fd = caller.table.LowestFree(minimum, caller.max_descriptors);
  if (!new_fd.ok()) return new_fd.error();
  caller.files.Get(*file);
  caller.table.Install(*new_fd, {*file, CloseOnExecOf(flags)});
  return new_fd;
}

ErrnoOr<int> DuplicateOnto(const FileCaller& caller, int fd, int new_fd, std::uint32_t flags) {
  if ((flags & ~kOpenCloseOnExec) != 0) return Errno::kInval;
  if (fd == new_fd) {
    if (flags != 0) return Errno::kInval;
    if (!caller.table.Find(fd).has_value()) return Errno::kBadF;
    return new_fd;
  }
  if (new_fd < 0 || static_cast<std::uint64_t>(new_fd) >= caller.max_descriptors) return Errno::kBadF;
  const ErrnoOr<OpenFileId> file = RawFile(caller, fd);
  if (!file.ok()) return file.error();
  // The new reference first: both descriptors may stand for the same open file.
  caller.files.Get(*file);
  if (caller.table.Find(new_fd).has_value()) caller.files.Put(caller.table.Remove(new_fd));
  caller.table.Install(new_fd, {*file, CloseOnExecOf(flags)});
  return new_fd;
}

ErrnoOr<std::optional<CutTail>> TruncateDescriptor(const FileCaller& caller, int fd, ByteCount length) {
  if (length > ByteCount(INT64_MAX)) return Errno::kInval;
  const ErrnoOr<OpenFileId> file = FileOfDescriptor(caller, fd);
  if (!file.ok()) return file.error();
  const Inode& inode = caller.files.InodeOf(*file);
  if (!HasPages(inode.kind) || !caller.files.CanWrite(*file)) return Errno::kInval;
  // inode_newsize_ok: the limit counts only where the file grows.
  if (length > inode.size && length > std::min(caller.max_file_size, FileSystem::MaxSize(inode.kind)))
    return Errno::kFBig;
  return caller.files.SetSize(caller.files.file(*file).inode, length);
}

ErrnoOr<ByteCount> WriteDescriptor(const FileCaller& caller, int fd, ByteCount length,
                                   std::optional<ByteCount> offset) {
  // MAX_RW_COUNT: no call moves more.
  constexpr ByteCount kMaxTransfer{INT32_MAX & ~(kPageSize.value() - 1)};
  if (offset.has_value() && *offset > ByteCount(INT64_MAX)) return Errno::kInval;
  const ErrnoOr<OpenFileId> id = FileOfDescriptor(caller, fd);
  if (!id.ok()) return id.error();
  FileSystem& files = caller.files;
  const OpenFile& file = files.file(*id);
  const Inode& inode = files.inode(file.inode);
  if (offset.has_value() && inode.kind == FileKind::kPipe) return Errno::kSPipe;
  if (!file.can_write()) return Errno::kBadF;
  if (length > ByteCount(INT64_MAX)) return Errno::kInval;
  length = std::min(length, kMaxTransfer);
  if (!HasPages(inode.kind) || length == ByteCount(0)) return length;
  // O_APPEND has its way with pwrite64 too.
  const bool appends = (file.flags & kOpenAppend) != 0;
  const ByteCount start = appends ? inode.size : offset.value_or(file.position);
  const ByteCount limit = std::min(caller.max_file_size, FileSystem::MaxSize(inode.kind));
  if (start >= limit) return Errno::kFBig;
  const ErrnoOr<ByteCount> written = files.WriteBytes(file.inode, start, std::min(length, limit - start));
  if (written.ok() && !offset.has_value()) files.SetPosition(*id, start + *written);
  return written;
}

ErrnoOr<ByteCount> SeekDescriptor(const FileCaller& caller, int fd, std::int64_t offset, int whence) {
  const ErrnoOr<OpenFileId> id = FileOfDescriptor(caller, fd);
  if (!id.ok()) return id.error();
  if (whence < 0 || whence > 4) return Errno::kInval;
  const OpenFile& file = caller.files.file(*id);
  const Inode& inode = caller.files.inode(file.inode);
  if (inode.kind == FileKind::kPipe) return Errno::kSPipe;
  // null_lseek: the position of these is always 0.
  if (inode.kind == FileKind::kDevice || inode.kind == FileKind::kZeroDevice) return ByteCount(0);
  const auto size = static_cast<std::int64_t>(inode.size.value());
  const bool within = offset >= 0 && offset < size;
  // Sizes and positions are at most INT64_MAX, so only the sum may overflow.
  std::int64_t position = offset;
  switch (whence) {
    case 1:
    case 2: {
      const std::int64_t from = whence == 1 ? static_cast<std::int64_t>(file.position.value()) : size;
      if (__builtin_add_overflow(from, offset, &position)) return Errno::kInval;
      break;
    }
    case 3:
    case 4:
      if (!within) return Errno::kNxio;
      if (whence == 4) position = size;
      break;
    default:
      break;
  }
  if (position < 0 || ByteCount(static_cast<std::uint64_t>(position)) > FileSystem::MaxSize(inode.kind)) {
    return Errno::kInval;
  }
  caller.files.SetPosition(*id, ByteCount(static_cast<std::uint64_t>(position)));
  return ByteCount(static_cast<std::uint64_t>(position));
}

}  // namespace memsim
