#include "server/kernel/ipc/shm_segments.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "server/base/check.h"

namespace memsim {
namespace {

// kmalloc of a shmid_kernel.
constexpr KernelCache kSegmentCache = KernelCache::kKmallocCg256;

// hugetlb_file_setup, where there is no pool of huge pages.
Errno CheckHugeTlb(const IpcCaller& caller, std::uint32_t flags) {
  constexpr std::uint32_t kSizeShift = 26;
  const std::uint32_t size_code = flags >> kSizeShift & 0x3f;
  if (size_code != 0 && size_code != 21 && size_code != 30) return Errno::kInval;
  // can_do_hugetlb_shm; the group that may is root's until somebody writes vm.hugetlb_shm_group.
  return caller.Has(Capability::kIpcLock) || caller.IsInGroup(0) ? Errno::kNoMem : Errno::kPerm;
}

}  // namespace

void ShmSegment::DigestTo(Digest& digest) const {
  permission.DigestTo(digest);
  digest.Add(size);
  digest.Add(file);
  digest.Add(attach_count);
  digest.Add(attach_time);
  digest.Add(detach_time);
  digest.Add(change_time);
  digest.Add(creator);
  digest.Add(last);
  digest.Add(locked_for.has_value() ? std::uint64_t{1} << 32 | *locked_for : std::uint64_t{0});
  digest.Add(object);
}

// --- shmget

ErrnoOr<std::int32_t> ShmSegments::Get(const IpcCaller& caller, AddressSpace& space, std::int32_t key, ByteCount size,
                                       std::uint32_t flags) {
  if (key == kIpcPrivate) return New(caller, space, key, size, flags);
  // ipcget_public.
  const auto found = keys_.find(key);
  if (found == keys_.end()) {
    if ((flags & kIpcCreate) == 0) return Errno::kNoEnt;
    return New(caller, space, key, size, flags);
  }
  if ((flags & kIpcCreate) != 0 && (flags & kIpcExclusive) != 0) return Errno::kExist;
  const ShmSegment& segment = *Find(found->second);
  if (segment.size < size) return Errno::kInval;
  if (!segment.permission.Permits(caller, flags & kIpcModeBits)) return Errno::kAcces;
  return segment.permission.id;
}

ErrnoOr<OpenFileId> ShmSegments::NewFile(const IpcCaller& caller, AddressSpace& space, std::int32_t key, ByteCount size,
                                         bool promised) {
  if (size > FileSystem::kMaxTmpfsFileSize) return Errno::kInval;
  const PageCount promise = promised ? ToPagesRoundedUp(size) : PageCount(0);
  if (!ChargeCommit(space, caller.memory, promise)) return Errno::kNoMem;
  const std::string name = absl::StrCat("/SYSV", absl::Hex(static_cast<std::uint32_t>(key), absl::kZeroPad8));
  const ErrnoOr<OpenFileId> file = environment_.files.CreateShmSegment(name, size, promise);
  if (!file.ok()) environment_.commit.Uncharge(promise);
  return file;
}

// newseg.
ErrnoOr<std::int32_t> ShmSegments::New(const IpcCaller& caller, AddressSpace& space, std::int32_t key, ByteCount size,
                                       std::uint32_t flags) {
  if (size.value() < kLimits.min_size || size.value() > kLimits.max_size) return Errno::kInval;
  const PageCount pages = ToPagesRoundedUp(size);
  // No machine has so many segments that the sum wraps.
  if ((pages_ + pages).value() > kLimits.max_pages) return Errno::kNoSpc;
  ShmSegment segment;
  segment.object = environment_.slabs.Alloc(kSegmentCache, kGfpKernelAccount);
  if (segment.object == kNoObject) return Errno::kNoMem;
  const auto fail = [&](Errno error) {
    environment_.slabs.Free(kSegmentCache, segment.object);
    return error;
  };
  if ((flags & kShmHugeTlb) != 0) return fail(CheckHugeTlb(caller, flags));
  const bool never = environment_.sysctls.overcommit_memory == OvercommitPolicy::kNever;
  const ErrnoOr<OpenFileId> file = NewFile(caller, space, key, size, (flags & kShmNoReserve) == 0 || never);
  if (!file.ok()) return fail(file.error());
  // ipc_addid.
  const bool full = static_cast<std::uint64_t>(ids_.in_use()) >= kLimits.max_segments;
  const std::optional<std::int32_t> id = full ? std::nullopt : ids_.Allocate();
  if (!id.has_value()) {
    environment_.files.Put(*file);
    return fail(Errno::kNoSpc);
  }
  segment.permission = {key,
                        *id,
                        caller.effective_uid,
                        caller.effective_gid,
                        caller.effective_uid,
                        caller.effective_gid,
                        flags & kIpcModeBits};
  segment.size = size;
  segment.file = *file;
  segment.change_time = Now();
  segment.creator = caller.tgid;
  environment_.files.SetShmId(*file, static_cast<std::uint64_t>(*id));
  pages_ += pages;
  if (key != kIpcPrivate) keys_.emplace(key, *id);
  segments_.emplace(IpcIds::IndexOf(*id), segment);
  return *id;
}

// --- Finding

const ShmSegment* ShmSegments::FindByIndex(std::int32_t id) const {
  const auto found = segments_.find(IpcIds::IndexOf(id));
  return found == segments_.end() ? nullptr : &found->second;
}

const ShmSegment* ShmSegments::Find(std::int32_t id) const {
  const ShmSegment* segment = FindByIndex(id);
  return segment != nullptr && segment->permission.id == id ? segment : nullptr;
}

ShmSegment& ShmSegments::OfMapping(std::uint64_t shmid) {
  ShmSegment* segment = FindMutable(static_cast<std::int32_t>(shmid));
  MEMSIM_CHECK(segment != nullptr, shmid);
  return *segment;
}

// --- shmctl

ErrnoOr<ShmSegment*> ShmSegments::FindToControl(const IpcCaller& caller, std::int32_t id) {
  ShmSegment* segment = FindMutable(id);
  if (segment == nullptr) return Errno::kInval;
  if (!segment->permission.MayControl(caller)) return Errno::kPerm;
  return segment;
}

ErrnoOr<ShmSegment*> ShmSegments::FindToLock(const IpcCaller& caller, std::int32_t id) {
  ShmSegment* segment = FindMutable(id);
  if (segment == nullptr) return Errno::kInval;
  const bool may = caller.Has(Capability::kIpcLock) || segment->permission.IsOwnedBy(caller.effective_uid);
  if (!may) return Errno::kPerm;
  return segment;
}

Errno ShmSegments::Set(const IpcCaller& caller, std::int32_t id, std::uint32_t uid, std::uint32_t gid,
                       std::uint32_t mode) {
  const ErrnoOr<ShmSegment*> found = FindToControl(caller, id);
  if (!found.ok()) return found.error();
  if (uid == UINT32_MAX || gid == UINT32_MAX) return Errno::kInval;
  IpcPermission& permission = (*found)->permission;
  permission.uid = uid;
  permission.gid = gid;
  permission.mode = (permission.mode & ~kIpcModeBits) | (mode & kIpcModeBits);
  (*found)->change_time = Now();
  return Errno::kOk;
}

Errno ShmSegments::Remove(const IpcCaller& caller, std::int32_t id) {
  const ErrnoOr<ShmSegment*> found = FindToControl(caller, id);
  if (!found.ok()) return found.error();
  ShmSegment& segment = **found;
  // do_shm_rmid: while somebody is attached, it only becomes impossible to find by its key.
  if (segment.attach_count == 0) {
    Destroy(segment);
    return Errno::kOk;
  }
  segment.permission.mode |= kShmDest;
  if (segment.permission.key != kIpcPrivate) keys_.erase(segment.permission.key);
  segment.permission.key = kIpcPrivate;
  return Errno::kOk;
}

void ShmSegments::Destroy(ShmSegment& segment) {
  UnlockPages(segment);
  pages_ -= segment.pages();
  if (segment.permission.key != kIpcPrivate) keys_.erase(segment.permission.key);
  environment_.slabs.Free(kSegmentCache, segment.object);
  environment_.files.Put(segment.file);
  const std::int32_t index = IpcIds::IndexOf(segment.permission.id);
  ids_.Free(index);
  segments_.erase(index);
}

Errno ShmSegments::Lock(const IpcCaller& caller, std::int32_t id) {
  const ErrnoOr<ShmSegment*> found = FindToLock(caller, id);
  if (!found.ok()) return found.error();
  ShmSegment& segment = **found;
  if (!MayLock(caller.memory)) return Errno::kPerm;
  if (segment.locked_for.has_value()) return Errno::kOk;
  // user_shm_lock: the limit is the calling process's, the count its user's.
  const auto counted = locked_pages_.find(caller.uid);
  const PageCount locked = segment.pages() + (counted == locked_pages_.end() ? PageCount(0) : counted->second);
  const bool allowed = locked <= caller.memory.LimitPages(Resource::kMemlock) || caller.Has(Capability::kIpcLock);
  if (!allowed) return Errno::kNoMem;
  locked_pages_[caller.uid] = locked;
  segment.locked_for = caller.uid;
  segment.permission.mode |= kShmLocked;
  return Errno::kOk;
}

Errno ShmSegments::Unlock(const IpcCaller& caller, std::int32_t id) {
  const ErrnoOr<ShmSegment*> found = FindToLock(caller, id);
  if (!found.ok()) return found.error();
  UnlockPages(**found);
  return Errno::kOk;
}

void ShmSegments::UnlockPages(ShmSegment& segment) {
  if (!segment.locked_for.has_value()) return;
  const auto counted = locked_pages_.find(*segment.locked_for);
  counted->second -= segment.pages();
  if (counted->second == PageCount(0)) locked_pages_.erase(counted);
  segment.locked_for.reset();
  segment.permission.mode &= ~kShmLocked;
}

// --- Mappings

void ShmSegments::Open(std::uint64_t shmid) {
  ShmSegment& segment = OfMapping(shmid);
  segment.attach_time = Now();
  segment.last = environment_.current;
  ++segment.attach_count;
}

void ShmSegments::Close(std::uint64_t shmid) {
  ShmSegment& segment = OfMapping(shmid);
  segment.detach_time = Now();
  segment.last = environment_.current;
  LoseOne(segment);
}

void ShmSegments::Release(std::int32_t id) { LoseOne(*FindMutable(id)); }

// shm_may_destroy, without kernel.shm_rmid_forced.
void ShmSegments::LoseOne(ShmSegment& segment) {
  MEMSIM_CHECK(segment.attach_count > 0, segment.permission.id);
  if (--segment.attach_count == 0 && (segment.permission.mode & kShmDest) != 0) Destroy(segment);
}

// --- Looking in

PageCount ShmSegments::ResidentPages(const ShmSegment& segment) const {
  return environment_.files.InodeOf(segment.file).pages.size();
}

ShmUsage ShmSegments::usage() const {
  ShmUsage usage;
  usage.segments = static_cast<std::uint32_t>(ids_.in_use());
  usage.pages = pages_;
  ForEach([&](const ShmSegment& segment) { usage.resident += ResidentPages(segment); });
  return usage;
}

void ShmSegments::ForEach(absl::FunctionRef<void(const ShmSegment&)> visit) const {
  for (const auto& [index, segment] : segments_) visit(segment);
}

ByteCount ShmSegments::HostMemory() const {
  // A tree's nodes are half full at the worst.
  const std::uint64_t entry = sizeof(std::pair<const std::int32_t, ShmSegment>);
  const std::uint64_t key = sizeof(std::pair<const std::int32_t, std::int32_t>);
  const std::uint64_t user = sizeof(std::pair<const std::uint32_t, PageCount>);
  return ByteCount(2 * (segments_.size() * entry + keys_.size() * key + locked_pages_.size() * user)) +
         ids_.HostMemory();
}

void ShmSegments::DigestTo(Digest& digest) const {
  ids_.DigestTo(digest);
  // The keys, the sums and who has what locked follow from the segments.
  for (const auto& [index, segment] : segments_) segment.DigestTo(digest);
}

void ShmSegments::CheckInvariants() const {
  MEMSIM_CHECK(segments_.size() == static_cast<std::size_t>(ids_.in_use()), segments_.size(), ids_.in_use());
  PageCount pages;
  std::size_t keys = 0;
  absl::btree_map<std::uint32_t, PageCount> locked;
  for (const auto& [index, segment] : segments_) {
    const IpcPermission& permission = segment.permission;
    MEMSIM_CHECK(IpcIds::IndexOf(permission.id) == index && ids_.IsUsed(index), index, permission.id);
    const Inode& inode = environment_.files.InodeOf(segment.file);
    MEMSIM_CHECK(inode.is_shm_segment && inode.number == static_cast<std::uint64_t>(permission.id), permission.id);
    std::uint64_t mappings = 0;
    environment_.file_mappings.ForEachOf(environment_.files.file(segment.file).inode,
                                         [&mappings](const FileMappings::Mapping&) { ++mappings; });
    MEMSIM_CHECK(segment.attach_count == mappings, segment.attach_count, mappings);
    if ((permission.mode & kShmDest) != 0) {
      MEMSIM_CHECK(mappings > 0 && permission.key == kIpcPrivate, permission.id, permission.key);
    }
    if (permission.key != kIpcPrivate) {
      ++keys;
      const auto found = keys_.find(permission.key);
      MEMSIM_CHECK(found != keys_.end() && found->second == permission.id, permission.id, permission.key);
    }
    MEMSIM_CHECK(segment.locked_for.has_value() == ((permission.mode & kShmLocked) != 0), permission.id);
    if (segment.locked_for.has_value()) locked[*segment.locked_for] += segment.pages();
    pages += segment.pages();
  }
  MEMSIM_CHECK(keys == keys_.size(), keys, keys_.size());
  MEMSIM_CHECK(pages == pages_, pages.value(), pages_.value());
  MEMSIM_CHECK(locked == locked_pages_, locked.size(), locked_pages_.size());
}

}  // namespace memsim
