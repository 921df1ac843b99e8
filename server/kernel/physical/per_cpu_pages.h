// The free pages of one zone that one CPU keeps to itself (struct per_cpu_pages): it takes and gives back single pages
// and small blocks without the zone's lock, and moves many at a time to and from the zone.
//
// One list for each order of 0 to 3 and each type that can be on one, and two for blocks of a pageblock:
//
//   list     0          1        2            3 …  11              12           13
//   order    0          0        0            1 …  3               9            9
//   type     UNMOVABLE  MOVABLE  RECLAIMABLE       …  RECLAIMABLE  not MOVABLE  MOVABLE
//
// What was freed last is taken first, and what lay longest goes back to the zone. Here pages are neither allocated nor
// free: nr_free_pages does not count them.
//
// Thread-compatible. Invariants (PageAllocator::CheckInvariants verifies them):
//  1. The first frame of a block on a list has kFrameOnPcpList, the block's order and the list's links; its other
//  records are blank.
//  2. tuning().count is the pages on the lists.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_PER_CPU_PAGES_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_PER_CPU_PAGES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/cpu/simulated_lock.h"
#include "server/kernel/physical/buddy_allocator.h"
#include "server/kernel/physical/frame_directory.h"
#include "server/kernel/physical/migrate_type.h"
#include "server/kernel/physical/page_frame.h"
#include "server/kernel/physical/per_cpu_policy.h"

namespace memsim {

// NR_PCP_LISTS: MIGRATE_PCPTYPES for each order up to PAGE_ALLOC_COSTLY_ORDER, and those of NR_PCP_THP.
inline constexpr int kPcpTypeCount = 3;
inline constexpr int kPcpSmallListCount = 12;
inline constexpr int kPcpListCount = 14;

// order_to_pindex. HIGHATOMIC pages go with the movable ones, so that they come back in time. REQUIRES:
// HasPcpList(order).
constexpr std::size_t PcpListOf(Order order, MigrateType type) {
  if (type == MigrateType::kHighAtomic) type = MigrateType::kMovable;
  if (order == kPageblockOrder) return type == MigrateType::kMovable ? kPcpSmallListCount + 1 : kPcpSmallListCount;
  return static_cast<std::size_t>(order.value()) * kPcpTypeCount + static_cast<std::size_t>(type);
}
constexpr Order OrderOfPcpList(std::size_t list) {
  return list >= kPcpSmallListCount ? kPageblockOrder : Order(static_cast<std::uint8_t>(list / kPcpTypeCount));
}

// What one CPU's lists did, ever.
struct PcpCounts {
  // Allocations that found their list not empty.
  std::uint64_t hits = 0;
  // Bulks taken from the zone and given back to it, and their pages.
  std::uint64_t refills = 0;
  PageCount refilled;
  std::uint64_t flushes = 0;
  PageCount flushed;

  PcpCounts& operator+=(const PcpCounts& other);
  friend bool operator==(const PcpCounts&, const PcpCounts&) = default;
};

class PerCpuPages {
 public:
  PerCpuPages() : lock_(LockClass::kPcpLock) {}

  // In these, `frames` is where the frames' records are, `list` one of the lists above, and `order` that of its blocks.

  bool IsEmpty(std::size_t list) const { return lists_[list].head == kNoFrame; }
  // Takes the first block of a list. REQUIRES: the list is not empty.
  struct Taken {
    PageFrameNumber pfn;
    // As the list left it.
    PageFrame& head;
  };
  Taken Take(FrameDirectory& frames, std::size_t list, Order order) {
    List& blocks = lists_[list];
    const PageFrameNumber pfn(blocks.head);
    PageFrame& head = frames.frame(pfn);
    const std::uint32_t next = head.links.next;
    blocks.head = next;
    (next == kNoFrame ? blocks.tail : frames.frame(PageFrameNumber(next)).links.previous) = kNoFrame;
    tuning_.count -= PagesOfOrder(order);
    return {pfn, head};
  }
  // Puts a block in front of a list. REQUIRES: it is of the list's order and on no list; but for `head`, the record of
  // its first frame, its records are blank.
  void Put(FrameDirectory& frames, std::size_t list, Order order, PageFrameNumber pfn, PageFrame& head) {
    List& blocks = lists_[list];
    const auto link = static_cast<std::uint32_t>(pfn.value());
    head = PageFrame{};
    head.flags = kFrameOnPcpList;
    head.order = order;
    head.links.next = blocks.head;
    (blocks.head == kNoFrame ? blocks.tail : frames.frame(PageFrameNumber(blocks.head)).links.previous) = link;
    blocks.head = link;
    tuning_.count += PagesOfOrder(order);
  }

  // Takes up to so many blocks from the zone, for the end of an empty list (rmqueue_bulk). Returns how many there were.
  std::uint64_t Refill(FrameDirectory& frames, BuddyAllocator& zone, std::size_t list, MigrateType type,
                       TypeMixing mixing, std::uint64_t blocks);
  // Gives at least so many pages back to the zone, if there are, from the ends of the lists: all of the first one
  // before the next (free_pcppages_bulk). Returns how many blocks that were.
  std::uint64_t Flush(FrameDirectory& frames, BuddyAllocator& zone, Cpus& cpus, PageCount pages,
                      std::size_t first_list);

  SimulatedLock& lock() { return lock_; }
  PagesetTuning& tuning() { return tuning_; }
  const PagesetTuning& tuning() const { return tuning_; }
  const PcpCounts& counts() const { return counts_; }
  void CountHit() { ++counts_.hits; }

  // The blocks of a list from its head.
  std::vector<PageFrameNumber> Blocks(const FrameDirectory& frames, std::size_t list) const;
  void DigestTo(const FrameDirectory& frames, Digest& digest) const;
  // Aborts if an invariant is broken.
  void CheckInvariants(const FrameDirectory& frames) const;

 private:
  struct List {
    std::uint32_t head = kNoFrame;
    std::uint32_t tail = kNoFrame;
  };

  void Append(FrameDirectory& frames, std::size_t list, PageFrameNumber pfn);
  // REQUIRES: the list is not empty.
  PageFrameNumber TakeLast(FrameDirectory& frames, std::size_t list);

  PagesetTuning tuning_;
  std::array<List, kPcpListCount> lists_;
  SimulatedLock lock_;
  PcpCounts counts_;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_PER_CPU_PAGES_H_
