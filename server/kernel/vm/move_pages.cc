#include "server/kernel/vm/move_pages.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/split_huge.h"

namespace memsim {

namespace {

// Where the part of the address space that one leaf table serves ends.
VirtualAddress TableEnd(VirtualAddress address) { return PmdAlignDown(address) + kPmdSize; }

// Entries of one table go to one other, under the locks of both (move_ptes).
void MoveEntries(AddressSpace& space, LeafTable& source, LeafTable& destination, VirtualRange from, VirtualAddress to) {
  VmEnvironment& environment = space.environment();
  const LockScope source_lock(environment.locks, source.lock, LockMode::kExclusive, {source.frame.value(), 0});
  std::optional<LockScope> destination_lock;
  if (&source != &destination) {
    destination_lock.emplace(environment.locks, destination.lock, LockMode::kExclusive,
                             LockOwner{destination.frame.value(), 0});
  }
  bool moved = false;
  for (VirtualAddress at = from.start; at < from.end; at += kPageSize) {
    const Pte pte = source.entries[PageTables::LeafIndex(at)];
    if (pte.none()) continue;
    destination.Set(PageTables::LeafIndex(to + (at - from.start)), pte);
    source.Set(PageTables::LeafIndex(at), Pte());
    environment.cpus.Charge(environment.costs.move_page);
    moved = true;
  }
  if (moved) space.FlushTlbRange(from.size());
}

}  // namespace

namespace {

enum class Moved : std::uint8_t { kAll, kNothing, kNoMemory };

// What one entry of a PMD serves, to where another one does, if both are aligned: the table goes over, or the huge
// entry (move_normal_pmd, move_huge_pmd). kNothing: that is not possible.
Moved MoveWhole(AddressSpace& space, VirtualRange from, VirtualAddress to) {
  PageTables& tables = space.page_tables();
  if (from.size() != kPmdSize || !IsPmdAligned(from.start) || !IsPmdAligned(to)) return Moved::kNothing;
  if (!tables.AllocateDirectories(to)) return Moved::kNoMemory;
  if (!tables.MovePmd(from.start, to)) return Moved::kNothing;
  space.environment().cpus.Charge(space.environment().costs.move_page);
  space.FlushTlbRange(kPmdSize);
  return Moved::kAll;
}

// Entries of one table to one other.
Moved MovePart(AddressSpace& space, VirtualRange from, VirtualAddress to) {
  PageTables& tables = space.page_tables();
  const bool huge = tables.has_huge() && tables.FindHuge(from.start) != nullptr;
  LeafTable* source = tables.Find(from.start);
  if (!huge && source == nullptr) return Moved::kNothing;
  const Moved whole = MoveWhole(space, from, to);
  if (whole != Moved::kNothing) return whole;
  if (huge) {
    SplitHugeEntry(space, PmdAlignDown(from.start));
    source = tables.Find(from.start);
  }
  if (source->used == 0) return Moved::kNothing;
  LeafTable* destination = tables.FindOrAllocate(to);
  if (destination == nullptr) return Moved::kNoMemory;
  MoveEntries(space, *source, *destination, from, to);
  return Moved::kAll;
}

}  // namespace

bool MovePages(AddressSpace& space, VirtualRange from, VirtualAddress to) {
  for (VirtualAddress at = from.start; at < from.end;) {
    const VirtualAddress target = to + (at - from.start);
    // One table on either side at a time.
    const VirtualAddress end = std::min({TableEnd(at), at + (TableEnd(target) - target), from.end});
    if (MovePart(space, {at, end}, target) == Moved::kNoMemory) {
      // The tables of the way back exist already, or came along, so it cannot fail.
      MovePages(space, RangeOf(to, at - from.start), from.start);
      return false;
    }
    at = end;
  }
  return true;
}

VirtualAddress AlignMove(AddressSpace& space, VirtualRange from, VirtualAddress to) {
  const ByteCount below(from.start.value() % kPmdSize.value());
  if (below == ByteCount(0) || to.value() % kPmdSize.value() != below.value()) return from.start;
  // Whole tables only are worth it, and so the range must reach the end of the first.
  if (from.size() < kPmdSize - below) return from.start;
  const auto free_below = [&space, below](VirtualAddress start) {
    const Vma* vma = space.Lookup(start);
    return vma != nullptr && vma->range.start == start &&
           space.FindIntersection(RangeOf(start - below, below)) == nullptr;
  };
  return free_below(from.start) && free_below(to) ? from.start - below : from.start;
}

}  // namespace memsim
