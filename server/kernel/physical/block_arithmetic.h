// Frames, the blocks of 2^order of them that the buddy system deals in, and their neighbours.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_BLOCK_ARITHMETIC_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_BLOCK_ARITHMETIC_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/physical/migrate_type.h"

namespace memsim {

constexpr Order Next(Order order) { return Order(static_cast<std::uint8_t>(order.value() + 1)); }
// REQUIRES: order > 0.
constexpr Order Previous(Order order) { return Order(static_cast<std::uint8_t>(order.value() - 1)); }

// To a multiple of a number of pages.
constexpr PageFrameNumber AlignDown(PageFrameNumber pfn, PageCount pages) {
  return PageFrameNumber(pfn.value() / pages.value() * pages.value());
}
constexpr PageFrameNumber AlignUp(PageFrameNumber pfn, PageCount pages) {
  return AlignDown(pfn + pages - PageCount(1), pages);
}

// The block that a block merges with: its number differs in bit `order` alone.
constexpr PageFrameNumber BuddyOf(PageFrameNumber pfn, Order order) {
  return PageFrameNumber(pfn.value() ^ PagesOfOrder(order).value());
}

// The first frame of the pageblock that holds a frame.
constexpr PageFrameNumber PageblockOf(PageFrameNumber pfn) { return AlignDown(pfn, kPagesPerPageblock); }

// pcp_allowed_order: CPUs keep free blocks of these orders to themselves; the others always go to the zone.
constexpr bool HasPcpList(Order order) { return order <= Order(3) || order == kPageblockOrder; }

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_BLOCK_ARITHMETIC_H_
