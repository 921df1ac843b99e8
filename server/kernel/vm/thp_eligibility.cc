#include "server/kernel/vm/thp_eligibility.h"

namespace memsim {
namespace {

// The mode of the machine: hugepage_global_always, hugepage_global_enabled. Simplified: 2 MiB is the only size, and
// inherits it, as it does by default.
bool ModeAllows(TransparentHugePages mode, VmFlags flags) {
  return mode == TransparentHugePages::kAlways ||
         (mode == TransparentHugePages::kMadvise && (flags & kVmHugePage) != 0);
}

// vma_thp_disabled.
bool IsDisabled(MmFlags mm, VmFlags flags, HugePageUse use) {
  if ((flags & kVmNoHugePage) != 0 || (mm & kMmDisableThpCompletely) != 0) return true;
  const bool advised = (flags & kVmHugePage) != 0 || use == HugePageUse::kForcedCollapse;
  return !advised && (mm & kMmDisableThpExceptAdvised) != 0;
}

// Whether the last 2 MiB of it that are aligned lie in the mapping: then there are some.
bool HoldsAlignedRange(const Vma& vma) {
  return vma.range.size() >= kPmdSize && PmdAlignDown(vma.range.end - kPmdSize) >= vma.range.start;
}

}  // namespace

bool MayHaveHugePages(const AddressSpace& space, const Vma& vma, HugePageUse use) {
  if (!vma.IsAnonymous()) return false;
  const bool forced = use == HugePageUse::kForcedCollapse;
  if (!forced && !ModeAllows(space.environment().huge.mode(), vma.flags)) return false;
  if (IsDisabled(space.mm_flags, vma.flags, use)) return false;
  if (forced && (vma.flags & kVmSpecial) != 0) return false;
  if (use != HugePageUse::kFault && !HoldsAlignedRange(vma)) return false;
  return !forced || vma.anon.own != AnonVmaId();
}

}  // namespace memsim
