#include "server/kernel/vm/huge_pages.h"

#include "server/base/check.h"

namespace memsim {

GfpMask HugePages::FaultGfp(VmFlags flags) const {
  const bool advised = (flags & kVmHugePage) != 0;
  switch (defrag_) {
    case HugePageDefrag::kAlways:
      return kGfpTranshuge | (advised ? 0 : kGfpNoretry);
    case HugePageDefrag::kDefer:
      return kGfpTranshugeLight | kGfpKswapdReclaim;
    case HugePageDefrag::kDeferMadvise:
      return kGfpTranshugeLight | (advised ? kGfpDirectReclaim : kGfpKswapdReclaim);
    case HugePageDefrag::kMadvise:
      return kGfpTranshugeLight | (advised ? kGfpDirectReclaim : 0);
    case HugePageDefrag::kNever:
      break;
  }
  return kGfpTranshugeLight;
}

PageFrameNumber HugePages::GetZeroPage() {
  if (zero_page_ != kNoPage) return zero_page_;
  const auto taken = pages_.AllocPages((kGfpTranshuge | kGfpZero) & ~kGfpMovableBit, kHugeOrder, PageOwner::kZeroPage);
  counters_.Add(taken.has_value() ? Counter::kThpZeroPageAlloc : Counter::kThpZeroPageAllocFailed, 1);
  if (taken.has_value()) zero_page_ = *taken;
  return zero_page_;
}

void HugePages::SetExclusive(PageFrameNumber frame, bool exclusive) {
  PageFrame& page = pages_.frame(frame);
  if (exclusive) {
    page.flags |= kFrameAnonExclusive;
  } else {
    page.flags &= static_cast<FrameFlags>(~kFrameAnonExclusive);
  }
}

void HugePages::AddLargeMapcount(Folio& folio, std::uint32_t count, AddressSpaceNumber mm) {
  folio.large_mapcount += count;
  pages_.frame(folio.head).refcount += count;
  for (MmSlot& slot : folio.slots) {
    if (slot.mm == mm) {
      slot.mapcount += count;
      return;
    }
  }
  for (MmSlot& slot : folio.slots) {
    if (slot.mm != 0) continue;
    slot = {mm, count};
    // There may be others, with a slot or without.
    if (folio.large_mapcount != count) folio.mapped_shared = true;
    return;
  }
}

void HugePages::SubtractLargeMapcount(Folio& folio, std::uint32_t count, AddressSpaceNumber mm) {
  folio.large_mapcount -= count;
  pages_.frame(folio.head).refcount -= count;
  for (MmSlot& slot : folio.slots) {
    if (slot.mm != mm) continue;
    slot.mapcount -= count;
    if (slot.mapcount != 0) return;
    slot.mm = 0;
    break;
  }
  for (const MmSlot& slot : folio.slots) {
    if (slot.mapcount == folio.large_mapcount) folio.mapped_shared = false;
  }
}

void HugePages::MapNew(PageFrameNumber head, AnonVmaId anon_vma, PageOffset index, AddressSpaceNumber mm) {
  const FolioNumber number = folios_.Add({});
  Folio& folio = folios_[number];
  folio.head = head;
  folio.entire_mapcount = 1;
  for (std::uint32_t i = 0; i < kHugePages; ++i) {
    PageFrame& page = pages_.frame(head + PageCount(i));
    page.owner = PageOwner::kAnonymous;
    page.flags |= kFrameLarge;
    page.mapping = anon_vma.value();
    page.index = index + PageCount(i);
  }
  PageFrame& first = pages_.frame(head);
  first.links.next = number.value();
  // The allocation's reference goes over to the entry.
  first.refcount = 0;
  AddLargeMapcount(folio, 1, mm);
  SetExclusive(head, true);
  counters_.Add(Counter::kNrAnonPages, kHugePages);
  counters_.Add(Counter::kNrInactiveAnon, kHugePages);
  counters_.Add(Counter::kNrAnonThps, 1);
}

void HugePages::AddHugeMapping(PageFrameNumber head, AddressSpaceNumber mm) {
  Folio& folio = FolioOf(head);
  const std::uint32_t mapped = Mapped(folio);
  if (folio.entire_mapcount++ == 0) counters_.Add(Counter::kNrAnonThps, 1);
  counters_.Add(Counter::kNrAnonPages, Mapped(folio) - mapped);
  AddLargeMapcount(folio, 1, mm);
  SetExclusive(head, false);
}

void HugePages::SplitMapping(PageFrameNumber head, AddressSpaceNumber mm) {
  Folio& folio = FolioOf(head);
  const bool exclusive = (pages_.frame(head).flags & kFrameAnonExclusive) != 0;
  for (std::uint32_t i = 0; i < kHugePages; ++i) {
    PageFrame& page = pages_.frame(head + PageCount(i));
    if (page.map_count++ == 0) ++folio.pages_mapped;
    if (exclusive) page.flags |= kFrameAnonExclusive;
  }
  AddLargeMapcount(folio, kHugePages, mm);
  // All its pages are mapped now, so that it is neither the last mapping nor a part.
  static_cast<void>(RemoveHugeMapping(head, mm));
}

void HugePages::AddPageMapping(PageFrameNumber frame, AddressSpaceNumber mm) {
  Folio& folio = FolioOf(frame);
  ++pages_.frame(frame).map_count;
  AddLargeMapcount(folio, 1, mm);
  SetExclusive(frame, false);
}

bool HugePages::RemoveHugeMapping(PageFrameNumber head, AddressSpaceNumber mm) {
  Folio& folio = FolioOf(head);
  const std::uint32_t mapped = Mapped(folio);
  if (--folio.entire_mapcount == 0) counters_.Add(Counter::kNrAnonThps, -1);
  SubtractLargeMapcount(folio, 1, mm);
  return AfterRemoval(folio, mapped);
}

bool HugePages::RemovePageMappings(PageFrameNumber frame, std::uint32_t count, AddressSpaceNumber mm) {
  Folio& folio = FolioOf(frame);
  const std::uint32_t mapped = Mapped(folio);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (--pages_.frame(frame + PageCount(i)).map_count == 0) --folio.pages_mapped;
  }
  SubtractLargeMapcount(folio, count, mm);
  return AfterRemoval(folio, mapped);
}

