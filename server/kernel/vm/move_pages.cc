#include "server/kernel/vm/move_pages.h"

#include <algorithm>

#include "server/kernel/cpu/lock_scope.h"

namespace memsim {

bool MovePages(AddressSpace& space, VirtualRange from, VirtualAddress to) {
  PageTables& tables = space.page_tables();
  for (VirtualAddress at = from.start; at < from.end;) {
    // One table of the source at a time; its entries may fall into two of the destination.
    const VirtualAddress table_end(((at.value() >> 21) + 1) << 21);
    const VirtualAddress end = std::min(table_end, from.end);
    LeafTable* source = tables.Find(at);
    if (source == nullptr || source->used == 0) {
      at = end;
      continue;
    }
    const LockScope table_lock(space.environment().locks, source->lock, LockMode::kExclusive,
                               {source->frame.value(), 0});
    for (; at < end; at += kPageSize) {
      const Pte pte = source->entries[PageTables::LeafIndex(at)];
      if (pte.none()) continue;
      const VirtualAddress target = to + (at - from.start);
      LeafTable* destination = tables.FindOrAllocate(target);
      if (destination == nullptr) {
        // The tables of the way back exist already, so it cannot fail.
        MovePages(space, RangeOf(to, at - from.start), from.start);
        return false;
      }
      destination->Set(PageTables::LeafIndex(target), pte);
      source->Set(PageTables::LeafIndex(at), Pte());
      space.environment().cpus.Charge(space.environment().costs.move_page);
    }
  }
  return true;
}

}  // namespace memsim
