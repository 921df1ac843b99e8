#include "server/kernel/vm/split_huge.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/zap.h"

namespace memsim {
namespace {

VirtualAddress PageOf(VirtualAddress base, int index) {
  return base + ToBytes(PageCount(static_cast<std::uint64_t>(index)));
}

// How the pages of one huge page lie in a mapping, if at all: all of them have one place in their object.
struct Placement {
  VirtualRange range;
  // Of the huge page's first page, which the mapping may lack.
  std::uint64_t origin;
};

std::optional<Placement> PlacementIn(const Vma& vma, PageOffset first) {
  // Numbers of pages, as the first one may lie below all addresses.
  const std::uint64_t origin = (vma.range.start.value() >> kPageShift) - vma.pgoff.value() + first.value();
  const VirtualRange whole{VirtualAddress(origin << kPageShift), VirtualAddress((origin + kHugePages) << kPageShift)};
  if (whole.end < whole.start) return std::nullopt;
  const VirtualRange range = vma.range.Intersection(whole);
  if (range.empty()) return std::nullopt;
  return Placement{range, origin};
}

// remove_migration_pte, of pages that were a huge page's: what nobody stored to is the zero page from now on
// (try_to_map_unused_to_zeropage).
void RemapPages(AddressSpace& space, const Vma& vma, const Placement& place, PageFrameNumber head) {
  VmEnvironment& environment = space.environment();
  std::int64_t unused = 0;
  space.page_tables().VisitLeaves(place.range, [&](VirtualAddress base, LeafTable& leaf, int first, int last) {
    const LockScope lock(environment.locks, leaf.lock, LockMode::kExclusive, {leaf.frame.value(), 0});
    for (int i = first; i < last; ++i) {
      const Pte pte = leaf.entries[i];
      const PageCount page((PageOf(base, i).value() >> kPageShift) - place.origin);
      if (!pte.present() || pte.special() || pte.frame() != head + page) continue;
      PageFrame& frame = environment.pages.frame(pte.frame());
      const bool stored = pte.stored() || (frame.flags & kFrameStored) != 0;
      frame.flags &= static_cast<FrameFlags>(~kFrameStored);
      if (stored) {
        leaf.Set(i, pte.Stored());
      } else if (environment.pages.contents().Has(pte.frame())) {
        continue;
      } else if ((vma.flags & kVmLocked) == 0) {
        leaf.Set(i, Pte::Make(environment.zero_page, vma.flags, false).Special());
        RemoveMapping(environment, pte.frame());
        ++unused;
      }
    }
  });
  if (unused != 0) space.AddRss(RssKind::kAnonymous, -unused);
}

}  // namespace

void SplitHugeEntry(AddressSpace& space, VirtualAddress base) {
  VmEnvironment& environment = space.environment();
  PageTables& tables = space.page_tables();
  const HugeEntry entry = *tables.FindHuge(base);
  const LockScope lock(environment.locks, *entry.lock, LockMode::kExclusive, entry.lock_owner);
  environment.counters.Add(Counter::kThpSplitPmd, 1);
  environment.cpus.Charge(environment.costs.split_huge_entry);
  space.FlushTlbRange(kPmdSize);
  LeafTable& leaf = tables.WithdrawDeposit(base);
  if (entry.pte.special()) {
    for (int i = 0; i < kTableEntries; ++i) leaf.Set(i, entry.pte.WithFrame(environment.zero_page));
    return;
  }
  for (int i = 0; i < kTableEntries; ++i) leaf.Set(i, entry.PageAt(i));
  environment.huge.SplitMapping(entry.pte.frame(), space.number());
}

void SplitHugeAt(AddressSpace& space, VirtualAddress address) {
  if (!space.page_tables().has_huge() || IsPmdAligned(address)) return;
  if (space.page_tables().FindHuge(address) != nullptr) SplitHugeEntry(space, PmdAlignDown(address));
}

void SplitHugePage(AddressSpace& space, PageFrameNumber frame) {
  VmEnvironment& environment = space.environment();
  PageTables& tables = space.page_tables();
  const PageFrameNumber head = HugePages::HeadOf(frame);
  const PageOffset first = environment.pages.frame(head).index;
  // unmap_folio and remap_page find the mappings through the anon_vma.
  std::vector<const Vma*> holders;
  space.ForEachVma([&](const Vma& vma) {
    if (vma.IsAnonymous() && vma.anon.own != AnonVmaId() && PlacementIn(vma, first).has_value()) {
      holders.push_back(&vma);
    }
  });
  for (const Vma* vma : holders) {
    const VirtualAddress start = PlacementIn(*vma, first)->range.start;
    const HugeEntry* entry = tables.has_huge() ? tables.FindHuge(start) : nullptr;
    if (entry != nullptr && !entry->pte.special() && entry->pte.frame() == head) SplitHugeEntry(space, start);
  }
  space.FlushTlbRange(kPmdSize);
  environment.huge.BreakUp(head);
  for (const Vma* vma : holders) RemapPages(space, *vma, *PlacementIn(*vma, first), head);
}

void SplitHugePagesIn(AddressSpace& space, VirtualRange part, SplitInside which) {
  VmEnvironment& environment = space.environment();
  PageTables& tables = space.page_tables();
  // Which are split is known before any is, as that changes tables.
  std::vector<PageFrameNumber> split;
  const auto want = [&](PageFrameNumber head) {
    if (environment.huge.MayBeShared(head)) return;
    if (split.empty() || split.back() != head) split.push_back(head);
  };
  const auto of_table = [&](VirtualAddress, LeafTable& leaf, int first, int last) {
    for (int i = first; i < last;) {
      const Pte pte = leaf.entries[i];
      const bool large =
          pte.present() && !pte.special() && (environment.pages.frame(pte.frame()).flags & kFrameLarge) != 0;
      if (!large) {
        ++i;
        continue;
      }
      const PageFrameNumber head = HugePages::HeadOf(pte.frame());
      const int count = CountInRow(leaf, i, last);
      if (which == SplitInside::kAll || count != static_cast<int>(kHugePages)) want(head);
      i += count;
    }
  };
  tables.VisitEntries(part, of_table, [&](VirtualAddress base, HugeEntry& entry) {
    if (entry.pte.special()) return;
    if (which == SplitInside::kAll || !part.Contains(RangeOf(base, kPmdSize))) want(entry.pte.frame());
  });
  for (const PageFrameNumber head : split) {
    if ((environment.pages.frame(head).flags & kFrameLarge) != 0) SplitHugePage(space, head);
  }
}

}  // namespace memsim
