#include "server/kernel/file/file_system.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/kernel/file/seals.h"

namespace memsim {
namespace {

constexpr absl::string_view kTmpfsMount = "/dev/shm/";
// What opening alone obeys; the rest stays in f_flags.
constexpr std::uint32_t kOpeningFlags = kOpenCreate | kOpenExclusive | kOpenTruncate | kOpenCloseOnExec;
// With O_PATH all others are ignored (O_PATH_FLAGS).
constexpr std::uint32_t kPathFlags = kOpenPath | kOpenDirectory | kOpenCloseOnExec;

// getname and the length checks of link_path_walk.
Errno CheckPath(absl::string_view path) {
  if (path.empty()) return Errno::kNoEnt;
  if (path.size() >= FileSystem::kMaxPath) return Errno::kNameTooLong;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end - begin > FileSystem::kMaxName) return Errno::kNameTooLong;
    begin = end + 1;
  }
  // Nothing is relative to anything in a flat name space.
  return path[0] == '/' ? Errno::kOk : Errno::kNoEnt;
}

bool IsOnTmpfs(absl::string_view path) { return path.substr(0, kTmpfsMount.size()) == kTmpfsMount; }

bool WantsToWrite(std::uint32_t flags) {
  return (flags & kOpenAccessMode) != kOpenReadOnly || (flags & kOpenTruncate) != 0;
}

}  // namespace

// --- The tables

const OpenFile& FileSystem::file(OpenFileId id) const {
  const OpenFile& file = open_files_[id];
  MEMSIM_CHECK(file.references > 0, id.value());
  return file;
}

OpenFile& FileSystem::MutableFile(OpenFileId id) {
  OpenFile& file = open_files_[id];
  MEMSIM_CHECK(file.references > 0, id.value());
  return file;
}

ErrnoOr<InodeId> FileSystem::NewInode(FileKind kind, absl::string_view name) {
  if (inodes_.size() >= kMaxInodes) return Errno::kNoSpc;
  Inode inode;
  inode.kind = kind;
  inode.object = slabs_.Alloc(InodeCacheOf(kind), kGfpKernel);
  if (inode.object == kNoObject) return Errno::kNoMem;
  inode.dentry_object = slabs_.Alloc(KernelCache::kDentry, kGfpKernel);
  if (inode.dentry_object == kNoObject) {
    slabs_.Free(InodeCacheOf(kind), inode.object);
    return Errno::kNoMem;
  }
  const DeviceNumber device = DeviceOf(kind);
  inode.number = device == kDiskDevice    ? ++last_disk_number_
                 : device == kTmpfsDevice ? ++last_tmpfs_number_
                                          : ++last_kernel_number_;
  if (IsShmemKind(kind)) inode.seals = kSealSeal;
  inode.name = std::string(name);
  name_bytes_ += ByteCount(name.size());
  return inodes_.Add(std::move(inode));
}

ErrnoOr<OpenFileId> FileSystem::NewOpenFile(InodeId inode, std::uint32_t flags) {
  if (open_files_.size() >= kMaxOpenFiles) return Errno::kNFile;
  const VirtualAddress object = slabs_.Alloc(KernelCache::kFilp, kGfpKernel);
  if (object == kNoObject) return Errno::kNoMem;
  ++MutableInode(inode).open_files;
  return open_files_.Add({inode, flags & ~kOpeningFlags, ByteCount(0), object, 1});
}

void FileSystem::Get(OpenFileId id) { ++MutableFile(id).references; }

void FileSystem::Put(OpenFileId id) {
  OpenFile& file = MutableFile(id);
  if (--file.references > 0) return;
  const InodeId inode = file.inode;
  slabs_.Free(KernelCache::kFilp, file.object);
  file = OpenFile();
  open_files_.Remove(id);
  --MutableInode(inode).open_files;
  FreeIfDead(inode);
}

