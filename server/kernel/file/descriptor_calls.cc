#include "server/kernel/file/descriptor_calls.h"

#include <algorithm>

#include "server/kernel/file/seals.h"

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

namespace {

// MFD_HUGETLB: a size is the logarithm in the flags, or the usual one.
Errno CheckHugeMemfd(std::uint32_t flags) {
  constexpr std::uint32_t kSizeShift = 26;
  const std::uint32_t size = flags >> kSizeShift;
  return size == 0 || size == 21 || size == 30 ? Errno::kNoSys : Errno::kNoDev;
}

// memfd_create's own order: flags, name, descriptor.
Errno CheckMemfd(std::optional<absl::string_view> name, std::uint32_t flags) {
  constexpr std::uint32_t kSizeMask = 0x3fU << 26;
  constexpr std::size_t kMaxName = FileSystem::kMaxName - 6;  // "memfd:".
  const std::uint32_t known = (flags & kMfdHugeTlb) != 0 ? kMfdAllFlags | kSizeMask : kMfdAllFlags;
  if ((flags & ~known) != 0) return Errno::kInval;
  if ((flags & kMfdExec) != 0 && (flags & kMfdNoExecSeal) != 0) return Errno::kInval;
  if (!name.has_value()) return Errno::kFault;
  return name->size() > kMaxName ? Errno::kInval : Errno::kOk;
}

std::uint32_t FirstSeals(std::uint32_t flags) {
  if ((flags & kMfdNoExecSeal) != 0) return kSealExec;
  return (flags & kMfdAllowSealing) != 0 ? 0 : kSealSeal;
}

}  // namespace

ErrnoOr<int> CreateMemfd(const FileCaller& caller, std::optional<absl::string_view> name, std::uint32_t flags) {
  if (const Errno error = CheckMemfd(name, flags); error != Errno::kOk) return error;
  const ErrnoOr<int> fd = caller.table.LowestFree(0, caller.max_descriptors);
  if (!fd.ok()) return fd.error();
  if ((flags & kMfdHugeTlb) != 0) return CheckHugeMemfd(flags);
  const ErrnoOr<OpenFileId> file = caller.files.CreateMemfd(*name, FirstSeals(flags), caller.user);
  if (!file.ok()) return file.error();
  caller.table.Install(*fd, {*file, (flags & kMfdCloseOnExec) != 0 ? CloseOnExec::kYes : CloseOnExec::kNo});
  return fd;
}

namespace {

constexpr std::uint32_t kKeepSize = 0x1;
constexpr std::uint32_t kPunchHole = 0x2;
constexpr std::uint32_t kKnownModes = 0x7f;

Errno CheckAllocation(const FileCaller& caller, OpenFileId file, std::uint32_t mode, std::int64_t offset,
                      std::int64_t length) {
  if (offset < 0 || length <= 0) return Errno::kInval;
  if ((mode & ~kKnownModes) != 0) return Errno::kOpNotSupp;
  if ((mode & kPunchHole) != 0 && (mode & kKeepSize) == 0) return Errno::kOpNotSupp;
  if (!caller.files.CanWrite(file)) return Errno::kBadF;
  const Inode& inode = caller.files.InodeOf(file);
  if (inode.kind == FileKind::kPipe) return Errno::kSPipe;
  if (inode.kind == FileKind::kDirectory) return Errno::kIsDir;
  if (!HasPages(inode.kind)) return Errno::kNoDev;
  std::int64_t end = 0;
  const auto most = static_cast<std::int64_t>(FileSystem::MaxSize(inode.kind).value());
  if (__builtin_add_overflow(offset, length, &end) || end > most) return Errno::kFBig;
  if ((mode & ~(kKeepSize | kPunchHole)) == 0) return Errno::kOk;
  return IsShmemKind(inode.kind) ? Errno::kOpNotSupp : Errno::kNoSys;
}

}  // namespace

ErrnoOr<std::optional<FileHole>> AllocateRange(const FileCaller& caller, int fd, std::uint32_t mode,
                                               std::int64_t offset, std::int64_t length) {
  // What one call allocates at most, 4 GiB: turns are kept to within a call.
  constexpr std::int64_t kMostAllocated = std::int64_t{4} << 30;
  const ErrnoOr<OpenFileId> file = FileOfDescriptor(caller, fd);
  if (!file.ok()) return file.error();
  if (const Errno error = CheckAllocation(caller, *file, mode, offset, length); error != Errno::kOk) return error;
  const InodeId id = caller.files.file(*file).inode;
  const Inode& inode = caller.files.inode(id);
  const ByteCount start(static_cast<std::uint64_t>(offset));
  const ByteCount end = start + ByteCount(static_cast<std::uint64_t>(length));
  if ((mode & kPunchHole) != 0) {
    if ((inode.seals & kWriteSeals) != 0) return Errno::kPerm;
    return std::optional<FileHole>({id, start, end});
  }
  const bool grows = (mode & kKeepSize) == 0 && end > inode.size;
  if (grows && end > caller.max_file_size) return Errno::kFBig;
  if (grows && (inode.seals & kSealGrow) != 0) return Errno::kPerm;
  if (!IsShmemKind(inode.kind)) {
    // Blocks of a disk are no memory.
    if (grows) caller.files.SetSize(id, end);
    return std::optional<FileHole>();
  }
  if (length > kMostAllocated) return Errno::kNoSys;
  const ByteCount old_size = inode.size;
  if (grows) caller.files.SetSize(id, end);
  const PageOffset past(std::min(ToPagesRoundedUp(end), caller.files.inode(id).page_count()).value());
  const Errno error = caller.files.FillPages(id, PageOffset(ToPages(start).value()), past);
  // shmem_fallocate takes back what it has allocated.
  if (error != Errno::kOk && grows) caller.files.SetSize(id, old_size);
  if (error != Errno::kOk) return error;
  return std::optional<FileHole>();
}

