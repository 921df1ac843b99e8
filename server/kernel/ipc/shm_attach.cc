#include "server/kernel/ipc/shm_attach.h"

#include "server/kernel/ipc/shm_flags.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/munmap.h"

namespace memsim {
namespace {

// SHMLBA on x86.
constexpr ByteCount kShmAlignment = kPageSize;

// What SHM_RDONLY and SHM_EXEC stand for.
struct AttachMode {
  std::uint64_t prot;
  std::uint32_t open_flags;
  // Of all three places of a mode, as ipcperms takes it.
  std::uint32_t permissions;
};

AttachMode ModeOf(std::uint32_t flags) {
  AttachMode mode{kProtRead | kProtWrite, kOpenReadWrite, 0666};
  if ((flags & kShmReadOnly) != 0) mode = {kProtRead, kOpenReadOnly, 0444};
  if ((flags & kShmExec) != 0) {
    mode.prot |= kProtExec;
    mode.permissions |= 0111;
  }
  return mode;
}

// The address that is asked for, rounded down where SHM_RND says so.
ErrnoOr<VirtualAddress> AskedFor(VirtualAddress address, std::uint32_t flags) {
  const bool remap = (flags & kShmRemap) != 0;
  const VirtualAddress rounded(address.value() & ~(kShmAlignment.value() - 1));
  if (rounded != address && (flags & kShmRound) == 0) return Errno::kInval;
  if (rounded == VirtualAddress(0) && remap) return Errno::kInval;
  return rounded;
}

// Whether the mapping is of System V shared memory, and where it would be had its attachment begun at the address and
// never been moved. Linux counts modulo 2^64.
bool IsInPlace(const AddressSpace& space, const Vma& vma, VirtualAddress address) {
  const std::uint64_t distance = (vma.range.start.value() - address.value()) >> kPageShift;
  return space.IsOfShmSegment(vma) && distance == vma.pgoff.value();
}

}  // namespace

ErrnoOr<VirtualAddress> Shmat(ShmSegments& segments, AddressSpace& space, const IpcCaller& caller, std::int32_t id,
                              VirtualAddress address, std::uint32_t flags) {
  VmEnvironment& environment = space.environment();
  environment.cpus.Charge(environment.costs.shm);
  if (id < 0) return Errno::kInval;
  const ErrnoOr<VirtualAddress> place = AskedFor(address, flags);
  if (!place.ok()) return place.error();
  const ShmSegment* segment = segments.Find(id);
  if (segment == nullptr) return Errno::kInval;
  const AttachMode mode = ModeOf(flags);
  if (!segment->permission.Permits(caller, mode.permissions)) return Errno::kAcces;
  const ErrnoOr<OpenFileId> file = environment.files.OpenAgain(segment->file, mode.open_flags);
  if (!file.ok()) return file.error();
  MmapArguments arguments;
  arguments.address = *place;
  arguments.length = segment->size;
  arguments.prot = mode.prot;
  // An address that rounding made 0 is fixed all the same.
  arguments.flags = kMapShared | (address != VirtualAddress(0) ? kMapFixed : 0);
  arguments.file = *file;
  arguments.must_be_free = *place != VirtualAddress(0) && (flags & kShmRemap) == 0;
  // What SHM_REMAP replaces may be the last mapping of this very segment.
  segments.Hold(id);
  const ErrnoOr<VirtualAddress> attached = Mmap(space, caller.memory, arguments);
  // The mapping has its own reference.
  environment.files.Put(*file);
  segments.Release(id);
  return attached;
}

Errno Shmdt(AddressSpace& space, VirtualAddress address) {
  VmEnvironment& environment = space.environment();
  environment.cpus.Charge(environment.costs.shm);
  if (!IsPageAligned(address)) return Errno::kInval;
  const MmapWriteLock lock(space);
  environment.cpus.Charge(environment.costs.munmap);
  // The first piece that is in its place tells which attachment is meant, and how far it can reach.
  const Vma* vma = space.Find(address);
  while (vma != nullptr && !IsInPlace(space, *vma, address)) vma = space.Next(*vma);
  if (vma == nullptr) return Errno::kInval;
  const OpenFileId file = vma->file;
  const ByteCount size = ToBytes(ToPagesRoundedUp(environment.files.InodeOf(file).size));
  bool first = true;
  // The first one goes however long it has become.
  while (vma != nullptr && (first || vma->range.end - address <= size)) {
    const VirtualRange range = vma->range;
    // Whole mappings are never cut, so this cannot fail.
    if (first || (vma->file == file && IsInPlace(space, *vma, address))) UnmapRange(space, range);
    vma = space.Find(range.end);
    first = false;
  }
  return Errno::kOk;
}

}  // namespace memsim
