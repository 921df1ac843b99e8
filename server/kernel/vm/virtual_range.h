// A range of virtual addresses.

#ifndef MEMSIM_SERVER_KERNEL_VM_VIRTUAL_RANGE_H_
#define MEMSIM_SERVER_KERNEL_VM_VIRTUAL_RANGE_H_

#include "server/base/units.h"

namespace memsim {

// [start, end): end itself is outside. Empty if end <= start, so that an intersection may be computed without asking
// first.
struct VirtualRange {
  VirtualAddress start;
  VirtualAddress end;

  constexpr bool empty() const { return end <= start; }
  // REQUIRES: start <= end.
  constexpr ByteCount size() const { return end - start; }
  // REQUIRES: start <= end, both page-aligned.
  constexpr PageCount pages() const { return ToPages(size()); }
  constexpr bool Contains(VirtualAddress address) const { return start <= address && address < end; }
  // True for an empty other only where other.start and other.end both lie within or at the ends.
  constexpr bool Contains(VirtualRange other) const { return start <= other.start && other.end <= end; }
  // An empty range overlaps nothing.
  constexpr bool Overlaps(VirtualRange other) const { return !Intersection(other).empty(); }
  // The addresses in both; empty() if there are none.
  constexpr VirtualRange Intersection(VirtualRange other) const {
    return {start < other.start ? other.start : start, end < other.end ? end : other.end};
  }

  friend constexpr bool operator==(VirtualRange, VirtualRange) = default;
};

// REQUIRES: start + size does not wrap.
constexpr VirtualRange RangeOf(VirtualAddress start, ByteCount size) { return {start, start + size}; }

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VIRTUAL_RANGE_H_
