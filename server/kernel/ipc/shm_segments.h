// The segments of System V shared memory: shmget, who is attached, and how segments end (ipc/shm.c).
//
// A segment is a file of shared memory without a name. shmat opens that file once more for each attachment, and maps
// it; from then on every mapping counts, those that fork, mremap and cuts make included.
//
// Thread-compatible. The environment outlives the segments, which outlive all address spaces.
//
// Invariants (CheckInvariants verifies them):
//  1. A segment's attach count is how many mappings its file has, in all address spaces.
//  2. A segment that was removed has mappings, and no key.
//  3. Each key but IPC_PRIVATE belongs to one segment.
//  4. The number of a segment's inode is its id.
//  5. Pages are locked for users as the locked segments say.

#ifndef MEMSIM_SERVER_KERNEL_IPC_SHM_SEGMENTS_H_
#define MEMSIM_SERVER_KERNEL_IPC_SHM_SEGMENTS_H_

#include <cstdint>
#include <optional>

#include "absl/container/btree_map.h"
#include "absl/functional/function_ref.h"

#include "server/base/digest.h"
#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/ipc/ipc_caller.h"
#include "server/kernel/ipc/ipc_ids.h"
#include "server/kernel/ipc/shm_flags.h"
#include "server/kernel/ipc/shmid_ds.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/shm_mappings.h"
#include "server/kernel/vm/vm_environment.h"

namespace memsim {

// shmid_kernel.
struct ShmSegment : ShmidDs {
  // The segment's own reference.
  OpenFileId file;
  // The user for whom SHM_LOCK counted its pages.
  std::optional<std::uint32_t> locked_for;
  // Itself, as an object of a slab cache.
  VirtualAddress object;

  PageCount pages() const { return ToPagesRoundedUp(size); }
  void DigestTo(Digest& digest) const;
};

class ShmSegments : public ShmMappings {
 public:
  // include/uapi/linux/shm.h: kernel.shmmax, shmmni and shmall as they are at boot.
  static constexpr ShmLimits kLimits = {UINT64_MAX - (1ULL << 24), 1, 4096, 4096, UINT64_MAX - (1ULL << 24)};
  // What the machine's clock shows at boot: 1 January 2026, UTC.
  static constexpr std::uint64_t kBootTime = 1'767'225'600;

  explicit ShmSegments(VmEnvironment& environment) : environment_(environment) {}
  ShmSegments(const ShmSegments&) = delete;
  ShmSegments& operator=(const ShmSegments&) = delete;

  // shmget: the id. space: the caller's, whom new memory is promised to. ENOENT, EEXIST, EINVAL, EACCES; ENOSPC at
  // kLimits.max_segments or kLimits.max_pages; ENOMEM; EPERM and ENOMEM for huge pages, of which a machine has no pool.
  ErrnoOr<std::int32_t> Get(const IpcCaller& caller, AddressSpace& space, std::int32_t key, ByteCount size,
                            std::uint32_t flags);

  // shm_obtain_object_check. Null: EINVAL.
  const ShmSegment* Find(std::int32_t id) const;
  // shm_obtain_object: the segment that has the id's index now, whatever the id's sequence number.
  const ShmSegment* FindByIndex(std::int32_t id) const;

  // shmctl's commands that change a segment. Each may answer EINVAL: no such segment; EPERM.
  // EINVAL: -1 is no user or group.
  Errno Set(const IpcCaller& caller, std::int32_t id, std::uint32_t uid, std::uint32_t gid, std::uint32_t mode);
  Errno Remove(const IpcCaller& caller, std::int32_t id);
  // ENOMEM: more than RLIMIT_MEMLOCK.
  Errno Lock(const IpcCaller& caller, std::int32_t id);
  Errno Unlock(const IpcCaller& caller, std::int32_t id);

  // Keeps a segment while somebody attaches it, and unmaps others in its place. REQUIRES: it is there.
  void Hold(std::int32_t id) { ++FindMutable(id)->attach_count; }
  void Release(std::int32_t id);

  // vm_ops.
  bool Lives(std::uint64_t shmid) const override { return Find(static_cast<std::int32_t>(shmid)) != nullptr; }
  void Open(std::uint64_t shmid) override;
  void Close(std::uint64_t shmid) override;

  ShmUsage usage() const;
  // How much of a segment is in memory.
  PageCount ResidentPages(const ShmSegment& segment) const;
  // 0 if there are no segments.
  std::int32_t highest_index() const { return ids_.highest_index() < 0 ? 0 : ids_.highest_index(); }
  // By index.
  void ForEach(absl::FunctionRef<void(const ShmSegment&)> visit) const;

  ByteCount HostMemory() const;
  void DigestTo(Digest& digest) const;
  void CheckInvariants() const;

 private:
  ShmSegment* FindMutable(std::int32_t id) { return const_cast<ShmSegment*>(Find(id)); }
  ShmSegment& OfMapping(std::uint64_t shmid);
  // One mapping, or one who attaches, is gone.
  void LoseOne(ShmSegment& segment);
  // ipcctl_obtain_check and what SHM_LOCK has in its place. EINVAL, EPERM.
  ErrnoOr<ShmSegment*> FindToControl(const IpcCaller& caller, std::int32_t id);
  ErrnoOr<ShmSegment*> FindToLock(const IpcCaller& caller, std::int32_t id);

  ErrnoOr<std::int32_t> New(const IpcCaller& caller, AddressSpace& space, std::int32_t key, ByteCount size,
                            std::uint32_t flags);
  // The file of a new segment. ENOMEM; EINVAL: larger than any file; ENFILE, ENOSPC.
  ErrnoOr<OpenFileId> NewFile(const IpcCaller& caller, AddressSpace& space, std::int32_t key, ByteCount size,
                              bool promised);
  void Destroy(ShmSegment& segment);
  void UnlockPages(ShmSegment& segment);
  std::uint64_t Now() const { return kBootTime + environment_.cpus.now().value() / 1'000'000'000; }

  VmEnvironment& environment_;
  IpcIds ids_;
  // By index.
  absl::btree_map<std::int32_t, ShmSegment> segments_;
  // The ids of those that have a key.
  absl::btree_map<std::int32_t, std::int32_t> keys_;
  // shm_tot.
  PageCount pages_;
  // By user: what SHM_LOCK has locked (UCOUNT_RLIMIT_MEMLOCK). None is 0.
  absl::btree_map<std::uint32_t, PageCount> locked_pages_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_IPC_SHM_SEGMENTS_H_