ErrnoOr<std::uint64_t> ControlDescriptor(const FileCaller& caller, int fd, int command, std::uint64_t argument) {
  constexpr int kGetDescriptorFlags = 1;
  constexpr int kSetDescriptorFlags = 2;
  constexpr int kGetFileFlags = 3;
  constexpr int kGetSeals = 1034;
  const ErrnoOr<OpenFileId> file = RawFile(caller, fd);
  if (!file.ok()) return file.error();
  const FileTable::Entry entry = *caller.table.Find(fd);
  switch (command) {
    case kGetDescriptorFlags:
      return static_cast<std::uint64_t>(entry.close_on_exec == CloseOnExec::kYes);
    case kSetDescriptorFlags:
      caller.table.SetCloseOnExec(fd, (argument & 1) != 0 ? CloseOnExec::kYes : CloseOnExec::kNo);
      return std::uint64_t{0};
    case kGetFileFlags:
      return static_cast<std::uint64_t>(caller.files.file(*file).flags);
    case kGetSeals:
      if (caller.files.file(*file).is_path()) return Errno::kBadF;
      if (!caller.files.IsShmem(*file)) return Errno::kInval;
      return static_cast<std::uint64_t>(caller.files.InodeOf(*file).seals);
    default:
      return Errno::kNoSys;
  }
}

Errno AddSeals(const FileCaller& caller, int fd, std::uint32_t seals,
               absl::FunctionRef<bool(InodeId)> writable_mappings) {
  const ErrnoOr<OpenFileId> file = FileOfDescriptor(caller, fd);
  if (!file.ok()) return file.error();
  if (!caller.files.CanWrite(*file)) return Errno::kPerm;
  if ((seals & ~kAllSeals) != 0 || !caller.files.IsShmem(*file)) return Errno::kInval;
  const Inode& inode = caller.files.InodeOf(*file);
  if ((inode.seals & kSealSeal) != 0) return Errno::kPerm;
  const InodeId id = caller.files.file(*file).inode;
  if ((seals & kSealWrite) != 0 && (inode.seals & kSealWrite) == 0 && writable_mappings(id)) return Errno::kBusy;
  // What may be executed must not be written any more either. A machine's files may all be.
  if ((seals & kSealExec) != 0 && (inode.seals & kSealExec) == 0) seals |= kSealShrink | kSealGrow | kWriteSeals;
  caller.files.AddSeals(id, seals);
  return Errno::kOk;
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
  const std::uint32_t sealed = length < inode.size ? kSealShrink : length > inode.size ? kSealGrow : 0;
  if ((inode.seals & sealed) != 0) return Errno::kPerm;
  return caller.files.SetSize(caller.files.file(*file).inode, length);
}

ErrnoOr<ByteCount> WriteDescriptor(const FileCaller& caller, int fd, ByteCount length, std::optional<ByteCount> offset,
                                   absl::string_view data) {
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
  // shmem_write_begin.
  if ((inode.seals & kWriteSeals) != 0) return Errno::kPerm;
  if ((inode.seals & kSealGrow) != 0 && start + std::min(length, limit - start) > inode.size) return Errno::kPerm;
  const ErrnoOr<ByteCount> written = files.WriteBytes(file.inode, start, std::min(length, limit - start), data);
  if (written.ok() && !offset.has_value()) files.SetPosition(*id, start + *written);
  return written;
}

ErrnoOr<ByteCount> ReadDescriptor(const FileCaller& caller, int fd, absl::Span<char> bytes,
                                  std::optional<ByteCount> offset) {
  if (offset.has_value() && *offset > ByteCount(INT64_MAX)) return Errno::kInval;
  const ErrnoOr<OpenFileId> id = FileOfDescriptor(caller, fd);
  if (!id.ok()) return id.error();
  FileSystem& files = caller.files;
  const OpenFile& file = files.file(*id);
  const Inode& inode = files.inode(file.inode);
  if (offset.has_value() && inode.kind == FileKind::kPipe) return Errno::kSPipe;
  if (!file.can_read()) return Errno::kBadF;
  if (inode.kind == FileKind::kDirectory) return Errno::kIsDir;
  if (inode.kind == FileKind::kZeroDevice) {
    std::fill(bytes.begin(), bytes.end(), '\0');
    return ByteCount(bytes.size());
  }
  const ByteCount start = offset.value_or(file.position);
  if (!HasPages(inode.kind) || start >= inode.size) return ByteCount(0);
  bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), (inode.size - start).value()));
  if (bytes.empty()) return ByteCount(0);
  const ErrnoOr<ByteCount> read = files.ReadBytes(file.inode, start, bytes);
  if (read.ok() && !offset.has_value()) files.SetPosition(*id, start + *read);
  return read;
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
