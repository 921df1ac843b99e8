#include "server/kernel/vm/huge_page_check.h"

#include "server/base/check.h"

namespace memsim {

void HugePageCheck::Add(const AddressSpace& space) {
  // There has never been one: no need to look at every entry.
  if (huge_.HostMemory() == ByteCount(0)) return;
  const VirtualRange everything{VirtualAddress(0), VirtualAddress(1ULL << 48)};
  const auto add_leaf = [&](VirtualAddress, const LeafTable& leaf, int, int) {
    for (const Pte pte : leaf.entries) {
      if (!pte.present() || pte.special()) continue;
      if ((pages_.frame(pte.frame()).flags & kFrameLarge) == 0) continue;
      ++entries_[pte.frame()];
      ++spaces_[HugePages::HeadOf(pte.frame())][space.number()];
    }
  };
  space.page_tables().VisitEntries(everything, add_leaf, [&](VirtualAddress, const HugeEntry& entry) {
    if (entry.pte.special()) return;
    ++huge_entries_[entry.pte.frame()];
    ++spaces_[entry.pte.frame()][space.number()];
  });
}

void HugePageCheck::Finish() const {
  std::size_t seen = 0;
  pages_.ForEachAllocatedBlock([&](PageFrameNumber head, const PageFrame& first) {
    if ((first.flags & kFrameLarge) == 0) return;
    const auto mapped_by = spaces_.find(head);
    MEMSIM_CHECK(mapped_by != spaces_.end(), head.value());
    ++seen;
    const auto huge = huge_entries_.find(head);
    MEMSIM_CHECK(huge_.entire_mapcount(head) == (huge == huge_entries_.end() ? 0 : huge->second), head.value());
    for (PageFrameNumber frame = head; frame < head + PageCount(kHugePages); frame += PageCount(1)) {
      const auto entries = entries_.find(frame);
      const std::uint32_t expected = entries == entries_.end() ? 0 : entries->second;
      MEMSIM_CHECK(pages_.frame(frame).map_count == expected, frame.value(), expected);
    }
    // The two slots may take a page for shared that is not any more, never the other way round.
    MEMSIM_CHECK(huge_.MayBeShared(head) || mapped_by->second.size() == 1, head.value(), mapped_by->second.size());
  });
  MEMSIM_CHECK(seen == spaces_.size(), seen, spaces_.size());
}

}  // namespace memsim
