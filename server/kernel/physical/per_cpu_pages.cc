#include "server/kernel/physical/per_cpu_pages.h"

#include <algorithm>

#include "server/base/check.h"

namespace memsim {

PcpCounts& PcpCounts::operator+=(const PcpCounts& other) {
  hits += other.hits;
  refills += other.refills;
  refilled += other.refilled;
  flushes += other.flushes;
  flushed += other.flushed;
  return *this;
}

void PerCpuPages::Append(FrameDirectory& frames, std::size_t list, PageFrameNumber pfn) {
  List& blocks = lists_[list];
  const auto link = static_cast<std::uint32_t>(pfn.value());
  PageFrame& head = frames.frame(pfn);
  head.flags = kFrameOnPcpList;
  head.order = OrderOfPcpList(list);
  head.links = {kNoFrame, blocks.tail};
  (blocks.tail == kNoFrame ? blocks.head : frames.frame(PageFrameNumber(blocks.tail)).links.next) = link;
  blocks.tail = link;
  tuning_.count += PagesOfOrder(head.order);
}

PageFrameNumber PerCpuPages::TakeLast(FrameDirectory& frames, std::size_t list) {
  List& blocks = lists_[list];
  const PageFrameNumber pfn(blocks.tail);
  const std::uint32_t previous = frames.frame(pfn).links.previous;
  blocks.tail = previous;
  (previous == kNoFrame ? blocks.head : frames.frame(PageFrameNumber(previous)).links.next) = kNoFrame;
  tuning_.count -= PagesOfOrder(OrderOfPcpList(list));
  return pfn;
}

std::uint64_t PerCpuPages::Refill(FrameDirectory& frames, BuddyAllocator& zone, std::size_t list, MigrateType type,
                                  TypeMixing mixing, std::uint64_t blocks) {
  const Order order = OrderOfPcpList(list);
  BlockSource source = BlockSource::kOwnType;
  std::uint64_t taken = 0;
  for (; taken < blocks; ++taken) {
    const PageFrameNumber pfn = zone.AllocateNext(order, type, mixing, source);
    if (pfn == kNoPage) break;
    Append(frames, list, pfn);
  }
  if (taken == 0) return 0;
  ++counts_.refills;
  counts_.refilled += PagesOfOrder(order) * taken;
  return taken;
}

std::uint64_t PerCpuPages::Flush(FrameDirectory& frames, BuddyAllocator& zone, Cpus& cpus, PageCount pages,
                                 std::size_t first_list) {
  pages = std::min(pages, tuning_.count);
  if (pages == PageCount(0)) return 0;
  const PageCount before = tuning_.count;
  std::uint64_t blocks = 0;
  for (std::size_t list = first_list; before - tuning_.count < pages; list = (list + 1) % kPcpListCount) {
    while (lists_[list].tail != kNoFrame && before - tuning_.count < pages) {
      const Order order = OrderOfPcpList(list);
      const PageFrameNumber pfn = TakeLast(frames, list);
      cpus.Trace<Tracepoint::kMmPagePcpuDrain>(pfn, order, frames.pageblock(pfn).type);
      zone.Free(pfn, order);
      ++blocks;
    }
  }
  ++counts_.flushes;
  counts_.flushed += before - tuning_.count;
  return blocks;
}

std::vector<PageFrameNumber> PerCpuPages::Blocks(const FrameDirectory& frames, std::size_t list) const {
  std::vector<PageFrameNumber> blocks;
  for (std::uint32_t at = lists_[list].head; at != kNoFrame; at = frames.frame(PageFrameNumber(at)).links.next) {
    blocks.emplace_back(at);
  }
  return blocks;
}

void PerCpuPages::DigestTo(const FrameDirectory& frames, Digest& digest) const {
  digest.Add(tuning_.high);
  digest.Add(tuning_.free_count);
  digest.Add(static_cast<std::uint64_t>(tuning_.alloc_factor) << 1 | (tuning_.freed_block_last ? 1U : 0U));
  lock_.DigestTo(digest);
  for (const std::uint64_t count : {counts_.hits, counts_.refills, counts_.flushes}) digest.Add(count);
  digest.Add(counts_.refilled);
  digest.Add(counts_.flushed);
  for (std::size_t list = 0; list < kPcpListCount; ++list) {
    const std::vector<PageFrameNumber> blocks = Blocks(frames, list);
    digest.Add(blocks.size());
    for (const PageFrameNumber pfn : blocks) digest.Add(pfn);
  }
}

void PerCpuPages::CheckInvariants(const FrameDirectory& frames) const {
  PageCount count;
  for (std::size_t list = 0; list < kPcpListCount; ++list) {
    std::uint32_t previous = kNoFrame;
    for (const PageFrameNumber pfn : Blocks(frames, list)) {
      PageFrame expected;
      expected.flags = kFrameOnPcpList;
      expected.order = OrderOfPcpList(list);
      expected.links = {frames.frame(pfn).links.next, previous};
      MEMSIM_CHECK(frames.frame(pfn) == expected, pfn.value(), list);
      previous = static_cast<std::uint32_t>(pfn.value());
      count += PagesOfOrder(expected.order);
    }
    MEMSIM_CHECK(lists_[list].tail == previous, list, lists_[list].tail);
  }
  MEMSIM_CHECK(count == tuning_.count, count.value(), tuning_.count.value());
}

}  // namespace memsim
