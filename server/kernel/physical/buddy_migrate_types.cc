// How a BuddyAllocator moves memory between migrate types: fallbacks, and the reserve for atomic allocations.

#include <optional>

#include "server/kernel/physical/block_arithmetic.h"
#include "server/kernel/physical/buddy_allocator.h"

namespace memsim {

PageFrameNumber BuddyAllocator::Claim(Order order, MigrateType type, TypeMixing mixing) {
  const Order lowest = LowestClaimOrder(order, mixing);
  for (int o = kMaxOrder.value(); o >= lowest.value(); --o) {
    const Order found(static_cast<std::uint8_t>(o));
    if (!ShouldTryClaim(found, type)) break;
    const std::optional<MigrateType> from = FallbackWithBlocks(found, type);
    if (!from.has_value()) continue;
    if (found >= kPageblockOrder) {
      const PageFrameNumber pfn = TakeHead(found, *from);
      ChangeType(pfn, found, type);
      Expand(pfn, order, found, type);
      TellOfFallback(pfn, order, found, type, *from);
      return pfn;
    }
    if (!ClaimPageblock(PageFrameNumber(list(found, *from).head), *from, type)) continue;
    const PageFrameNumber pfn = AllocateOfType(order, type);
    TellOfFallback(pfn, order, found, type, *from);
    return pfn;
  }
  return kNoPage;
}

PageFrameNumber BuddyAllocator::Steal(Order order, MigrateType type) {
  for (Order found = order; found <= kMaxOrder; found = Next(found)) {
    const std::optional<MigrateType> from = FallbackWithBlocks(found, type);
    if (!from.has_value()) continue;
    const PageFrameNumber pfn = TakeBlock(order, found, *from);
    TellOfFallback(pfn, order, found, type, *from);
    return pfn;
  }
  return kNoPage;
}

void BuddyAllocator::TellOfFallback(PageFrameNumber pfn, Order order, Order found, MigrateType type, MigrateType from) {
  const bool change_ownership = directory_->pageblock(pfn).type == type;
  cpus_->Trace<Tracepoint::kMmPageAllocExtfrag>(pfn, order, found, type, from, change_ownership);
}

std::optional<MigrateType> BuddyAllocator::FallbackWithBlocks(Order order, MigrateType type) const {
  for (const MigrateType from : FallbackTypes(type)) {
    if (list(order, from).blocks != 0) return from;
  }
  return std::nullopt;
}

bool BuddyAllocator::ClaimPageblock(PageFrameNumber pfn, MigrateType from, MigrateType to) {
  const PageFrameNumber pageblock = PageblockOf(pfn);
  if (!IsWholePageblock(pageblock)) return false;
  PageblockUse use;
  ForEachBlockIn(pageblock, [&use](PageFrameNumber, const PageFrame& head) {
    if ((head.flags & kFrameFreeHead) != 0) {
      use.free += PagesOfOrder(head.order);
    } else if (IsMovableOwner(head.owner)) {
      use.movable += PagesOfOrder(head.order);
    }
  });
  if (!ShouldConvert(use, from, to)) return false;
  MovePageblock(pageblock, from, to);
  return true;
}

void BuddyAllocator::ReserveHighAtomic(PageFrameNumber pfn, Order order) {
  const std::uint64_t limit = managed_.size().value() / 100;
  if (limit < kPagesPerPageblock.value()) return;
  const std::uint64_t most = (limit + kPagesPerPageblock.value() - 1) / kPagesPerPageblock.value();
  const MigrateType from = directory_->pageblock(pfn).type;
  if (pageblocks(MigrateType::kHighAtomic) >= most || !IsMergeable(from)) return;
  if (order >= kPageblockOrder) {
    ChangeType(pfn, order, MigrateType::kHighAtomic);
  } else if (IsWholePageblock(pfn)) {
    MovePageblock(PageblockOf(pfn), from, MigrateType::kHighAtomic);
  }
}

bool BuddyAllocator::ReturnHighAtomic(MigrateType type) {
  const std::uint32_t nonempty = nonempty_[At(MigrateType::kHighAtomic)];
  if (nonempty == 0) return false;
  const Order order(static_cast<std::uint8_t>(std::countr_zero(nonempty)));
  const PageFrameNumber pfn(list(order, MigrateType::kHighAtomic).head);
  if (order < kPageblockOrder) {
    MovePageblock(PageblockOf(pfn), MigrateType::kHighAtomic, type);
    return true;
  }
  RemoveFromList(pfn, order, MigrateType::kHighAtomic);
  ChangeType(pfn, order, type);
  AddToList(pfn, order, type, ListEnd::kTail);
  return true;
}

PageCount BuddyAllocator::free_high_atomic() const {
  PageCount sum;
  if (nonempty_[At(MigrateType::kHighAtomic)] == 0) return sum;
  for (std::uint8_t order = 0; order < kOrderCount; ++order) {
    sum += PagesOfOrder(Order(order)) * free_blocks(Order(order), MigrateType::kHighAtomic);
  }
  return sum;
}

bool BuddyAllocator::IsWholePageblock(PageFrameNumber pfn) const {
  const PageFrameNumber pageblock = PageblockOf(pfn);
  return pageblock >= memory_.begin && pageblock + kPagesPerPageblock <= memory_.end;
}

template <typename Visitor>
void BuddyAllocator::ForEachBlockIn(PageFrameNumber pageblock, Visitor visit) const {
  for (PageFrameNumber at = pageblock; at < pageblock + kPagesPerPageblock;) {
    const PageFrame* const frame = directory_->FindFrame(at);
    const bool head = frame != nullptr && (frame->flags & (kFrameFreeHead | kFrameAllocated)) != 0;
    // Copied, as the visitor may move the block.
    const PageCount pages = head ? PagesOfOrder(frame->order) : PageCount(1);
    if (head) visit(at, *frame);
    at += pages;
  }
}

void BuddyAllocator::MovePageblock(PageFrameNumber pageblock, MigrateType from, MigrateType to) {
  ForEachBlockIn(pageblock, [&](PageFrameNumber pfn, const PageFrame& head) {
    if ((head.flags & kFrameFreeHead) == 0) return;
    const Order order = head.order;
    RemoveFromList(pfn, order, from);
    AddToList(pfn, order, to, ListEnd::kTail);
  });
  ChangeType(pageblock, kPageblockOrder, to);
}

void BuddyAllocator::ChangeType(PageFrameNumber pfn, Order order, MigrateType type) {
  for (PageFrameNumber at = pfn; at < pfn + PagesOfOrder(order); at += kPagesPerPageblock) {
    MigrateType& of_block = directory_->pageblock(at).type;
    if (of_block != MigrateType::kMovable) --converted_pageblocks_[At(of_block)];
    if (type != MigrateType::kMovable) ++converted_pageblocks_[At(type)];
    of_block = type;
  }
}

}  // namespace memsim
