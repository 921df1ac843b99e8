// What get_unmapped_area tried on its way, for whoever wants to see it.

#ifndef MEMSIM_SERVER_KERNEL_VM_PLACEMENT_TRAIL_H_
#define MEMSIM_SERVER_KERNEL_VM_PLACEMENT_TRAIL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/base/units.h"
#include "server/kernel/vm/virtual_range.h"

namespace memsim {

enum class PlacementStepKind : std::uint8_t { kHint, kTopDown, kBottomUp };

// A free stretch that is long enough but for guard gaps.
struct ConsideredGap {
  VirtualRange range;
  // What of it the guard gap of the stack above takes.
  ByteCount guard;
  bool fits = false;

  friend bool operator==(const ConsideredGap&, const ConsideredGap&) = default;
};

struct PlacementStep {
  PlacementStepKind kind = PlacementStepKind::kHint;
  // Of a hint: from there to the limit.
  VirtualRange window;
  ByteCount length;
  // The first kMaxGaps of gap_count.
  std::vector<ConsideredGap> gaps;
  std::uint64_t gap_count = 0;
  bool found = false;
};

struct PlacementTrail {
  // Stacks whose guard gaps are in the way are few; a program that makes many is told of the first.
  static constexpr std::size_t kMaxGaps = 64;

  void Begin(PlacementStepKind kind, VirtualRange window, ByteCount length) {
    steps.push_back({kind, window, length, {}, 0, false});
  }
  // REQUIRES: a search began.
  void Look(const ConsideredGap& gap) {
    PlacementStep& step = steps.back();
    if (step.gap_count++ < kMaxGaps) step.gaps.push_back(gap);
  }

  std::vector<PlacementStep> steps;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_PLACEMENT_TRAIL_H_
