// BuddyAllocator seen as a whole: its lists, its digest, its invariants.

#include <algorithm>
#include <vector>

#include "server/base/check.h"
#include "server/kernel/physical/block_arithmetic.h"
#include "server/kernel/physical/buddy_allocator.h"

namespace memsim {

std::vector<PageFrameNumber> BuddyAllocator::Blocks(Order order, MigrateType type) const {
  std::vector<PageFrameNumber> blocks;
  if (!fringe_linked_) {
    ForEachFringeBlock([&](PageFrameNumber pfn, Order of_block) {
      if (of_block == order && type == MigrateType::kMovable) blocks.push_back(pfn);
    });
    return blocks;
  }
  for (std::uint32_t at = list(order, type).head; at != kNoFrame;) {
    blocks.emplace_back(at);
    at = directory_->links(PageFrameNumber(at), order).next;
  }
  return blocks;
}

std::vector<FrameRange> BuddyAllocator::FreeRanges() const {
  std::vector<FrameRange> ranges;
  for (std::uint8_t order = 0; order < kOrderCount; ++order) {
    for (int type = 0; type < kMigrateTypeCount; ++type) {
      for (const PageFrameNumber pfn : Blocks(Order(order), static_cast<MigrateType>(type))) {
        ranges.push_back({pfn, pfn + PagesOfOrder(Order(order))});
      }
    }
  }
  if (!run_.empty()) ranges.push_back(run_);
  std::sort(ranges.begin(), ranges.end(), [](const FrameRange& a, const FrameRange& b) { return a.begin < b.begin; });
  return ranges;
}

void BuddyAllocator::DigestTo(Digest& digest) const {
  digest.Add(run_.begin);
  digest.Add(run_.end);
  digest.Add(free_pages_);
  for (std::uint8_t order = 0; order < kOrderCount; ++order) {
    for (int type = 0; type < kMigrateTypeCount; ++type) {
      const std::vector<PageFrameNumber> blocks = Blocks(Order(order), static_cast<MigrateType>(type));
      digest.Add(blocks.size());
      for (const PageFrameNumber pfn : blocks) digest.Add(pfn);
    }
  }
}

void BuddyAllocator::CheckBlock(PageFrameNumber pfn, Order order, MigrateType type) const {
  MEMSIM_CHECK(pfn.value() % PagesOfOrder(order).value() == 0, pfn.value(), order.value());
  MEMSIM_CHECK(directory_->TypeOf(pfn) == type, pfn.value(), static_cast<unsigned>(directory_->TypeOf(pfn)));
  MEMSIM_CHECK(!fringe_linked_ || directory_->IsFreeHead(pfn, order), pfn.value(), order.value());
  if (order == kMaxOrder || !fringe_linked_) return;
  const PageFrameNumber buddy = BuddyOf(pfn, order);
  if (!directory_->IsFreeHead(buddy, order)) return;
  // Both are free: only whole pageblocks stay apart.
  MEMSIM_CHECK(order >= kPageblockOrder, pfn.value(), order.value());
}

void BuddyAllocator::CheckLists() const {
  PageCount counted;
  for (std::uint8_t o = 0; o < kOrderCount; ++o) {
    const Order order(o);
    for (int t = 0; t < kMigrateTypeCount; ++t) {
      const auto type = static_cast<MigrateType>(t);
      const std::vector<PageFrameNumber> blocks = Blocks(order, type);
      for (const PageFrameNumber pfn : blocks) CheckBlock(pfn, order, type);
      std::uint64_t count = blocks.size();
      if (order == kMaxOrder && type == MigrateType::kMovable)
        count += run_.size().value() / PagesOfOrder(kMaxOrder).value();
      MEMSIM_CHECK(count == list(order, type).blocks, count, list(order, type).blocks);
      MEMSIM_CHECK((count != 0) == ((nonempty_[At(type)] >> o & 1) != 0), o, t);
      counted += PagesOfOrder(order) * count;
      if (!fringe_linked_ || blocks.empty()) continue;
      MEMSIM_CHECK(list(order, type).tail == blocks.back().value(), o, t);
      std::uint32_t previous = kNoFrame;
      for (const PageFrameNumber pfn : blocks) {
        MEMSIM_CHECK(directory_->links(pfn, order).previous == previous, pfn.value(), previous);
        previous = static_cast<std::uint32_t>(pfn.value());
      }
    }
  }
  MEMSIM_CHECK(counted == free_pages_, counted.value(), free_pages_.value());
}

void BuddyAllocator::CheckRecords() const {
  std::array<std::uint64_t, kMigrateTypeCount> converted = {};
  directory_->ForEachPageblock([&](PageFrameNumber first, const Pageblock& block) {
    const FrameRange frames{first, first + kPagesPerPageblock};
    if (frames.end <= memory_.begin || frames.begin >= memory_.end) return;
    if (block.type != MigrateType::kMovable) ++converted[At(block.type)];
    if (run_.Contains(first)) {
      MEMSIM_CHECK(block.free_order == Order(0), first.value());
      directory_->ForEachFrameIn(first,
                                 [](PageFrameNumber pfn, const PageFrame&) { MEMSIM_CHECK(false, pfn.value()); });
    }
  });
  for (int t = 0; t < kMigrateTypeCount; ++t) {
    MEMSIM_CHECK(converted[t] == converted_pageblocks_[t], converted[t], converted_pageblocks_[t]);
  }
}

void BuddyAllocator::CheckInvariants() const {
  CheckLists();
  CheckRecords();
  PageFrameNumber end = managed_.begin;
  for (const FrameRange& range : FreeRanges()) {
    MEMSIM_CHECK(range.begin >= end, range.begin.value(), end.value());
    end = range.end;
  }
  MEMSIM_CHECK(end <= managed_.end, end.value(), managed_.end.value());
}

}  // namespace memsim
