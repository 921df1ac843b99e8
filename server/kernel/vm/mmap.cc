#include "server/kernel/vm/mmap.h"

#include <utility>

#include "server/kernel/file/seals.h"
#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mm_flags.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/munmap.h"
#include "server/kernel/vm/populate.h"
#include "server/kernel/vm/unmapped_area.h"
#include "server/kernel/vm/vma_merge.h"

namespace memsim {
namespace {

// An mmap on its way through the checks.
struct PendingMap {
  MmapArguments arguments;
  ByteCount length;
  VmFlags flags = 0;
  VirtualRange range;

  bool Has(std::uint64_t map_flag) const { return (arguments.flags & map_flag) != 0; }
  bool IsFile() const { return arguments.file != OpenFileId(); }
  std::uint64_t Type() const { return arguments.flags & kMapType; }
  bool IsShared() const { return Type() == kMapShared || Type() == kMapSharedValidate; }
};

// The steps of ksys_mmap_pgoff and do_mmap before a place is sought. Offset and length are both below 2^52 pages, so
// that their sum cannot overflow.
Errno CheckLength(AddressSpace& space, PendingMap& map) {
  if (map.arguments.length == ByteCount(0)) return Errno::kInval;
  map.length = ToBytes(ToPagesRoundedUp(map.arguments.length));
  if (map.length == ByteCount(0)) return Errno::kNoMem;
  if (space.map_count() > space.environment().sysctls.max_map_count) return Errno::kNoMem;
  return Errno::kOk;
}

// MAP_HUGETLB: a machine has no huge page pool, so sizes that x86 knows are out of memory and others unknown.
Errno CheckHugeTlb(const PendingMap& map) {
  if (!map.Has(kMapHugeTlb)) return Errno::kOk;
  if (map.IsFile()) return Errno::kInval;
  const std::uint64_t size_code = map.arguments.flags >> 26 & 0x3f;
  return size_code == 0 || size_code == 21 || size_code == 30 ? Errno::kNoMem : Errno::kInval;
}

PlacementKind KindOf(const AddressSpace& space, const PendingMap& map) {
  if (map.IsFile()) {
    return space.environment().files.AlignsToHugePages(map.arguments.file) ? PlacementKind::kHugeFile
                                                                           : PlacementKind::kPages;
  }
  return map.IsShared() ? PlacementKind::kPages : PlacementKind::kAnonymous;
}

PlacementRequest RequestFor(const AddressSpace& space, const PendingMap& map) {
  PlacementRequest request;
  const bool fixed = map.Has(kMapFixed) || map.Has(kMapFixedNoReplace);
  request.address = fixed ? map.arguments.address : RoundHintToMinimum(space, map.arguments.address);
  request.length = map.length;
  request.offset = ToBytes(map.arguments.pgoff - PageOffset(0));
  request.map_flags = map.arguments.flags | (fixed ? kMapFixed : 0);
  request.kind = KindOf(space, map);
  return request;
}

Errno Place(AddressSpace& space, const VmCaller& caller, PendingMap& map) {
  const ErrnoOr<VirtualAddress> address = GetUnmappedArea(space, caller.capabilities, RequestFor(space, map));
  if (!address.ok()) return address.error();
  map.range = RangeOf(*address, map.length);
  if (map.Has(kMapFixedNoReplace) && space.FindIntersection(map.range) != nullptr) return Errno::kExist;
  return Errno::kOk;
}

VmFlags InitialFlags(AddressSpace& space, const VmCaller& caller, const MmapArguments& arguments) {
  const ProtectionKey key = arguments.prot == kProtExec ? space.keys.ExecuteOnly(caller.pkru) : 0;
  VmFlags flags =
      FlagsOfProt(arguments.prot) | FlagsOfKey(key) | space.def_flags | kVmMayRead | kVmMayWrite | kVmMayExec;
  if ((arguments.flags & kMapGrowsDown) != 0) flags |= kVmGrowsDown;
  if ((arguments.flags & kMapLocked) != 0) flags |= kVmLocked;
  if ((arguments.flags & kMapStack) != 0) flags |= kVmNoHugePage;
  // Whatever is mapped has it, and does not merge with what has not.
  if ((arguments.flags & kMapSync) != 0) flags |= kVmSync;
  return flags;
}

// The largest byte offset of a file: file_mmap_ok.
Errno CheckFileExtent(const PendingMap& map) {
  constexpr std::uint64_t kMaxFilePages = static_cast<std::uint64_t>(INT64_MAX) >> kPageShift;
  const std::uint64_t pages = ToPages(map.length).value();
  return pages > kMaxFilePages || map.arguments.pgoff.value() > kMaxFilePages - pages ? Errno::kOverflow : Errno::kOk;
}

// ext4 knows MAP_SYNC, and everything else ignores it.
bool KnowsSync(const FileSystem& files, OpenFileId file) { return files.InodeOf(file).kind == FileKind::kRegular; }

// memfd_check_seals_mmap: what is sealed against stores is shared read-only, for good.
Errno CheckSeals(std::uint32_t seals, PendingMap& map) {
  if ((seals & kWriteSeals) == 0 || (map.flags & kVmShared) == 0) return Errno::kOk;
  if ((map.flags & kVmWrite) != 0) return Errno::kPerm;
  map.flags &= ~kVmMayWrite;
  return Errno::kOk;
}

Errno CheckFile(AddressSpace& space, PendingMap& map) {
  const FileSystem& files = space.environment().files;
  const OpenFileId file = map.arguments.file;
  if (const Errno error = CheckFileExtent(map); error != Errno::kOk) return error;
  switch (map.Type()) {
    case kMapSharedValidate:
      if ((map.arguments.flags & ~(kMapLegacyMask | (KnowsSync(files, file) ? kMapSync : 0))) != 0) {
        return Errno::kOpNotSupp;
      }
      [[fallthrough]];
    case kMapShared:
      if ((map.arguments.prot & kProtWrite) != 0 && !files.CanWrite(file)) return Errno::kAcces;
      map.flags |= kVmShared | kVmMayShare;
      if (!files.CanWrite(file)) map.flags &= ~(kVmMayWrite | kVmShared);
      [[fallthrough]];
    case kMapPrivate:
      if (!files.CanRead(file)) return Errno::kAcces;
      if (!files.CanMap(file)) return Errno::kNoDev;
      if ((map.flags & kVmGrowsDown) != 0) return Errno::kInval;
      return CheckSeals(files.InodeOf(file).seals, map);
    default:
      return Errno::kInval;
  }
}

Errno CheckAnonymous(PendingMap& map) {
  switch (map.Type()) {
    case kMapShared:
      if ((map.flags & kVmGrowsDown) != 0) return Errno::kInval;
      map.arguments.pgoff = PageOffset(0);
      map.flags |= kVmShared | kVmMayShare;
      return Errno::kOk;
    case kMapPrivate:
      map.arguments.pgoff = PageOffset(map.range.start.value() >> kPageShift);
      return Errno::kOk;
    case kMapDroppable:
      if ((map.flags & (kVmLocked | kVmGrowsDown)) != 0 || map.Has(kMapHugeTlb)) return Errno::kInval;
      // Never counted, never a worry: dropped instead of swapped.
      map.flags |= kVmDroppable | kVmNoReserve | kVmWipeOnFork | kVmDontDump;
      map.arguments.pgoff = PageOffset(map.range.start.value() >> kPageShift);
      return Errno::kOk;
    default:
      return Errno::kInval;
  }
}

Errno CheckKind(AddressSpace& space, PendingMap& map) {
  const Errno error = map.IsFile() ? CheckFile(space, map) : CheckAnonymous(map);
  if (error != Errno::kOk) return error;
  if (map.Has(kMapNoReserve) && space.environment().sysctls.overcommit_memory != OvercommitPolicy::kNever) {
    map.flags |= kVmNoReserve;
  }
  return Errno::kOk;
}

bool IsZeroDevice(const AddressSpace& space, const PendingMap& map) {
  return map.IsFile() && space.environment().files.IsZeroDevice(map.arguments.file);
}

// The file behind the mapping, with a reference for it. Shared anonymous memory has one of its own, and so has
// /dev/zero when it is mapped shared.
ErrnoOr<OpenFileId> FileOf(AddressSpace& space, const VmCaller& caller, const PendingMap& map) {
  if (map.IsShared() && (!map.IsFile() || IsZeroDevice(space, map))) {
    // Promised as a whole unless it is mapped with MAP_NORESERVE.
    const bool reserve = (map.flags & kVmNoReserve) == 0;
    return CreateSharedMemory(space, caller, map.range.pages(), reserve ? map.range.pages() : PageCount(0));
  }
  if (map.IsFile()) space.environment().files.Get(map.arguments.file);
  return map.arguments.file;
}

// shm_mmap: what was replaced may have been the last mapping of a removed segment, whose file comes back.
bool IsOfEndedSegment(const AddressSpace& space, const PendingMap& map) {
  const VmEnvironment& environment = space.environment();
  return map.IsFile() && environment.files.IsShmSegment(map.arguments.file) &&
         !environment.shm_mappings->Lives(environment.files.InodeOf(map.arguments.file).number);
}

// mmap_region: from here on the old mappings in the range are cut, and after the limits are passed they are gone.
Errno MapRegion(AddressSpace& space, const VmCaller& caller, PendingMap& map) {
  if (DeniesWriteExec(space.mm_flags, map.flags, map.flags)) return Errno::kAcces;
  UnmapPlan replaced;
  // A place that the kernel chose, or found free as the hint says, has nothing to cut.
  if (map.Has(kMapFixed)) {
    const ErrnoOr<UnmapPlan> plan = GatherUnmap(space, map.range);
    if (!plan.ok()) return plan.error();
    replaced = *plan;
  }
  // Replaced pages make room for the new ones.
  if (!MayExpand(space, caller, map.flags, map.range.pages() - replaced.pages)) return Errno::kNoMem;
  CommitAccounting& commit = space.environment().commit;
  PageCount promised;
  if (IsAccountable(map.flags)) {
    // What was promised to the old mappings goes over to the new one.
    promised = map.range.pages() - std::exchange(replaced.accounted, PageCount(0));
    if (!ChargeCommit(space, caller, promised)) return Errno::kNoMem;
    map.flags |= kVmAccount;
  }
  const ErrnoOr<OpenFileId> file = FileOf(space, caller, map);
  if (!file.ok()) {
    commit.Uncharge(promised);
    return file.error();
  }
  CompleteUnmap(space, replaced);
  if (IsOfEndedSegment(space, map)) {
    space.environment().files.Put(*file);
    if ((map.flags & kVmAccount) != 0) commit.Uncharge(map.range.pages());
    return Errno::kInval;
  }
  if (map.IsFile() && map.Has(kMapSync) && KnowsSync(space.environment().files, map.arguments.file)) {
    // The file system's own mmap refuses what is not persistent memory, when the old mapping is gone already.
    space.environment().files.Put(*file);
    if ((map.flags & kVmAccount) != 0) commit.Uncharge(map.range.pages());
    return Errno::kOpNotSupp;
  }
  NewMapping wanted;
  wanted.range = map.range;
  wanted.flags = map.flags;
  wanted.pgoff = map.arguments.pgoff;
  wanted.file = *file;
  wanted.zero_device = !map.IsShared() && IsZeroDevice(space, map);
  if (MapNewRange(space, wanted) != nullptr) return Errno::kOk;
  // The old mappings are gone: Linux, too, fails here only after it has removed them.
  if (*file != OpenFileId()) space.environment().files.Put(*file);
  if ((map.flags & kVmAccount) != 0) commit.Uncharge(map.range.pages());
  return Errno::kNoMem;
}

}  // namespace

VmFlags FlagsOfProt(std::uint64_t prot) {
  static_assert(kProtRead == kVmRead && kProtWrite == kVmWrite && kProtExec == kVmExec);
  return prot & kVmAccessFlags;
}

ErrnoOr<OpenFileId> CreateSharedMemory(AddressSpace& space, const VmCaller& caller, PageCount pages,
                                       PageCount promised) {
  if (!ChargeCommit(space, caller, promised)) return Errno::kNoMem;
  const ErrnoOr<OpenFileId> file = space.environment().files.CreateSharedAnonymous(ToBytes(pages), promised);
  if (!file.ok()) space.environment().commit.Uncharge(promised);
  return file;
}

namespace {

// What do_shmat asks before do_mmap.
bool IsFreeForShmat(AddressSpace& space, const MmapArguments& arguments) {
  const VirtualAddress end(arguments.address.value() + arguments.length.value());
  return end >= arguments.address && space.FindIntersection({arguments.address, end}) == nullptr;
}

// vm_mmap_pgoff, under mmap_lock.
Errno MapUnderLock(AddressSpace& space, const VmCaller& caller, PendingMap& map) {
  const MmapWriteLock lock(space);
  space.environment().cpus.Charge(space.environment().costs.mmap);
  if (map.arguments.must_be_free && !IsFreeForShmat(space, map.arguments)) return Errno::kInval;
  if (const Errno error = CheckHugeTlb(map); error != Errno::kOk) return error;
  if (const Errno error = CheckLength(space, map); error != Errno::kOk) return error;
  map.flags = InitialFlags(space, caller, map.arguments);
  if (const Errno error = Place(space, caller, map); error != Errno::kOk) return error;
  if (map.Has(kMapLocked) && !MayLock(caller)) return Errno::kPerm;
  if (!MayLockMore(space, caller, map.flags, map.range.pages())) return Errno::kAgain;
  if (const Errno error = CheckKind(space, map); error != Errno::kOk) return error;
  return MapRegion(space, caller, map);
}

}  // namespace

ErrnoOr<VirtualAddress> FindPlaceFor(AddressSpace& space, const VmCaller& caller, const MmapArguments& arguments,
                                     PlacementTrail& trail) {
  PendingMap map;
  map.arguments = arguments;
  map.length = ToBytes(ToPagesRoundedUp(arguments.length));
  if (arguments.length == ByteCount(0)) return Errno::kInval;
  if (map.length == ByteCount(0)) return Errno::kNoMem;
  PlacementRequest request = RequestFor(space, map);
  request.trail = &trail;
  return GetUnmappedArea(space, caller.capabilities, request);
}

ErrnoOr<VirtualAddress> Mmap(AddressSpace& space, const VmCaller& caller, const MmapArguments& arguments) {
  PendingMap map;
  map.arguments = arguments;
  map.arguments.prot = ProtUnder(caller.personality, arguments.prot);
  if (const Errno error = MapUnderLock(space, caller, map); error != Errno::kOk) return error;
  const bool populate = map.Has(kMapPopulate) && !map.Has(kMapNonblock);
  if ((map.flags & kVmLocked) != 0 || populate) PopulateRange(space, caller, map.range, PopulateErrors::kPassedOver);
  return map.range.start;
}

}  // namespace memsim
