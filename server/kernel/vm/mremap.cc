#include "server/kernel/vm/mremap.h"

#include <algorithm>

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mman_flags.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/move_pages.h"
#include "server/kernel/vm/munmap.h"
#include "server/kernel/vm/populate.h"
#include "server/kernel/vm/unmapped_area.h"
#include "server/kernel/vm/vma_merge.h"

namespace memsim {
namespace {

// A remapping on its way; vma_remap_struct.
class Remap {
 public:
  Remap(AddressSpace& space, const VmCaller& caller, const MremapArguments& arguments, MmapWriteLock& lock)
      : space_(space), caller_(caller), arguments_(arguments), lock_(lock) {}

  // What Run made of locked memory and is to be filled. Empty: nothing.
  const VirtualRange& populated() const { return populated_; }

  ErrnoOr<VirtualAddress> Run() {
    if (const Errno error = CheckParameters(); error != Errno::kOk) return error;
    arguments_.old_length = ToBytes(ToPagesRoundedUp(arguments_.old_length));
    arguments_.new_length = ToBytes(ToPagesRoundedUp(arguments_.new_length));
    // A pure move may take several mappings along.
    if (Has(kMremapFixed) && old_length() == new_length() && old_length() != ByteCount(0)) return MoveAll();
    const ErrnoOr<VirtualAddress> result = RemapOne();
    if (result.ok() && populate_) populated_ = {*result + old_length(), *result + new_length()};
    return result;
  }

 private:
  ByteCount old_length() const { return arguments_.old_length; }
  ByteCount new_length() const { return arguments_.new_length; }
  VirtualAddress address() const { return arguments_.address; }
  bool Has(std::uint64_t flag) const { return (arguments_.flags & flag) != 0; }
  bool NamesNewPlace() const { return Has(kMremapFixed | kMremapDontUnmap); }
  bool Grows() const { return new_length() > old_length(); }
  // REQUIRES: Grows() or equal lengths.
  ByteCount Growth() const { return new_length() - old_length(); }

  // check_mremap_params, before the address space is looked at.
  Errno CheckParameters() const {
    const MremapArguments& a = arguments_;
    if ((a.flags & ~(kMremapMayMove | kMremapFixed | kMremapDontUnmap)) != 0) return Errno::kInval;
    if (!IsPageAligned(a.address)) return Errno::kInval;
    const ByteCount new_length = ToBytes(ToPagesRoundedUp(a.new_length));
    const ByteCount old_length = ToBytes(ToPagesRoundedUp(a.old_length));
    if (new_length == ByteCount(0) || new_length.value() > kTaskSize.value()) return Errno::kInval;
    if (!NamesNewPlace()) return Errno::kOk;
    if (!Has(kMremapMayMove)) return Errno::kInval;
    if (Has(kMremapDontUnmap) && old_length != new_length) return Errno::kInval;
    if (!IsPageAligned(a.new_address) || a.new_address.value() > kTaskSize.value() - new_length.value()) {
      return Errno::kInval;
    }
    const bool apart = a.address.value() + old_length.value() <= a.new_address.value() ||
                       a.new_address.value() + new_length.value() <= a.address.value();
    if (!apart) return Errno::kInval;
    // The move may split the old mapping twice and leave two pieces at the new place.
    return space_.map_count() + 2 >= MapCountBeforeMove() ? Errno::kNoMem : Errno::kOk;
  }

  std::uint64_t MapCountBeforeMove() const {
    const std::uint64_t limit = space_.environment().sysctls.max_map_count;
    return limit < 3 ? 0 : limit - 3;
  }

  // check_prep_vma: whether the mapping at the address can be remapped so.
  Errno CheckVma() const {
    const Vma* vma = space_.Lookup(address());
    if (vma == nullptr) return Errno::kFault;
    if ((vma->flags & kVmSealed) != 0) return Errno::kPerm;
    if (!Grows() && !NamesNewPlace()) return Errno::kOk;
    if (old_length() == ByteCount(0) && (vma->flags & (kVmShared | kVmMayShare)) == 0) return Errno::kInval;
    if (Has(kMremapDontUnmap) && (vma->flags & (kVmDontExpand | kVmPfnMap)) != 0) return Errno::kInval;
    // A shrinking move takes along only what is left of it, and unmaps the rest wherever that lies.
    if (std::min(old_length(), new_length()) > vma->range.end - address()) return Errno::kFault;
    if (!Grows()) return Errno::kOk;
    const std::uint64_t first_page = vma->PageIndex(address()).value();
    if (first_page + ToPages(new_length()).value() < first_page) return Errno::kInval;
    if ((vma->flags & (kVmDontExpand | kVmPfnMap)) != 0) return Errno::kFault;
    if (!MayLockMore(space_, caller_, vma->flags, ToPages(Growth()))) return Errno::kAgain;
    return MayExpand(space_, caller_, vma->flags, ToPages(Growth())) ? Errno::kOk : Errno::kNoMem;
  }

