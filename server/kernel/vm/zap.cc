#include "server/kernel/vm/zap.h"

#include <optional>

#include "absl/container/inlined_vector.h"

#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/vm/split_huge.h"

namespace memsim {
namespace {

// Pages that count as mapped files (NR_FILE_MAPPED) are those that are not anonymous.
Counter MappedCounter(const PageFrame& page) {
  return page.owner == PageOwner::kAnonymous ? Counter::kNrAnonPages : Counter::kNrMapped;
}

// should_zap_folio, and zap_drop_markers.
bool Stays(PageAllocator& pages, Pte pte, ZapKind kind) {
  if (kind == ZapKind::kAll) return false;
  if (pte.guard()) return true;
  return kind == ZapKind::kFilePages && !pte.special() && pages.frame(pte.frame()).owner == PageOwner::kAnonymous;
}

// CountInRow, of entries of which the first is gone already, and was pte.
int CountInRow(const LeafTable& leaf, int first, int last, Pte pte) {
  const PageFrameNumber head = HugePages::HeadOf(pte.frame());
  int i = first + 1;
  for (PageFrameNumber next = pte.frame() + PageCount(1); i < last; ++i, next += PageCount(1)) {
    const Pte other = leaf.entries[i];
    if (!other.present() || other.special() || other.frame() != next || HugePages::HeadOf(next) != head) break;
  }
  return i - first;
}

// zap_pte_range, of one table: empties entries from first on, and returns the first that is left because the gather is
// full, or last.
int ZapEntries(MmuGather& gather, RssKind file_kind, LeafTable& leaf, VirtualAddress base, int first, int last,
               ZapKind kind) {
  AddressSpace& space = gather.space();
  VmEnvironment& environment = space.environment();
  const LockScope table_lock(environment.locks, leaf.lock, LockMode::kExclusive, {leaf.frame.value(), 0});
  VirtualRange emptied;
  std::int64_t anonymous = 0;
  std::int64_t file = 0;
  int i = first;
  for (; i < last && !gather.full(); ++i) {
    const Pte pte = leaf.entries[i];
    if (pte.none() || Stays(environment.pages, pte, kind)) continue;
    leaf.Set(i, Pte());
    if (pte.guard()) continue;
    const VirtualAddress address = base + ToBytes(PageCount(static_cast<std::uint64_t>(i)));
    if (emptied.empty()) emptied.start = address;
    emptied.end = address + kPageSize;
    if (pte.special()) continue;
    PageFrame& page = environment.pages.frame(pte.frame());
    if ((page.flags & kFrameLarge) != 0) [[unlikely]] {
      // Those of one huge page go at once, so that it is not taken for one that is mapped in part meanwhile.
      const int count = CountInRow(leaf, i, last, pte);
      for (int more = 1; more < count; ++more) leaf.Set(++i, Pte());
      emptied.end = base + ToBytes(PageCount(static_cast<std::uint64_t>(i) + 1));
      gather.RemoveLargePages(pte.frame(), static_cast<std::uint32_t>(count));
      anonymous += count;
      continue;
    }
    if (page.owner == PageOwner::kAnonymous) {
      ++anonymous;
    } else {
      ++file;
      if (pte.dirty()) {
        environment.files.MarkDirty(pte.frame());
        // Nobody may store to it any more by the time that it may be written back.
        gather.ExpectDirtyFiles();
      }
    }
    gather.RemovePage(pte.frame(), page);
  }
  if (anonymous != 0) space.AddRss(RssKind::kAnonymous, -anonymous);
  if (file != 0) space.AddRss(file_kind, -file);
  environment.cpus.Charge(environment.costs.zap_page * static_cast<std::uint64_t>(anonymous + file));
  if (!emptied.empty()) gather.ChangeEntries(emptied);
  if (gather.dirty_files() || gather.full()) gather.FlushTlb();
  return i;
}

// The list that an anonymous page is on: one that MADV_FREE gave up lies among the files.
Counter InactiveCounter(const PageFrame& page) {
  return (page.flags & kFrameLazyFree) == 0 ? Counter::kNrInactiveAnon : Counter::kNrInactiveFile;
}

// zap_huge_pmd.
void ZapHugeEntry(MmuGather& gather, VirtualAddress base, const HugeEntry& entry) {
  AddressSpace& space = gather.space();
  VmEnvironment& environment = space.environment();
  const LockScope lock(environment.locks, *entry.lock, LockMode::kExclusive, entry.lock_owner);
  const Pte pte = entry.pte;
  gather.ChangeHugeEntry(RangeOf(base, kPmdSize));
  environment.cpus.Charge(environment.costs.zap_huge_entry);
  space.page_tables().RemoveHuge(base);
  if (pte.special()) return;
  gather.RemoveHugePage(pte.frame());
  space.AddRss(RssKind::kAnonymous, -static_cast<std::int64_t>(kHugePages));
}

}  // namespace

int CountInRow(const LeafTable& leaf, int first, int last) {
  return CountInRow(leaf, first, last, leaf.entries[first]);
}

void ZapWithTables(MmuGather& gather, const Vma& vma, VirtualRange range) {
  PageTables& tables = gather.space().page_tables();
  absl::InlinedVector<VirtualAddress, 4> whole;
  tables.VisitLeaves(range, [&whole](VirtualAddress base, const LeafTable& /*leaf*/, int first, int last) {
    if (first == 0 && last == kTableEntries) whole.push_back(base);
  });
  VirtualAddress at = range.start;
  // A table goes with its pages, in the same flush.
  for (const VirtualAddress base : whole) {
    ZapRange(gather, vma, {at, base + kPmdSize}, ZapKind::kPages);
    at = base + kPmdSize;
    const LeafTable* const leaf = tables.Find(base);
    if (leaf == nullptr || leaf->used != 0) continue;
    const std::optional<PageFrameNumber> frame = tables.UnhookEmpty(base);
    if (frame.has_value()) gather.FreeTables({RangeOf(base, kPageSize), {*frame}});
  }
  if (at < range.end) ZapRange(gather, vma, {at, range.end}, ZapKind::kPages);
}

void AddMapping(VmEnvironment& environment, PageFrameNumber frame) {
  PageFrame& page = environment.pages.frame(frame);
  if (page.map_count++ != 0) return;
  environment.counters.Add(MappedCounter(page), 1);
  // New anonymous pages start on the inactive list.
  if (page.owner == PageOwner::kAnonymous) environment.counters.Add(Counter::kNrInactiveAnon, 1);
}

void RemoveMapping(VmEnvironment& environment, PageFrameNumber frame) {
  PageFrame& page = environment.pages.frame(frame);
  if (--page.map_count == 0) {
    environment.counters.Add(MappedCounter(page), -1);
    // An anonymous page that nothing maps is about to be freed.
    if (page.owner == PageOwner::kAnonymous) environment.counters.Add(InactiveCounter(page), -1);
  }
  environment.pages.PutPage(frame);
}

void ZapCutTail(const VmEnvironment& environment, const CutTail& cut) {
  ZapFilePages(environment, cut.inode, cut.first, kPastLastPage, ZapKind::kPages);
}

void ZapFilePages(const VmEnvironment& environment, InodeId inode, PageOffset first, PageOffset end, ZapKind kind) {
  environment.file_mappings.ForEachOf(inode, [&](const FileMappings::Mapping& mapping) {
    const VirtualRange part = mapping.vma->RangeOfPages(first, end);
    if (part.empty()) return;
    MmuGather gather(*mapping.space);
    ZapRange(gather, *mapping.vma, part, kind);
  });
}

void ZapRange(MmuGather& gather, const Vma& vma, VirtualRange range, ZapKind kind) {
  AddressSpace& space = gather.space();
  const RssKind file_kind = FileRssKind(space, vma);
  if (space.page_tables().has_huge()) [[unlikely]] {
    SplitHugeAt(space, range.start);
    SplitHugeAt(space, range.end);
  }
  const auto zap_leaf = [&](VirtualAddress base, LeafTable& leaf, int first, int last) {
    while (first < last) {
      first = ZapEntries(gather, file_kind, leaf, base, first, last, kind);
      // What had to be forgotten under the table's lock is free now.
      gather.FreeForgotten();
    }
  };
  space.page_tables().VisitEntries(range, zap_leaf, [&gather](VirtualAddress base, HugeEntry& entry) {
    if (gather.full()) gather.Flush();
    ZapHugeEntry(gather, base, entry);
  });
}

}  // namespace memsim