void FileSystem::FreeIfDead(InodeId id) {
  Inode& dead = MutableInode(id);
  if (dead.alive()) return;
  DropPages(id, PageOffset(0), kPastLastPage);
  counters_.Add(Counter::kCommittedAs, -static_cast<std::int64_t>(dead.accounted.value()));
  name_bytes_ -= ByteCount(dead.name.size());
  policy_ranges_ -= dead.policy.size();
  dead.policy.Clear(mempolicies_, slabs_);
  slabs_.Free(KernelCache::kDentry, dead.dentry_object);
  slabs_.Free(InodeCacheOf(dead.kind), dead.object);
  dead = Inode();
  inodes_.Remove(id);
}

Errno FileSystem::SetPolicy(InodeId id, PageOffset first, PageOffset end, MempolicyId policy) {
  SharedPolicy& shared = MutableInode(id).policy;
  policy_ranges_ -= shared.size();
  const Errno error = shared.Set(first, end, policy, mempolicies_, slabs_);
  policy_ranges_ += shared.size();
  return error;
}

// --- Names

ErrnoOr<InodeId> FileSystem::Find(absl::string_view path) const {
  if (const Errno error = CheckPath(path); error != Errno::kOk) return error;
  const auto found = names_.find(path);
  if (found == names_.end()) return Errno::kNoEnt;
  return found->second;
}

void FileSystem::AddName(InodeId id, absl::string_view path) {
  Inode& inode = MutableInode(id);
  name_bytes_ += ByteCount(path.size());
  name_bytes_ -= ByteCount(inode.name.size());
  inode.name = std::string(path);
  inode.links = 1;
  names_.emplace(inode.name, id);
}

void FileSystem::RemoveName(InodeId id) {
  Inode& inode = MutableInode(id);
  names_.erase(inode.name);
  inode.links = 0;
}

Errno FileSystem::Mknod(absl::string_view path, FileKind kind, ByteCount size) {
  if (kind == FileKind::kSharedAnonymous) return Errno::kInval;
  const ErrnoOr<InodeId> existing = Find(path);
  if (existing.ok()) return Errno::kExist;
  if (CheckPath(path) != Errno::kOk) return existing.error();
  if (HasPages(kind) && size > MaxSize(kind)) return Errno::kFBig;
  const ErrnoOr<InodeId> id = NewInode(kind, path);
  if (!id.ok()) return id.error();
  AddName(*id, path);
  if (HasPages(kind)) {
    Inode& inode = MutableInode(*id);
    inode.size = size;
    inode.assumed_cached = PageRanges(PageOffset(inode.page_count().value()));
    cached_ranges_ += inode.assumed_cached.size();
  }
  return Errno::kOk;
}

// What O_CREAT and O_EXCL say about whether the name is there.
ErrnoOr<InodeId> FileSystem::FindOrCreate(absl::string_view path, std::uint32_t flags, std::uint32_t user) {
  const ErrnoOr<InodeId> existing = Find(path);
  if ((flags & kOpenCreate) == 0) return existing;
  if (existing.ok()) {
    if ((flags & kOpenExclusive) != 0) return Errno::kExist;
    if (inode(*existing).kind == FileKind::kDirectory) return Errno::kIsDir;
    return existing;
  }
  if (const Errno error = CheckPath(path); error != Errno::kOk) return error;
  // A name that ends with a slash can only be a directory's.
  if (path.back() == '/') return Errno::kIsDir;
  const ErrnoOr<InodeId> id = NewInode(IsOnTmpfs(path) ? FileKind::kTmpfs : FileKind::kRegular, path);
  if (!id.ok()) return id;
  MutableInode(*id).owner = user;
  AddName(*id, path);
  return id;
}

Errno FileSystem::CheckOpenFlags(std::uint32_t flags) {
  constexpr std::uint32_t kCreateDirectory = kOpenCreate | kOpenDirectory;
  const bool names_only = (flags & kOpenPath) != 0;
  return !names_only && (flags & kCreateDirectory) == kCreateDirectory ? Errno::kInval : Errno::kOk;
}