  ErrnoOr<VirtualAddress> RemapOne() {
    if (const Errno error = CheckVma(); error != Errno::kOk) return error;
    if (NamesNewPlace()) return RemapTo();
    if (old_length() == new_length()) return address();
    if (Grows()) return Expand();
    const Errno error = UnmapUserRange(space_, address() + new_length(), old_length() - new_length(), &lock_);
    if (error != Errno::kOk) return error;
    return address();
  }

  // remap_move: each mapping of the range keeps its distance from the start.
  ErrnoOr<VirtualAddress> MoveAll() {
    const VirtualAddress start = address();
    const VirtualAddress target = arguments_.new_address;
    const VirtualAddress end(start.value() + old_length().value());
    const Vma* first = space_.Find(start);
    if (first == nullptr || first->range.start > start) return Errno::kFault;
    for (VirtualAddress at = start; at < end;) {
      const Vma* vma = space_.Find(at);
      if (vma == nullptr || vma->range.start >= end) break;
      const VirtualRange part = vma->range.Intersection({at, end});
      arguments_.address = part.start;
      arguments_.old_length = arguments_.new_length = part.size();
      arguments_.new_address = target + (part.start - start);
      const ErrnoOr<VirtualAddress> moved = RemapOne();
      if (!moved.ok()) return moved;
      at = part.end;
    }
    return target;
  }

  // expand_vma.
  ErrnoOr<VirtualAddress> Expand() {
    Vma* vma = space_.Lookup(address());
    const VirtualAddress old_end = address() + old_length();
    const VirtualAddress new_end = address() + new_length();
    populate_ = (vma->flags & kVmLocked) != 0;
    const bool room = old_end == vma->range.end && new_end <= kTaskSize && new_end > old_end &&
                      space_.FindIntersection({old_end, new_end}) == nullptr;
    if (room) {
      if (!Charge(*vma, ToPages(Growth()))) return Errno::kNoMem;
      // vma_merge_extend: the new part always fits behind its own mapping, but for the kernel's own, which just grows.
      const NewMapping added{vma->For({old_end, new_end}), vma->anon};
      if (MergeExtension(space_, added) == nullptr) space_.Resize(*vma, {vma->range.start, new_end});
      return address();
    }
    if (!Has(kMremapMayMove)) return Errno::kNoMem;
    return MoveToFreePlace(VirtualAddress(0));
  }

  // mremap_to.
  ErrnoOr<VirtualAddress> RemapTo() {
    if (Has(kMremapFixed)) {
      const Errno error = UnmapRange(space_, RangeOf(arguments_.new_address, new_length()));
      if (error != Errno::kOk) return error;
      // A duplicate (old length 0) may be wanted right where the original is.
      if (space_.Lookup(address()) == nullptr) return Errno::kFault;
    }
    if (old_length() > new_length()) {
      // The old length is only a number so far: it may reach beyond all addresses.
      const Errno error = UnmapUserRange(space_, address() + new_length(), old_length() - new_length());
      if (error != Errno::kOk) return error;
      arguments_.old_length = new_length();
    }
    const Vma& vma = *space_.Lookup(address());
    if (Has(kMremapDontUnmap) && !MayExpand(space_, caller_, vma.flags, ToPages(old_length()))) return Errno::kNoMem;
    populate_ = Grows() && (vma.flags & kVmLocked) != 0;
    return MoveToFreePlace(arguments_.new_address);
  }

  // vrm_set_new_addr, then move_vma.
  ErrnoOr<VirtualAddress> MoveToFreePlace(VirtualAddress hint) {
    const Vma& vma = *space_.Lookup(address());
    PlacementRequest request;
    request.address = hint;
    request.length = new_length();
    request.offset = ToBytes(vma.PageIndex(address()) - PageOffset(0));
    request.map_flags = Has(kMremapFixed) ? kMapFixed : 0;
    if (vma.file != OpenFileId()) {
      if (space_.environment().files.AlignsToHugePages(vma.file)) request.kind = PlacementKind::kHugeFile;
    } else {
      request.kind = PlacementKind::kAnonymous;
    }
    const ErrnoOr<VirtualAddress> place = GetUnmappedArea(space_, caller_.capabilities, request);
    if (!place.ok()) return place;
    const Errno error = Move(*place);
    if (error != Errno::kOk) return error;
    return place;
  }

