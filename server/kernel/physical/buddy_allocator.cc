#include "server/kernel/physical/buddy_allocator.h"

#include <algorithm>

#include "server/base/check.h"

namespace memsim {
namespace {

constexpr std::uint64_t kPagesOfMaxOrder = PagesOfOrder(kMaxOrder).value();
// The types whose blocks any allocation may get.
constexpr std::array<MigrateType, 3> kOrdinaryTypes = {MigrateType::kUnmovable, MigrateType::kMovable,
                                                       MigrateType::kReclaimable};

constexpr Order Next(Order order) { return Order(static_cast<std::uint8_t>(order.value() + 1)); }
constexpr Order Previous(Order order) { return Order(static_cast<std::uint8_t>(order.value() - 1)); }

constexpr PageFrameNumber AlignUp(PageFrameNumber pfn, std::uint64_t pages) {
  return PageFrameNumber((pfn.value() + pages - 1) / pages * pages);
}
constexpr PageFrameNumber AlignDown(PageFrameNumber pfn, std::uint64_t pages) {
  return PageFrameNumber(pfn.value() / pages * pages);
}
constexpr PageFrameNumber BuddyOf(PageFrameNumber pfn, Order order) {
  return PageFrameNumber(pfn.value() ^ PagesOfOrder(order).value());
}
constexpr std::uint32_t Link(PageFrameNumber pfn) { return static_cast<std::uint32_t>(pfn.value()); }

// The part of a range that consists of whole blocks of the largest order; if there is none, an empty range at its end.
FrameRange WholeBlocks(FrameRange range) {
  const FrameRange whole{AlignUp(range.begin, kPagesOfMaxOrder), AlignDown(range.end, kPagesOfMaxOrder)};
  return whole.empty() ? FrameRange{range.end, range.end} : whole;
}

}  // namespace

BuddyAllocator::BuddyAllocator(FrameDirectory* directory, FrameRange memory, FrameRange managed)
    : directory_(directory), memory_(memory), managed_(managed), run_(WholeBlocks(managed)), initial_run_(run_) {
  free_pages_ = managed.size();
  ForEachFringeBlock([this](PageFrameNumber, Order order) { CountBlocks(order, MigrateType::kMovable, 1); });
  CountBlocks(kMaxOrder, MigrateType::kMovable, static_cast<std::int64_t>(run_.size().value() / kPagesOfMaxOrder));
}

std::optional<PageFrameNumber> BuddyAllocator::Allocate(Order order, MigrateType type, TypeMixing mixing) {
  if (!fringe_linked_) LinkFringe();
  std::optional<PageFrameNumber> pfn = AllocateOfType(order, type);
  if (!pfn.has_value()) pfn = Claim(order, type, mixing);
  if (!pfn.has_value() && mixing == TypeMixing::kAllowed) pfn = Steal(order, type);
  return pfn;
}

std::optional<PageFrameNumber> BuddyAllocator::AllocateOfType(Order order, MigrateType type) {
  const std::uint32_t large_enough = nonempty_[At(type)] >> order.value();
  if (large_enough == 0) return std::nullopt;
  if (!fringe_linked_) LinkFringe();
  const Order found(static_cast<std::uint8_t>(order.value() + std::countr_zero(large_enough)));
  return TakeBlock(order, found, type);
}

void BuddyAllocator::Free(PageFrameNumber pfn, Order order, FreePlace place) {
  for (PageFrameNumber at = pfn; at < pfn + PagesOfOrder(order); at += PageCount(1))
    directory_->frame(at) = PageFrame{};
  // Each pageblock by itself, as their types may differ by now (split_large_buddy).
  const Order piece = std::min(order, kPageblockOrder);
  for (PageFrameNumber at = pfn; at < pfn + PagesOfOrder(order); at += PagesOfOrder(piece)) {
    FreeWithinPageblock(at, piece, directory_->pageblock(at).type, place);
  }
}

PageCount BuddyAllocator::free_pages_in_pageblocks() const {
  return PagesOfOrder(kPageblockOrder) * free_blocks(kPageblockOrder) +
         PagesOfOrder(kMaxOrder) * free_blocks(kMaxOrder);
}

std::uint64_t BuddyAllocator::free_blocks(Order order) const {
  std::uint64_t sum = 0;
  for (const FreeList& of_type : lists_[At(order)]) sum += of_type.blocks;
  return sum;
}

bool BuddyAllocator::HasBlock(Order order) const {
  std::uint32_t nonempty = 0;
  for (const MigrateType type : kOrdinaryTypes) nonempty |= nonempty_[At(type)];
  return nonempty >> order.value() != 0;
}

std::uint64_t BuddyAllocator::pageblocks(MigrateType type) const {
  if (type != MigrateType::kMovable) return converted_pageblocks_[At(type)];
  const std::uint64_t pages_per_block = kPagesPerPageblock.value();
  const FrameRange whole{AlignDown(memory_.begin, pages_per_block), AlignUp(memory_.end, pages_per_block)};
  std::uint64_t count = whole.size().value() / pages_per_block;
  for (const std::uint64_t converted : converted_pageblocks_) count -= converted;
  return count;
}

void BuddyAllocator::LinkFringe() {
  fringe_linked_ = true;
  ForEachFringeBlock([this](PageFrameNumber pfn, Order order) {
    directory_->MakeSection(pfn);
    if (order < kPageblockOrder) directory_->MakeFrames(pfn, order);
    LinkBlock(pfn, order, MigrateType::kMovable, FreePlace::kTail);
  });
}

void BuddyAllocator::LinkBlock(PageFrameNumber pfn, Order order, MigrateType type, FreePlace place) {
  FreeList& blocks = list(order, type);
  directory_->MarkFree(pfn, order);
  FrameLinks& links = directory_->links(pfn, order);
  if (place == FreePlace::kTail) {
    links = {kNoFrame, blocks.tail};
    (blocks.tail == kNoFrame ? blocks.head : directory_->links(PageFrameNumber(blocks.tail), order).next) = Link(pfn);
    blocks.tail = Link(pfn);
  } else {
    links = {blocks.head, kNoFrame};
    (blocks.head == kNoFrame ? blocks.tail : directory_->links(PageFrameNumber(blocks.head), order).previous) =
        Link(pfn);
    blocks.head = Link(pfn);
  }
}

void BuddyAllocator::AddToList(PageFrameNumber pfn, Order order, MigrateType type, FreePlace place) {
  LinkBlock(pfn, order, type, place);
  CountBlocks(order, type, 1);
}

void BuddyAllocator::RemoveFromList(PageFrameNumber pfn, Order order, MigrateType type) {
  FreeList& blocks = list(order, type);
  const FrameLinks links = directory_->links(pfn, order);
  (links.previous == kNoFrame ? blocks.head : directory_->links(PageFrameNumber(links.previous), order).next) =
      links.next;
  (links.next == kNoFrame ? blocks.tail : directory_->links(PageFrameNumber(links.next), order).previous) =
      links.previous;
  directory_->ClearFree(pfn, order);
  CountBlocks(order, type, -1);
}

PageFrameNumber BuddyAllocator::TakeHead(Order order, MigrateType type) {
  const FreeList& blocks = list(order, type);
  if (blocks.head == kNoFrame) return TakeUntouched();
  const PageFrameNumber pfn(blocks.head);
  RemoveFromList(pfn, order, type);
  return pfn;
}

PageFrameNumber BuddyAllocator::TakeUntouched() {
  MEMSIM_CHECK(!run_.empty(), run_.begin.value());
  const PageFrameNumber pfn = run_.begin;
  run_.begin += PageCount(kPagesOfMaxOrder);
  directory_->MakeSection(pfn);
  CountBlocks(kMaxOrder, MigrateType::kMovable, -1);
  return pfn;
}

void BuddyAllocator::CountBlocks(Order order, MigrateType type, std::int64_t delta) {
  FreeList& blocks = list(order, type);
  blocks.blocks += static_cast<std::uint64_t>(delta);
  const auto bit = static_cast<std::uint16_t>(1U << order.value());
  std::uint16_t& mask = nonempty_[At(type)];
  mask = static_cast<std::uint16_t>(blocks.blocks == 0 ? mask & ~bit : mask | bit);
}

PageFrameNumber BuddyAllocator::TakeBlock(Order order, Order found, MigrateType type) {
  const PageFrameNumber pfn = TakeHead(found, type);
  Expand(pfn, order, found, type);
  return pfn;
}

void BuddyAllocator::Expand(PageFrameNumber pfn, Order low, Order high, MigrateType type) {
  directory_->MakeFrames(pfn, low);
  for (Order order = high; order > low;) {
    order = Previous(order);
    AddToList(pfn + PagesOfOrder(order), order, type, FreePlace::kByMergeChance);
  }
  free_pages_ -= PagesOfOrder(low);
}

void BuddyAllocator::FreeWithinPageblock(PageFrameNumber pfn, Order order, MigrateType type, FreePlace place) {
  free_pages_ += PagesOfOrder(order);
  while (order < kMaxOrder) {
    const PageFrameNumber buddy = BuddyOf(pfn, order);
    if (!directory_->IsFreeHead(buddy, order)) break;
    MigrateType buddy_type = type;
    if (order >= kPageblockOrder) {
      buddy_type = directory_->pageblock(buddy).type;
      if (buddy_type != type && !(IsMergeable(type) && IsMergeable(buddy_type))) break;
    }
    RemoveFromList(buddy, order, buddy_type);
    if (buddy_type != type) ChangeType(buddy, order, type);
    pfn = std::min(pfn, buddy);
    order = Next(order);
  }
  if (place == FreePlace::kByMergeChance && IsMergeLikely(pfn, order)) place = FreePlace::kTail;
  AddToList(pfn, order, type, place);
}

bool BuddyAllocator::IsMergeLikely(PageFrameNumber pfn, Order order) const {
  if (order >= kPageblockOrder) return false;
  const PageFrameNumber merged = std::min(pfn, BuddyOf(pfn, order));
  return directory_->IsFreeHead(BuddyOf(merged, Next(order)), Next(order));
}

std::optional<PageFrameNumber> BuddyAllocator::Claim(Order order, MigrateType type, TypeMixing mixing) {
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
      return pfn;
    }
    if (ClaimPageblock(PageFrameNumber(list(found, *from).head), *from, type)) return AllocateOfType(order, type);
  }
  return std::nullopt;
}

