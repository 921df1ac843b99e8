#include "server/kernel/vm/brk.h"

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/mmap.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/munmap.h"
#include "server/kernel/vm/populate.h"
#include "server/kernel/vm/vma_merge.h"

namespace memsim {
namespace {

constexpr VmFlags kHeapFlags = kVmRead | kVmWrite | kVmMayRead | kVmMayWrite | kVmMayExec | kVmAccount;

// check_data_rlimit: heap and initialised data together.
bool WithinDataLimit(const AddressSpace& space, const VmCaller& caller, VirtualAddress wanted) {
  const AddressLayout& layout = space.layout;
  const std::uint64_t limit = caller.limits[Resource::kData].current;
  if (limit == kRlimInfinity) return true;
  return (wanted - layout.start_brk).value() + (layout.end_data - layout.start_data).value() <= limit;
}

// Whether the heap may end here: one free page must remain below the next mapping, and a stack's guard gap.
bool RoomToGrow(AddressSpace& space, VirtualAddress old_end, VirtualAddress new_end) {
  const Vma* next = space.Find(old_end);
  if (next == nullptr) return true;
  const ByteCount guard = (next->flags & kVmGrowsDown) != 0 ? kStackGuardGap : ByteCount(0);
  return next->range.start.value() >= new_end.value() + kPageSize.value() + guard.value();
}

// do_brk_flags.
bool Grow(AddressSpace& space, const VmCaller& caller, VirtualRange range) {
  // VM_DATA_FLAGS_TSK_EXEC.
  const VmFlags access = FlagsOfProt(ProtUnder(caller.personality, kProtRead));
  const VmFlags flags = kHeapFlags | access | space.def_flags;
  if (!MayLockMore(space, caller, flags, range.pages())) return false;
  if (!MayExpand(space, caller, flags, range.pages())) return false;
  if (space.map_count() > space.environment().sysctls.max_map_count) return false;
  if (!ChargeCommit(space, caller, range.pages())) return false;
  NewMapping wanted;
  wanted.range = range;
  wanted.flags = flags;
  wanted.pgoff = PageOffset(range.start.value() >> kPageShift);
  // A mapping that ends where the heap starts (bss) is not the heap's, and does not grow.
  Vma* below = space.FindBefore(range.start);
  const bool is_heap = below != nullptr && below->range.end > space.layout.start_brk;
  if (is_heap && ExpandInto(space, *below, wanted)) return true;
  if (InsertNewRange(space, wanted) != nullptr) return true;
  space.environment().commit.Uncharge(range.pages());
  return false;
}

// Under mmap_lock. Where the break is then; grown: what was added to the heap.
VirtualAddress MoveBreak(AddressSpace& space, const VmCaller& caller, VirtualAddress wanted, VirtualRange& grown) {
  MmapWriteLock lock(space);
  space.environment().cpus.Charge(space.environment().costs.brk);
  AddressLayout& layout = space.layout;
  if (wanted < layout.start_brk || wanted > kTaskSize || !WithinDataLimit(space, caller, wanted)) return layout.brk;
  const VirtualAddress new_end = PageAlignUp(wanted);
  const VirtualAddress old_end = PageAlignUp(layout.brk);
  if (new_end < old_end) {
    // Shrinks by whatever is there, unless nothing of it is.
    const Vma* first = space.Find(new_end);
    if (first == nullptr || first->range.start >= old_end) return layout.brk;
    // It moves while nobody else may look, and back if that was too early.
    const VirtualAddress before = layout.brk;
    layout.brk = wanted;
    if (UnmapRange(space, {new_end, old_end}, &lock) != Errno::kOk) layout.brk = before;
    return layout.brk;
  }
  if (new_end > old_end && (!RoomToGrow(space, old_end, new_end) || !Grow(space, caller, {old_end, new_end}))) {
    return layout.brk;
  }
  layout.brk = wanted;
  if (new_end > old_end) grown = {old_end, new_end};
  return wanted;
}

}  // namespace

VirtualAddress Brk(AddressSpace& space, const VmCaller& caller, VirtualAddress wanted) {
  VirtualRange grown;
  const VirtualAddress now = MoveBreak(space, caller, wanted, grown);
  const bool locked = (space.def_flags & kVmLocked) != 0;
  if (locked && !grown.empty()) PopulateRange(space, caller, grown, PopulateErrors::kPassedOver);
  return now;
}

}  // namespace memsim