  bool Charge(const Vma& vma, PageCount pages) {
    return (vma.flags & kVmAccount) == 0 || ChargeCommit(space_, caller_, pages);
  }

  // move_vma: a mapping with the same pages at the new place, and the old one gone.
  Errno Move(VirtualAddress place) {
    if (space_.map_count() >= MapCountBeforeMove()) return Errno::kNoMem;
    Vma& vma = *space_.Lookup(address());
    // The kernel's own mappings move whole (special_mapping_split).
    const VirtualRange old_range = RangeOf(address(), old_length());
    if (vma.special != SpecialMapping::kNone && vma.range != old_range) return Errno::kInval;
    const bool keeps_old = Has(kMremapDontUnmap);
    const PageCount charged = ToPages(keeps_old ? new_length() : Growth());
    if (!Charge(vma, charged)) return Errno::kNoMem;
    NewMapping wanted{vma.For(RangeOf(address(), new_length())), AnonVmaLinks()};
    wanted.range = RangeOf(place, new_length());
    std::optional<AnonVmaLinks> links = space_.environment().anon_vmas.Clone(vma.anon);
    if (!links.has_value()) {
      if ((vma.flags & kVmAccount) != 0) space_.environment().commit.Uncharge(charged);
      return Errno::kNoMem;
    }
    wanted.anon = *std::move(links);
    // Memory that was never touched may take the numbers of its new place, and so merge there.
    if (vma.IsAnonymous() && vma.anon.own == AnonVmaId()) wanted.pgoff = PageOffset(place.value() >> kPageShift);
    if (vma.file != OpenFileId()) space_.environment().files.Get(vma.file);
    const bool accounted = (vma.flags & kVmAccount) != 0;
    if (MapNewRange(space_, wanted) == nullptr) {
      space_.environment().anon_vmas.Unlink(wanted.anon);
      if (wanted.file != OpenFileId()) space_.environment().files.Put(wanted.file);
      if (accounted) space_.environment().commit.Uncharge(charged);
      return Errno::kNoMem;
    }
    const VirtualAddress from = AlignMove(space_, RangeOf(address(), old_length()), place);
    if (!MovePages(space_, {from, address() + old_length()}, place - (address() - from))) {
      Unmap(RangeOf(place, new_length()));
      if (accounted) space_.environment().commit.Uncharge(charged);
      return Errno::kNoMem;
    }
    if (keeps_old) {
      LeaveOldEmpty();
    } else if (old_length() != ByteCount(0)) {
      Unmap(RangeOf(address(), old_length()));
    }
    return Errno::kOk;
  }

  // Unmaps without giving the promise back: it moved along, or is given back apart. The room for the splits was
  // checked.
  void Unmap(VirtualRange range) {
    ErrnoOr<UnmapPlan> plan = GatherUnmap(space_, range);
    if (!plan.ok()) return;
    plan->accounted = PageCount(0);
    CompleteUnmap(space_, *plan);
  }

  // dontunmap_complete: the old mapping stays as if it had never been touched.
  void LeaveOldEmpty() {
    Vma& vma = *space_.Lookup(address());
    const PageCount locked = (vma.flags & kVmLocked) != 0 ? vma.range.pages() : PageCount(0);
    space_.SetFlags(vma, vma.flags & ~kVmLockedMask);
    // Linux clears the flag without counting the pages out.
    space_.AddLockedWithoutFlag(locked);
    if (vma.range == RangeOf(address(), old_length())) space_.environment().anon_vmas.Unlink(vma.anon);
  }

  AddressSpace& space_;
  const VmCaller& caller_;
  MremapArguments arguments_;
  MmapWriteLock& lock_;
  // New pages of locked memory are there at once.
  bool populate_ = false;
  VirtualRange populated_;
};

}  // namespace

ErrnoOr<VirtualAddress> Mremap(AddressSpace& space, const VmCaller& caller, const MremapArguments& arguments) {
  VirtualRange populated;
  const ErrnoOr<VirtualAddress> result = [&] {
    MmapWriteLock lock(space);
    space.environment().cpus.Charge(space.environment().costs.mremap);
    Remap remap(space, caller, arguments, lock);
    const ErrnoOr<VirtualAddress> address = remap.Run();
    populated = remap.populated();
    return address;
  }();
  if (populated.start != populated.end) PopulateRange(space, caller, populated, PopulateErrors::kPassedOver);
  return result;
}

}  // namespace memsim