std::optional<PageFrameNumber> BuddyAllocator::Steal(Order order, MigrateType type) {
  for (Order found = order; found <= kMaxOrder; found = Next(found)) {
    const std::optional<MigrateType> from = FallbackWithBlocks(found, type);
    if (from.has_value()) return TakeBlock(order, found, *from);
  }
  return std::nullopt;
}

std::optional<MigrateType> BuddyAllocator::FallbackWithBlocks(Order order, MigrateType type) const {
  for (const MigrateType from : FallbackTypes(type)) {
    if (list(order, from).blocks != 0) return from;
  }
  return std::nullopt;
}

bool BuddyAllocator::ClaimPageblock(PageFrameNumber pfn, MigrateType from, MigrateType to) {
  const PageFrameNumber begin = AlignDown(pfn, kPagesPerPageblock.value());
  const PageFrameNumber end = begin + kPagesPerPageblock;
  // A pageblock that reaches over the zone's end stays as it is (prep_move_freepages_block).
  if (begin < memory_.begin || end > memory_.end) return false;

  PageblockUse use;
  std::vector<PageFrameNumber> free_blocks;
  for (PageFrameNumber at = begin; at < end;) {
    const PageFrame& frame = directory_->frame(at);
    if ((frame.flags & kFrameFreeHead) != 0) {
      use.free += PagesOfOrder(frame.order);
      free_blocks.push_back(at);
    } else if ((frame.flags & kFrameAllocated) != 0 && IsMovableOwner(frame.owner)) {
      use.movable += PagesOfOrder(frame.order);
    }
    const bool head = (frame.flags & (kFrameFreeHead | kFrameAllocated)) != 0;
    at += head ? PagesOfOrder(frame.order) : PageCount(1);
  }
  if (!ShouldConvert(use, from, to)) return false;
  for (const PageFrameNumber block : free_blocks) {
    const Order order = directory_->frame(block).order;
    RemoveFromList(block, order, from);
    AddToList(block, order, to, FreePlace::kTail);
  }
  ChangeType(begin, kPageblockOrder, to);
  return true;
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
