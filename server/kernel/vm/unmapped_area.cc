#include "server/kernel/vm/unmapped_area.h"

#include <algorithm>
#include <optional>

#include "server/kernel/vm/mman_flags.h"

namespace memsim {
namespace {

// CONFIG_LSM_MMAP_MIN_ADDR, which counts for hints and searches beside the sysctl.
constexpr VirtualAddress kLsmMmapMinimum{65536};
// MAP_32BIT's window.
constexpr VirtualRange k32BitWindow{VirtualAddress(0x40000000), VirtualAddress(0x80000000)};
constexpr VirtualAddress kMapAbove4G_Start{1ULL << 32};

// vm_start_gap: where a mapping starts for those who search below it.
VirtualAddress StartWithGuard(const Vma& vma) {
  if ((vma.flags & kVmGrowsDown) == 0) return vma.range.start;
  return vma.range.start.value() > kStackGuardGap.value() ? vma.range.start - kStackGuardGap : VirtualAddress(0);
}

// The part of a gap that the guard gap of the stack above leaves. Empty if nothing.
VirtualRange WithoutGuard(const AddressSpace& space, const VmaTree::Gap& gap) {
  VirtualRange range = gap.range;
  if (gap.above != kNoVma) range.end = std::min(range.end, StartWithGuard(space.ById(gap.above)));
  return range;
}

// What a gap leaves for length bytes. nullopt: too little.
std::optional<VirtualRange> RoomIn(const AddressSpace& space, const VmaTree::Gap& gap, ByteCount length,
                                   PlacementTrail* trail) {
  const VirtualRange room = WithoutGuard(space, gap);
  const bool fits = !room.empty() && room.size() >= length;
  if (trail != nullptr) trail->Look({gap.range, gap.range.end - std::max(room.end, gap.range.start), fits});
  return fits ? std::optional<VirtualRange>(room) : std::nullopt;
}

// unmapped_area_topdown: the highest place for length bytes in the window.
std::optional<VirtualAddress> FindDown(AddressSpace& space, VirtualRange window, ByteCount length,
                                       PlacementTrail* trail) {
  while (window.start < window.end) {
    const std::optional<VmaTree::Gap> gap = space.HighestGap(window, length);
    if (!gap.has_value()) return std::nullopt;
    if (const auto room = RoomIn(space, *gap, length, trail); room.has_value()) return room->end - length;
    window.end = gap->range.start;
  }
  return std::nullopt;
}

// unmapped_area: the lowest one.
std::optional<VirtualAddress> FindUp(AddressSpace& space, VirtualRange window, ByteCount length,
                                     PlacementTrail* trail) {
  while (window.start < window.end) {
    const std::optional<VmaTree::Gap> gap = space.LowestGap(window, length);
    if (!gap.has_value()) return std::nullopt;
    if (const auto room = RoomIn(space, *gap, length, trail); room.has_value()) return room->start;
    window.start = gap->range.end;
  }
  return std::nullopt;
}

enum class Direction : std::uint8_t { kUp, kDown };

// vm_unmapped_area: for `request`, though the length may be another.
std::optional<VirtualAddress> FindIn(AddressSpace& space, VirtualRange window, Direction direction, ByteCount length,
                                     const PlacementRequest& request) {
  const bool down = direction == Direction::kDown;
  PlacementTrail* const trail = request.trail;
  if (trail != nullptr) trail->Begin(down ? PlacementStepKind::kTopDown : PlacementStepKind::kBottomUp, window, length);
  const auto place = down ? FindDown(space, window, length, trail) : FindUp(space, window, length, trail);
  if (trail != nullptr) trail->steps.back().found = place.has_value();
  const VirtualAddress answer =
      place.value_or(VirtualAddress(static_cast<std::uint64_t>(-static_cast<int>(Errno::kNoMem))));
  space.environment().cpus.Trace<Tracepoint::kVmUnmappedArea>(answer, space.statistics().total_vm, down, length,
                                                              window.start, window.end, 0, request.offset);
  return place;
}

// The hint as it stands, if nothing is in the way. MAP_32BIT takes none that ends above its window.
bool HintIsFree(AddressSpace& space, const PlacementRequest& request, ByteCount length) {
  const VirtualAddress hint = request.address;
  const VirtualAddress limit = (request.map_flags & kMap32Bit) != 0 ? k32BitWindow.end : kTaskSize;
  if (request.trail != nullptr) request.trail->Begin(PlacementStepKind::kHint, {hint, limit}, length);
  if (length.value() > limit.value() || hint > limit - length) return false;
  const Vma* next = space.Find(hint);
  const bool free = next == nullptr || hint + length <= StartWithGuard(*next);
  if (request.trail != nullptr) request.trail->steps.back().found = free;
  return free;
}

std::optional<VirtualAddress> Search(AddressSpace& space, const PlacementRequest& request, ByteCount length) {
  if ((request.map_flags & kMap32Bit) != 0) return FindIn(space, k32BitWindow, Direction::kUp, length, request);
  if (space.layout.legacy) return FindIn(space, {space.layout.mmap_base, kTaskSize}, Direction::kUp, length, request);
  const VirtualAddress low =
      (request.map_flags & kMapAbove4G) != 0 ? kMapAbove4G_Start : VirtualAddress(kPageSize.value());
  const std::optional<VirtualAddress> down =
      FindIn(space, {low, space.layout.mmap_base}, Direction::kDown, length, request);
  if (down.has_value()) return down;
  return FindIn(space, {kLegacyBase, kTaskSize}, Direction::kUp, length, request);
}

// thp_get_unmapped_area: a place at which the object's 2 MiB pieces can be huge pages; nullopt: none with the room to
// align.
std::optional<VirtualAddress> SearchAligned(AddressSpace& space, const PlacementRequest& request) {
  const std::uint64_t mask = kPmdSize.value() - 1;
  const std::uint64_t offset = request.kind == PlacementKind::kHugeFile ? request.offset.value() : 0;
  // The object must hold one whole aligned piece; loff_t has a sign, and near its end that is said of any length.
  const auto end = static_cast<std::int64_t>(offset + request.length.value());
  const auto aligned_from = static_cast<std::int64_t>((offset + mask) & ~mask);
  if (end <= aligned_from) return std::nullopt;
  if (offset + request.length.value() - ((offset + mask) & ~mask) < kPmdSize.value()) return std::nullopt;
  const ByteCount padded = request.length + kPmdSize;
  if (padded.value() < request.length.value() || offset + padded.value() < offset) return std::nullopt;
  if (padded.value() > kTaskSize.value()) return std::nullopt;
  const bool hinted = request.address != VirtualAddress(0);
  if (hinted && HintIsFree(space, request, padded)) return request.address;
  const std::optional<VirtualAddress> place = Search(space, request, padded);
  if (!place.has_value()) return std::nullopt;
  const std::uint64_t shift = (offset - place->value()) & mask;
  // Top-down, a place that is aligned already is moved up into the padding, so that mappings lie close together.
  const bool at_the_end = shift == 0 && !space.layout.legacy;
  return VirtualAddress(place->value() + (at_the_end ? kPmdSize.value() : shift));
}

bool WantsAlignment(const PlacementRequest& request) {
  switch (request.kind) {
    case PlacementKind::kPages:
      return false;
    case PlacementKind::kAnonymous:
      return request.length.value() % kPmdSize.value() == 0;
    case PlacementKind::kHugeFile:
      return true;
  }
  return false;
}

}  // namespace

VirtualAddress MmapMinimum(const AddressSpace& space) {
  const Sysctls& sysctls = space.environment().sysctls;
  return std::max(VirtualAddress(sysctls.mmap_min_addr.value()), kLsmMmapMinimum);
}

VirtualAddress RoundHintToMinimum(const AddressSpace& space, VirtualAddress hint) {
  hint = PageAlignDown(hint);
  if (hint != VirtualAddress(0) && hint < MmapMinimum(space)) return PageAlignUp(MmapMinimum(space));
  return hint;
}

namespace {

ErrnoOr<VirtualAddress> FindPlace(AddressSpace& space, const PlacementRequest& request) {
  if (request.length.value() > kTaskSize.value()) return Errno::kNoMem;
  if ((request.map_flags & kMapFixed) != 0) {
    if (request.address.value() > kTaskSize.value() - request.length.value()) return Errno::kNoMem;
    if (!IsPageAligned(request.address)) return Errno::kInval;
    return request.address;
  }
  const bool hinted = request.address != VirtualAddress(0);
  // A file's hint counts at first only with the padding behind it, and before anything else is tried.
  if (WantsAlignment(request) && (request.kind == PlacementKind::kHugeFile || !hinted)) {
    if (const auto place = SearchAligned(space, request)) return *place;
  }
  if (hinted && HintIsFree(space, request, request.length)) return request.address;
  const std::optional<VirtualAddress> place = Search(space, request, request.length);
  if (!place.has_value()) return Errno::kNoMem;
  return *place;
}

}  // namespace

ErrnoOr<VirtualAddress> GetUnmappedArea(AddressSpace& space, CapabilitySet capabilities,
                                        const PlacementRequest& request) {
  const ErrnoOr<VirtualAddress> place = FindPlace(space, request);
  // cap_mmap_addr.
  if (place.ok() && place->value() < space.environment().sysctls.mmap_min_addr.value() &&
      !capabilities.Has(Capability::kSysRawio)) {
    return Errno::kPerm;
  }
  return place;
}

VirtualAddress MmapBase(ByteCount stack_limit, ByteCount stack_random_max, PageCount random_pages) {
  constexpr ByteCount kMinimumGap{128ULL << 20};
  constexpr ByteCount kMaximumGap{kTaskSize.value() / 6 * 5};
  // Values that wrap when the padding is added stay as they are (mmap_base in arch/x86/mm/mmap.c).
  const ByteCount padding = stack_random_max + kStackGuardGap;
  ByteCount gap = stack_limit;
  if (gap + padding > gap) gap += padding;
  gap = std::clamp(gap, kMinimumGap, kMaximumGap);
  return PageAlignUp(VirtualAddress(kTaskSize.value() - gap.value() - ToBytes(random_pages).value()));
}

}  // namespace memsim