ErrnoOr<OpenedFile> FileSystem::Open(absl::string_view path, std::uint32_t flags, std::uint32_t user) {
  if (const Errno error = CheckOpenFlags(flags); error != Errno::kOk) return error;
  if ((flags & kOpenPath) != 0) flags &= kPathFlags;
  // Before the name is looked at, so that a file is not made in vain (alloc_empty_file).
  if (open_files_.size() >= kMaxOpenFiles) return Errno::kNFile;
  const ErrnoOr<InodeId> id = FindOrCreate(path, flags, user);
  if (!id.ok()) return id.error();
  const FileKind kind = inode(*id).kind;
  if ((flags & kOpenDirectory) != 0 && kind != FileKind::kDirectory) return Errno::kNotDir;
  if (kind == FileKind::kDirectory && WantsToWrite(flags)) return Errno::kIsDir;
  const ErrnoOr<OpenFileId> opened = NewOpenFile(*id, flags);
  if (!opened.ok()) return opened.error();
  OpenedFile result{*opened, std::nullopt};
  if ((flags & kOpenTruncate) != 0 && HasPages(kind)) result.cut = SetSize(*id, ByteCount(0));
  return result;
}

Errno FileSystem::Unlink(absl::string_view path) {
  const ErrnoOr<InodeId> id = Find(path);
  if (!id.ok()) return id.error();
  if (inode(*id).kind == FileKind::kDirectory) return Errno::kIsDir;
  RemoveName(*id);
  FreeIfDead(*id);
  return Errno::kOk;
}

Errno FileSystem::Rename(absl::string_view old_path, absl::string_view new_path) {
  for (const absl::string_view path : {old_path, new_path}) {
    if (const Errno error = CheckPath(path); error != Errno::kOk) return error;
  }
  // The mounts are compared before the names are looked up (do_renameat2).
  if (IsOnTmpfs(old_path) != IsOnTmpfs(new_path)) return Errno::kXDev;
  const ErrnoOr<InodeId> id = Find(old_path);
  if (!id.ok()) return id.error();
  const ErrnoOr<InodeId> replaced = Find(new_path);
  if (replaced.ok()) {
    if (*replaced == *id) return Errno::kOk;
    const bool from_directory = inode(*id).kind == FileKind::kDirectory;
    const bool onto_directory = inode(*replaced).kind == FileKind::kDirectory;
    if (from_directory && !onto_directory) return Errno::kNotDir;
    if (!from_directory && onto_directory) return Errno::kIsDir;
    RemoveName(*replaced);
    FreeIfDead(*replaced);
  }
  RemoveName(*id);
  AddName(*id, new_path);
  return Errno::kOk;
}

ErrnoOr<OpenFileId> FileSystem::CreateShmem(absl::string_view name, ByteCount size, PageCount accounted) {
  const ErrnoOr<InodeId> id = NewInode(FileKind::kSharedAnonymous, name);
  if (!id.ok()) return id.error();
  MutableInode(*id).size = size;
  const ErrnoOr<OpenFileId> opened = NewOpenFile(*id, kOpenReadWrite);
  // Only now, so that a failure leaves the promise with the caller.
  if (opened.ok()) MutableInode(*id).accounted = accounted;
  FreeIfDead(*id);
  return opened;
}

ErrnoOr<OpenFileId> FileSystem::CreateSharedAnonymous(ByteCount size, PageCount accounted) {
  return CreateShmem("/dev/zero", size, accounted);
}

ErrnoOr<OpenFileId> FileSystem::CreateShmSegment(absl::string_view name, ByteCount size, PageCount accounted) {
  const ErrnoOr<OpenFileId> file = CreateShmem(name, size, accounted);
  if (file.ok()) MutableInode(open_files_[*file].inode).is_shm_segment = true;
  return file;
}

ErrnoOr<OpenFileId> FileSystem::CreateMemfd(absl::string_view name, std::uint32_t seals, std::uint32_t user) {
  const ErrnoOr<InodeId> id = NewInode(FileKind::kTmpfs, absl::StrCat("/memfd:", name));
  if (!id.ok()) return id.error();
  MutableInode(*id).seals = seals;
  MutableInode(*id).owner = user;
  const ErrnoOr<OpenFileId> opened = NewOpenFile(*id, kOpenReadWrite);
  FreeIfDead(*id);
  return opened;
}

bool FileSystem::CanMap(OpenFileId id) const {
  const FileKind kind = InodeOf(id).kind;
  return HasPages(kind) || kind == FileKind::kZeroDevice;
}

}  // namespace memsim