bool HugePages::AfterRemoval(Folio& folio, std::uint32_t mapped_before) {
  const std::uint32_t mapped = Mapped(folio);
  if (mapped < mapped_before) {
    counters_.Add(Counter::kNrAnonPages, -static_cast<std::int64_t>(mapped_before - mapped));
    // deferred_split_folio.
    if (mapped != 0 && !folio.partially_mapped) {
      folio.partially_mapped = true;
      counters_.Add(Counter::kThpDeferredSplitPage, 1);
    }
  }
  return folio.large_mapcount == 0;
}

void HugePages::Free(PageFrameNumber head) {
  const Folio& folio = FolioOf(head);
  MEMSIM_CHECK(folio.large_mapcount == 0 && folio.pages_mapped == 0, head.value(), folio.large_mapcount);
  PageFrame& first = pages_.frame(head);
  const FolioNumber number(first.links.next);
  folios_[number] = {};
  folios_.Remove(number);
  first.links = FrameLinks{};
  first.refcount = 1;
  counters_.Add(Counter::kNrInactiveAnon, -static_cast<std::int64_t>(kHugePages));
  pages_.FreePages(head, kHugeOrder);
}

bool HugePages::MayReuse(PageFrameNumber frame) const {
  const Folio& folio = FolioOf(frame);
  // A page of which nothing else is left is rather freed.
  return folio.large_mapcount > 1 && !folio.mapped_shared;
}

void HugePages::BreakUp(PageFrameNumber head) {
  const FolioNumber number(pages_.frame(head).links.next);
  MEMSIM_CHECK(folios_[number].entire_mapcount == 0, head.value());
  folios_[number] = {};
  folios_.Remove(number);
  pages_.frame(head).links = FrameLinks{};
  counters_.Add(Counter::kThpSplitPage, 1);
  pages_.SplitBlock(head);
  for (std::uint32_t i = 0; i < kHugePages; ++i) {
    const PageFrameNumber frame = head + PageCount(i);
    PageFrame& page = pages_.frame(frame);
    page.flags &= static_cast<FrameFlags>(~kFrameLarge);
    if (page.map_count != 0) {
      page.refcount = page.map_count;
      continue;
    }
    counters_.Add(Counter::kNrInactiveAnon, -1);
    pages_.FreePages(frame, Order(0));
  }
}

void HugePages::DigestTo(Digest& digest) const {
  digest.Add(zero_page_);
  for (const Folio& folio : folios_.values()) {
    digest.Add(folio.head);
    digest.Add(static_cast<std::uint64_t>(folio.entire_mapcount) << 32 | folio.large_mapcount);
    digest.Add(static_cast<std::uint64_t>(folio.pages_mapped) << 2 | (folio.mapped_shared ? 2U : 0U) |
               (folio.partially_mapped ? 1U : 0U));
    for (const MmSlot& slot : folio.slots) {
      digest.Add(slot.mm);
      digest.Add(slot.mapcount);
    }
  }
  for (const FolioNumber number : folios_.free_ids()) digest.Add(number);
}

void HugePages::CheckInvariants() const {
  folios_.CheckInvariants();
  std::uint64_t blocks = 0;
  pages_.ForEachAllocatedBlock([&](PageFrameNumber head, const PageFrame& first) {
    if (first.owner != PageOwner::kAnonymous) return;
    const bool large = first.order == kHugeOrder;
    MEMSIM_CHECK(((first.flags & kFrameLarge) != 0) == large, head.value(), first.order.value());
    if (!large) return;
    ++blocks;
    const Folio& folio = FolioOf(head);
    MEMSIM_CHECK(folio.head == head, head.value());
    std::uint32_t mappings = 0;
    std::uint32_t mapped = 0;
    for (std::uint32_t i = 0; i < kHugePages; ++i) {
      const PageFrame& page = pages_.frame(head + PageCount(i));
      MEMSIM_CHECK((page.flags & kFrameLarge) != 0, head.value(), i);
      mappings += page.map_count;
      mapped += page.map_count != 0 ? 1 : 0;
    }
    MEMSIM_CHECK(folio.pages_mapped == mapped, folio.pages_mapped, mapped);
    MEMSIM_CHECK(folio.large_mapcount == folio.entire_mapcount + mappings, folio.large_mapcount, mappings);
    MEMSIM_CHECK(first.refcount == folio.large_mapcount, first.refcount, folio.large_mapcount);
  });
  MEMSIM_CHECK(blocks == folios_.size(), blocks, folios_.size());
}

}  // namespace memsim
