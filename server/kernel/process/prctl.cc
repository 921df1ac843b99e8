#include "server/kernel/process/prctl.h"

#include <algorithm>

#include "server/kernel/vm/mm_flags.h"
#include "server/kernel/vm/mmap_lock.h"

namespace memsim {
namespace {

// PR_MDWE_REFUSE_EXEC_GAIN and PR_MDWE_NO_INHERIT.
constexpr std::uint64_t kMdweRefuseExecGain = 1;
constexpr std::uint64_t kMdweNoInherit = 2;
// PR_THP_DISABLE_EXCEPT_ADVISED, and what PR_GET_THP_DISABLE answers beside it.
constexpr std::uint64_t kThpExceptAdvised = 2;
constexpr std::uint64_t kThpDisabled = 1;

// Whether the arguments from the given one on are 0, as operations ask that may need them one day.
bool UnusedFrom(const PrctlArguments& arguments, std::size_t first) {
  return std::all_of(arguments.begin() + static_cast<std::ptrdiff_t>(first), arguments.end(),
                     [](std::uint64_t argument) { return argument == 0; });
}

std::uint64_t MdweBits(const AddressSpace& space) {
  return ((space.mm_flags & kMmHasMdwe) != 0 ? kMdweRefuseExecGain : 0) |
         ((space.mm_flags & kMmHasMdweNoInherit) != 0 ? kMdweNoInherit : 0);
}

// prctl_set_mdwe.
ErrnoOr<std::uint64_t> SetMdwe(AddressSpace& space, const PrctlArguments& arguments) {
  const std::uint64_t bits = arguments[0];
  if (!UnusedFrom(arguments, 1) || (bits & ~(kMdweRefuseExecGain | kMdweNoInherit)) != 0) return Errno::kInval;
  if (bits == kMdweNoInherit) return Errno::kInval;
  // There is no way back.
  const std::uint64_t current = MdweBits(space);
  if (current != 0 && current != bits) return Errno::kPerm;
  if ((bits & kMdweNoInherit) != 0) space.mm_flags |= kMmHasMdweNoInherit;
  if ((bits & kMdweRefuseExecGain) != 0) space.mm_flags |= kMmHasMdwe;
  return std::uint64_t{0};
}

// prctl_set_thp_disable.
ErrnoOr<std::uint64_t> SetThpDisable(AddressSpace& space, const PrctlArguments& arguments) {
  const bool disable = arguments[0] != 0;
  const std::uint64_t flags = arguments[1];
  if (!UnusedFrom(arguments, 2) || (flags & ~kThpExceptAdvised) != 0 || (!disable && flags != 0)) return Errno::kInval;
  const MmapWriteLock lock(space);
  space.mm_flags &= ~(kMmDisableThpCompletely | kMmDisableThpExceptAdvised);
  if (disable) space.mm_flags |= flags == 0 ? kMmDisableThpCompletely : kMmDisableThpExceptAdvised;
  return std::uint64_t{0};
}

// prctl_get_thp_disable.
std::uint64_t ThpDisableBits(const AddressSpace& space) {
  if ((space.mm_flags & kMmDisableThpCompletely) != 0) return kThpDisabled;
  return (space.mm_flags & kMmDisableThpExceptAdvised) != 0 ? kThpDisabled | kThpExceptAdvised : 0;
}

ErrnoOr<std::uint64_t> SetKeepCaps(Credentials& credentials, std::uint64_t keep) {
  if (keep > 1) return Errno::kInval;
  credentials.KeepCapabilities(keep != 0);
  return std::uint64_t{0};
}

ErrnoOr<std::uint64_t> ReadBoundingSet(const Credentials& credentials, std::uint64_t capability) {
  if (capability > kLastCapability) return Errno::kInval;
  return credentials.bounding().bits() >> capability & 1;
}

ErrnoOr<std::uint64_t> OrZero(Errno error) {
  if (error != Errno::kOk) return error;
  return std::uint64_t{0};
}

}  // namespace

ErrnoOr<std::uint64_t> Prctl(Task& task, AddressSpace& space, int option, const PrctlArguments& arguments) {
  switch (option) {
    case kPrGetKeepCaps:
      return static_cast<std::uint64_t>(task.credentials.keeps_capabilities());
    case kPrSetKeepCaps:
      return SetKeepCaps(task.credentials, arguments[0]);
    case kPrCapbsetRead:
      return ReadBoundingSet(task.credentials, arguments[0]);
    case kPrCapbsetDrop:
      return OrZero(task.credentials.DropFromBoundingSet(arguments[0]));
    case kPrSetThpDisable:
      return SetThpDisable(space, arguments);
    case kPrGetThpDisable:
      if (!UnusedFrom(arguments, 0)) return Errno::kInval;
      return ThpDisableBits(space);
    case kPrSetMdwe:
      return SetMdwe(space, arguments);
    case kPrGetMdwe:
      if (!UnusedFrom(arguments, 0)) return Errno::kInval;
      return MdweBits(space);
    case kPrSetVma:
      return Errno::kInval;
    default:
      return Errno::kNoSys;
  }
}

}  // namespace memsim
