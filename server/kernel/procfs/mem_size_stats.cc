#include "server/kernel/procfs/mem_size_stats.h"

namespace memsim {

void MemSizeStats::AddPage(const PageFrame& page, std::uint32_t map_count, Pte pte, VmFlags flags, RssKind file_kind) {
  const ProportionalSize share = ProportionalSize::OfPage(map_count);
  resident += kPageSize;
  pss += share;
  if (page.owner == PageOwner::kAnonymous) {
    anonymous += kPageSize;
    pss_anonymous += share;
  } else {
    (file_kind == RssKind::kShmem ? pss_shmem : pss_file) += share;
  }
  if (pte.accessed()) referenced += kPageSize;
  if ((flags & kVmLocked) != 0) pss_locked += share;
  const bool dirty = pte.dirty() || (page.flags & kFrameDirty) != 0;
  if (dirty) pss_dirty += share;
  const bool is_private = map_count < 2;
  ByteCount& kind = is_private ? (dirty ? private_dirty : private_clean) : (dirty ? shared_dirty : shared_clean);
  kind += kPageSize;
}

void MemSizeStats::Add(const ProcView& view, const AddressSpace& space, const Vma& vma) {
  const RssKind file_kind = FileRssKind(space, vma);
  const HugePages& huge_pages = space.environment().huge;
  const auto add = [&](PageFrameNumber frame, Pte pte) {
    const PageFrame& page = view.pages.frame(frame);
    const bool large = (page.flags & kFrameLarge) != 0;
    const std::uint32_t whole = large ? huge_pages.entire_mapcount(HugePages::HeadOf(frame)) : 0;
    AddPage(page, page.map_count + whole, pte, vma.flags, file_kind);
  };
  const auto add_leaf = [&](VirtualAddress, const LeafTable& table, int first, int last) {
    for (int i = first; i < last; ++i) {
      const Pte pte = table.entries[i];
      // vm_normal_page: the zero page is nobody's.
      if (pte.present() && !pte.special()) add(pte.frame(), pte);
    }
  };
  // smaps_pmd_entry.
  const auto add_huge = [&](VirtualAddress, const HugeEntry& entry) {
    if (entry.pte.special()) return;
    for (std::uint32_t i = 0; i < kHugePages; ++i) add(entry.pte.frame() + PageCount(i), entry.pte);
    anonymous_huge += ToBytes(PageCount(kHugePages));
  };
  space.page_tables().VisitEntries(vma.range, add_leaf, add_huge);
}

}  // namespace memsim
