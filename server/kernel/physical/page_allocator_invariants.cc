// PageAllocator::CheckInvariants: does every managed frame have exactly one place, and do the books agree?

#include <algorithm>
#include <vector>

#include "server/kernel/physical/page_allocator.h"

namespace memsim {
namespace {

struct OwnedRange {
  FrameRange range;
  PageOwner owner;
};

bool IsBlank(const PageFrame& frame) {
  return (frame.flags & (kFrameAllocated | kFrameFreeHead | kFrameOnPcpList)) == 0;
}

// The allocated blocks, ascending. Checks that they look allocated.
std::vector<OwnedRange> AllocatedBlocks(const FrameDirectory& directory) {
  std::vector<OwnedRange> blocks;
  directory.ForEachFrame([&blocks](PageFrameNumber pfn, const PageFrame& frame) {
    const bool inside = !blocks.empty() && blocks.back().range.Contains(pfn);
    MEMSIM_CHECK(!inside || IsBlank(frame), pfn.value(), frame.flags);
    if ((frame.flags & kFrameAllocated) == 0) {
      // What is neither allocated nor the first of a block that is free or on a CPU's list remembers nothing.
      MEMSIM_CHECK(inside || !IsBlank(frame) || frame == PageFrame{}, pfn.value(), frame.flags);
      return;
    }
    MEMSIM_CHECK((frame.flags & kFrameFreeHead) == 0, pfn.value(), frame.flags);
    MEMSIM_CHECK(frame.refcount > 0 && frame.order <= kMaxOrder, pfn.value(), frame.order.value());
    blocks.push_back({{pfn, pfn + PagesOfOrder(frame.order)}, frame.owner});
  });
  return blocks;
}

}  // namespace

void PageAllocator::CheckInvariants() const {
  std::vector<FrameRange> used;
  std::array<PageCount, kPageOwnerCount> by_owner;
  for (const OwnedRange& block : AllocatedBlocks(*directory_)) {
    used.push_back(block.range);
    by_owner[static_cast<std::size_t>(block.owner)] += block.range.size();
  }
  MEMSIM_CHECK(by_owner == owner_pages_);
  for (const Zone& zone : zones_) {
    zone.buddy.CheckInvariants();
    const std::vector<FrameRange> free = zone.buddy.FreeRanges();
    used.insert(used.end(), free.begin(), free.end());
    for (const std::unique_ptr<PerCpuPages>& lists : zone.per_cpu) {
      if (lists == nullptr) continue;
      lists->CheckInvariants(*directory_);
      for (std::size_t list = 0; list < kPcpListCount; ++list) {
        for (const PageFrameNumber pfn : lists->Blocks(*directory_, list)) {
          MEMSIM_CHECK(&zone_of(pfn) == &zone, pfn.value());
          used.push_back({pfn, pfn + PagesOfOrder(OrderOfPcpList(list))});
        }
      }
    }
  }
  std::sort(used.begin(), used.end(), [](const FrameRange& a, const FrameRange& b) { return a.begin < b.begin; });

  // Walking all blocks in order visits each managed frame once.
  auto next = used.begin();
  PageCount managed;
  for (const Zone& zone : zones_) {
    PageFrameNumber at = zone.layout.managed.begin;
    while (at < zone.layout.managed.end) {
      MEMSIM_CHECK(next != used.end() && next->begin == at, at.value());
      at = (next++)->end;
    }
    MEMSIM_CHECK(at <= zone.layout.managed.end || zone.layout.managed.empty(), at.value());
    managed += zone.layout.managed.size();
  }
  MEMSIM_CHECK(next == used.end());
  MEMSIM_CHECK(managed == managed_pages_, managed.value(), managed_pages_.value());
  PageCount sum = free_pages() + pcp_pages();
  for (const PageCount pages : owner_pages_) sum += pages;
  MEMSIM_CHECK(sum == managed_pages_, sum.value(), managed_pages_.value());
  contents_->CheckInvariants();
  contents_->ForEach([this](PageFrameNumber pfn) { MEMSIM_CHECK(AllocatedBlockOf(pfn).has_value(), pfn.value()); });
}

}  // namespace memsim
