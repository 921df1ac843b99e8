#include "server/kernel/physical/buddy_allocator.h"

#include <algorithm>

#include "server/base/check.h"
#include "server/kernel/physical/block_arithmetic.h"

namespace memsim {
namespace {

constexpr PageCount kPagesOfMaxOrder = PagesOfOrder(kMaxOrder);
// The types whose blocks any allocation may get.
constexpr std::array<MigrateType, 3> kOrdinaryTypes = {MigrateType::kUnmovable, MigrateType::kMovable,
                                                       MigrateType::kReclaimable};

constexpr std::uint32_t Link(PageFrameNumber pfn) { return static_cast<std::uint32_t>(pfn.value()); }

// The part of a range that consists of whole blocks of the largest order; if there is none, an empty range at its end.
FrameRange WholeBlocks(FrameRange range) {
  const FrameRange whole{AlignUp(range.begin, kPagesOfMaxOrder), AlignDown(range.end, kPagesOfMaxOrder)};
  return whole.empty() ? FrameRange{range.end, range.end} : whole;
}

}  // namespace

BuddyAllocator::BuddyAllocator(FrameDirectory* directory, Cpus* cpus, FrameRange memory, FrameRange managed)
    : directory_(directory),
      cpus_(cpus),
      memory_(memory),
      managed_(managed),
      run_(WholeBlocks(managed)),
      initial_run_(run_) {
  free_pages_ = managed.size();
  const auto count = [this](Order order, std::uint64_t blocks) {
    if (blocks == 0) return;
    list(order, MigrateType::kMovable).blocks += static_cast<std::uint32_t>(blocks);
    nonempty_[At(MigrateType::kMovable)] |= Bit(order);
  };
  ForEachFringeBlock([&count](PageFrameNumber, Order order) { count(order, 1); });
  count(kMaxOrder, run_.size().value() / kPagesOfMaxOrder.value());
}

PageFrameNumber BuddyAllocator::AllocateNext(Order order, MigrateType type, TypeMixing mixing, BlockSource& source) {
  if (!fringe_linked_) LinkFringe();
  PageFrameNumber pfn = kNoPage;
  if (source == BlockSource::kOwnType) {
    pfn = AllocateOfType(order, type);
    // What is claimed becomes the own type's.
    if (pfn == kNoPage) pfn = Claim(order, type, mixing);
  }
  if (pfn == kNoPage && mixing == TypeMixing::kAllowed) {
    pfn = Steal(order, type);
    if (pfn != kNoPage) source = BlockSource::kSteal;
  }
  return pfn;
}

PageFrameNumber BuddyAllocator::AllocateOfType(Order order, MigrateType type) {
  const std::uint32_t large_enough = nonempty_[At(type)] >> order.value();
  if (large_enough == 0) return kNoPage;
  if (!fringe_linked_) LinkFringe();
  const Order found(static_cast<std::uint8_t>(order.value() + std::countr_zero(large_enough)));
  const PageFrameNumber pfn = TakeBlock(order, found, type);
  const bool percpu_refill = HasPcpList(order) && type != MigrateType::kHighAtomic;
  cpus_->Trace<Tracepoint::kMmPageAllocZoneLocked>(pfn, order, type, percpu_refill);
  return pfn;
}

void BuddyAllocator::Free(PageFrameNumber pfn, Order order) {
  directory_->BlankFrames(pfn, order);
  // Each pageblock by itself, as their types may differ by now (split_large_buddy).
  const Order piece = std::min(order, kPageblockOrder);
  for (PageFrameNumber at = pfn; at < pfn + PagesOfOrder(order); at += PagesOfOrder(piece)) {
    FreeWithinPageblock(at, piece, directory_->pageblock(at).type);
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
  const FrameRange whole{PageblockOf(memory_.begin), AlignUp(memory_.end, kPagesPerPageblock)};
  std::uint64_t count = whole.size().value() / kPagesPerPageblock.value();
  for (const std::uint64_t converted : converted_pageblocks_) count -= converted;
  return count;
}

void BuddyAllocator::LinkFringe() {
  fringe_linked_ = true;
  ForEachFringeBlock([this](PageFrameNumber pfn, Order order) {
    directory_->MakeSection(pfn);
    LinkBlock(pfn, order, MigrateType::kMovable, ListEnd::kTail);
  });
}

void BuddyAllocator::LinkBlock(PageFrameNumber pfn, Order order, MigrateType type, ListEnd end) {
  FreeList& blocks = list(order, type);
  FrameLinks& links = directory_->MarkFree(pfn, order);
  if (end == ListEnd::kTail) {
    links.next = kNoFrame;
    links.previous = blocks.tail;
    (blocks.tail == kNoFrame ? blocks.head : directory_->links(PageFrameNumber(blocks.tail), order).next) = Link(pfn);
    blocks.tail = Link(pfn);
  } else {
    links.next = blocks.head;
    links.previous = kNoFrame;
    (blocks.head == kNoFrame ? blocks.tail : directory_->links(PageFrameNumber(blocks.head), order).previous) =
        Link(pfn);
    blocks.head = Link(pfn);
  }
}

void BuddyAllocator::AddToList(PageFrameNumber pfn, Order order, MigrateType type, ListEnd end) {
  LinkBlock(pfn, order, type, end);
  ++list(order, type).blocks;
  nonempty_[At(type)] |= Bit(order);
}

void BuddyAllocator::RemoveFromList(PageFrameNumber pfn, Order order, MigrateType type) {
  FreeList& blocks = list(order, type);
  const FrameLinks& links = directory_->links(pfn, order);
  const std::uint32_t next = links.next;
  const std::uint32_t previous = links.previous;
  (previous == kNoFrame ? blocks.head : directory_->links(PageFrameNumber(previous), order).next) = next;
  (next == kNoFrame ? blocks.tail : directory_->links(PageFrameNumber(next), order).previous) = previous;
  directory_->ClearFree(pfn, order);
  CountRemoval(order, type);
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
  run_.begin += kPagesOfMaxOrder;
  directory_->MakeSection(pfn);
  CountRemoval(kMaxOrder, MigrateType::kMovable);
  return pfn;
}

void BuddyAllocator::CountRemoval(Order order, MigrateType type) {
  if (--list(order, type).blocks == 0) nonempty_[At(type)] &= static_cast<std::uint16_t>(~Bit(order));
}

PageFrameNumber BuddyAllocator::TakeBlock(Order order, Order found, MigrateType type) {
  const PageFrameNumber pfn = TakeHead(found, type);
  Expand(pfn, order, found, type);
  return pfn;
}

void BuddyAllocator::Expand(PageFrameNumber pfn, Order low, Order high, MigrateType type) {
  directory_->MakeFrames(pfn, low);
  steps_ += high.value() - low.value();
  for (Order order = high; order > low;) {
    order = Previous(order);
    AddToList(pfn + PagesOfOrder(order), order, type, ListEnd::kHead);
  }
  free_pages_ -= PagesOfOrder(low);
}

void BuddyAllocator::FreeWithinPageblock(PageFrameNumber pfn, Order order, MigrateType type) {
  free_pages_ += PagesOfOrder(order);
  const Order freed = order;
  while (order < kPageblockOrder) {
    const PageFrameNumber buddy = BuddyOf(pfn, order);
    if (!directory_->IsFreeHead(buddy, order)) break;
    RemoveFromList(buddy, order, type);
    pfn = std::min(pfn, buddy);
    order = Next(order);
  }
  if (order == kPageblockOrder && TakeBuddyPageblock(pfn, type)) {
    pfn = AlignDown(pfn, kPagesOfMaxOrder);
    order = kMaxOrder;
  }
  steps_ += order.value() - freed.value();
  AddToList(pfn, order, type, IsMergeLikely(pfn, order) ? ListEnd::kTail : ListEnd::kHead);
}

bool BuddyAllocator::TakeBuddyPageblock(PageFrameNumber pfn, MigrateType type) {
  const PageFrameNumber buddy = BuddyOf(pfn, kPageblockOrder);
  if (!directory_->IsFreeHead(buddy, kPageblockOrder)) return false;
  const MigrateType buddy_type = directory_->pageblock(buddy).type;
  if (buddy_type != type && !(IsMergeable(type) && IsMergeable(buddy_type))) return false;
  RemoveFromList(buddy, kPageblockOrder, buddy_type);
  if (buddy_type != type) ChangeType(buddy, kPageblockOrder, type);
  return true;
}

bool BuddyAllocator::IsMergeLikely(PageFrameNumber pfn, Order order) const {
  if (order >= kPageblockOrder) return false;
  const PageFrameNumber merged = std::min(pfn, BuddyOf(pfn, order));
  return directory_->IsFreeHead(BuddyOf(merged, Next(order)), Next(order));
}

}  // namespace memsim
