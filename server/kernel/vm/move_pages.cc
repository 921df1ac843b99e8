#include "server/kernel/vm/move_pages.h"

#include <algorithm>
#include <optional>

#include "server/kernel/cpu/lock_scope.h"

namespace memsim {

namespace {

// Where the part of the address space that one leaf table serves ends.
VirtualAddress TableEnd(VirtualAddress address) { return VirtualAddress(((address.value() >> 21) + 1) << 21); }

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

bool MovePages(AddressSpace& space, VirtualRange from, VirtualAddress to) {
  PageTables& tables = space.page_tables();
  for (VirtualAddress at = from.start; at < from.end;) {
    const VirtualAddress target = to + (at - from.start);
    // One table on either side at a time.
    const VirtualAddress end = std::min({TableEnd(at), at + (TableEnd(target) - target), from.end});
    LeafTable* source = tables.Find(at);
    if (source != nullptr && source->used != 0) {
      LeafTable* destination = tables.FindOrAllocate(target);
      if (destination == nullptr) {
        // The tables of the way back exist already, so it cannot fail.
        MovePages(space, RangeOf(to, at - from.start), from.start);
        return false;
      }
      MoveEntries(space, *source, *destination, {at, end}, target);
    }
    at = end;
  }
  return true;
}

}  // namespace memsim
