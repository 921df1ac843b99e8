// The free page blocks of one zone, by order and migrate type (the binary buddy system).
//
// A block of order n is 2^n contiguous frames whose first frame number is a multiple of 2^n. Its buddy is the block
// whose number differs in bit n alone. Blocks are taken from the head of their list; a freed block goes to the head
// too, unless it looks as if it would soon merge.
//
// Memory that was never touched has no records. Its blocks of order 10 are one implicit ascending run behind the linked
// ones of the MOVABLE list of order 10, because Linux fills that list in ascending order at boot, takes from its head,
// and adds only to its head:
//
//   free list [10][MOVABLE]:  head -> linked blocks, as freed -> [run_.begin, run_.begin + 1024, …, run_.end)
//
// The smaller blocks at the ragged ends of the zone (`fringe`, at most one an order at either end) are implicit as well
// until the zone is first taken from: a DMA zone that nobody asks costs nothing.
//
// Thread-compatible. Invariants (CheckInvariants verifies them):
//  1. No frame is in two free blocks, and all free blocks lie in the zone's managed range.
//  2. A free block's buddy is not free in the same order, unless both are of order 9 or 10. Two of order 9 stay apart
//  while their types must not merge, and also after that, when the type of a reserved one is given back: only freeing
//  merges.
//  3. free_pages() equals the sum over orders of 2^order * blocks(order), and counts what the lists hold.
//  4. A block is on the list of the type of its first pageblock.
//  5. Nothing in the run has records; nothing ever enters the run.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_BUDDY_ALLOCATOR_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_BUDDY_ALLOCATOR_H_

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/cpu/cpus.h"
#include "server/kernel/physical/fallback_policy.h"
#include "server/kernel/physical/frame_directory.h"
#include "server/kernel/physical/migrate_type.h"
#include "server/kernel/physical/page_frame.h"

namespace memsim {

// Where the blocks of one bulk came from last (enum rmqueue_mode): sources that had none are not asked again.
enum class BlockSource : std::uint8_t { kOwnType, kSteal };

class BuddyAllocator {
 public:
  // A zone whose managed frames are all free. `memory`: from its first frame with memory to its last, which decides
  // which pageblocks lie in the zone whole. `directory` and `cpus`, to whom it tells its events, outlive the allocator.
  BuddyAllocator(FrameDirectory* directory, Cpus* cpus, FrameRange memory, FrameRange managed);

  // Takes a block of exactly 2^order frames: of the type, else of another type by the rules of fallback_policy.h.
  // Larger blocks are split; their upper halves go back to the lists. The block has frame records, which are all zero.
  // kNoPage: none is large enough. REQUIRES: order <= kMaxOrder.
  PageFrameNumber Allocate(Order order, MigrateType type, TypeMixing mixing) {
    BlockSource source = BlockSource::kOwnType;
    return AllocateNext(order, type, mixing, source);
  }
  // The same for several blocks, one after the other: `source` starts as kOwnType and is kept in between.
  PageFrameNumber AllocateNext(Order order, MigrateType type, TypeMixing mixing, BlockSource& source);

  // Takes a block off the lists of this type alone (__rmqueue_smallest).
  PageFrameNumber AllocateOfType(Order order, MigrateType type);

  // Gives back a block, merging it with its buddies. Its frame records become zero. REQUIRES: it was allocated, whole,
  // from this zone.
  void Free(PageFrameNumber pfn, Order order);

  // HIGHATOMIC pageblocks, which only AllocateOfType takes from. Reserving makes the pageblocks of an allocated block
  // such, unless that would be more than a hundredth of the zone (reserve_highatomic_pageblock).
  void ReserveHighAtomic(PageFrameNumber pfn, Order order);
  // Gives one of them that has a free block to a type that any allocation may take. False: there is none.
  bool ReturnHighAtomic(MigrateType type);
  // nr_free_highatomic.
  PageCount free_high_atomic() const;
  bool has_free_high_atomic() const { return nonempty_[At(MigrateType::kHighAtomic)] != 0; }

  PageCount free_pages() const { return free_pages_; }
  // NR_FREE_PAGES_BLOCKS: free pages in blocks of a pageblock or more.
  PageCount free_pages_in_pageblocks() const;
  // Free blocks of an order, of all types.
  std::uint64_t free_blocks(Order order) const;
  std::uint64_t free_blocks(Order order, MigrateType type) const { return list(order, type).blocks; }
  // Whether a list of this order or a higher one has a block of a type that anyone may take.
  bool HasBlock(Order order) const;
  bool HasBlock(Order order, MigrateType type) const { return nonempty_[At(type)] >> order.value() != 0; }
  // How many pageblocks of the zone have a type.
  std::uint64_t pageblocks(MigrateType type) const;

  // By how many orders blocks were split and merged, ever: what costs time.
  std::uint64_t steps() const { return steps_; }

  const FrameRange& managed() const { return managed_; }
  // The untouched blocks of order 10.
  const FrameRange& untouched() const { return run_; }

  void DigestTo(Digest& digest) const;
  // Aborts if an invariant is broken. Walks all that has been touched.
  void CheckInvariants() const;
  // The free blocks of a list from its head, without the untouched ones of order 10.
  std::vector<PageFrameNumber> Blocks(Order order, MigrateType type) const;
  // All free memory, ascending: a range for each block, and one for the untouched run.
  std::vector<FrameRange> FreeRanges() const;

 private:
  struct FreeList {
    std::uint32_t head = kNoFrame;
    std::uint32_t tail = kNoFrame;
    // Linked blocks, and on the list that ends in the run, the run's.
    std::uint32_t blocks = 0;
  };

  enum class ListEnd : std::uint8_t { kHead, kTail };

  static std::size_t At(Order order) { return order.value(); }
  static std::size_t At(MigrateType type) { return static_cast<std::size_t>(type); }
  static std::uint16_t Bit(Order order) { return static_cast<std::uint16_t>(1U << order.value()); }
  FreeList& list(Order order, MigrateType type) { return lists_[At(order)][At(type)]; }
  const FreeList& list(Order order, MigrateType type) const { return lists_[At(order)][At(type)]; }

  // Calls visit(pfn, order) for the largest aligned blocks that make up a range, ascending: how memblock frees memory
  // at boot.
  template <typename Visitor>
  static void Decompose(FrameRange range, Visitor visit) {
    while (!range.empty()) {
      std::uint8_t order = kMaxOrder.value();
      while (range.begin.value() % (1ULL << order) != 0 || PagesOfOrder(Order(order)) > range.size()) --order;
      visit(range.begin, Order(order));
      range.begin += PagesOfOrder(Order(order));
    }
  }
  // The same for the ragged ends of the zone.
  template <typename Visitor>
  void ForEachFringeBlock(Visitor visit) const {
    Decompose({managed_.begin, initial_run_.begin}, visit);
    Decompose({initial_run_.end, managed_.end}, visit);
  }
  // Links the fringe, once.
  void LinkFringe();
  // Marks a block and links it, without counting it.
  void LinkBlock(PageFrameNumber pfn, Order order, MigrateType type, ListEnd end);
  void AddToList(PageFrameNumber pfn, Order order, MigrateType type, ListEnd end);
  void RemoveFromList(PageFrameNumber pfn, Order order, MigrateType type);
  // The first block of a list that is not empty.
  PageFrameNumber TakeHead(Order order, MigrateType type);
  PageFrameNumber TakeUntouched();
  void CountRemoval(Order order, MigrateType type);
  // Takes the first block of a list that is not empty and splits it to the order.
  PageFrameNumber TakeBlock(Order order, Order found, MigrateType type);
  // Splits a block that is on no list down to order `low`, which is then no longer free; the upper halves go to lists.
  void Expand(PageFrameNumber pfn, Order low, Order high, MigrateType type);
  // Merges a block with its buddies and adds the result to its list: at the tail if it is likely to merge soon, at the
  // head otherwise.
  void FreeWithinPageblock(PageFrameNumber pfn, Order order, MigrateType type);
  // Takes the other pageblock of a block of order 10 off its list, if it is free and may merge with one of this type.
  bool TakeBuddyPageblock(PageFrameNumber pfn, MigrateType type);
  // Whether the block that it would merge into next would find its buddy free as well (buddy_merge_likely).
  bool IsMergeLikely(PageFrameNumber pfn, Order order) const;

  // Fallback: see fallback_policy.h.
  PageFrameNumber Claim(Order order, MigrateType type, TypeMixing mixing);
  PageFrameNumber Steal(Order order, MigrateType type);
  // A block of order `found` and another type served an allocation.
  void TellOfFallback(PageFrameNumber pfn, Order order, Order found, MigrateType type, MigrateType from);
  std::optional<MigrateType> FallbackWithBlocks(Order order, MigrateType type) const;
  // Gives the pageblock of a small free block to another type, if enough of it is free or alike.
  bool ClaimPageblock(PageFrameNumber pfn, MigrateType from, MigrateType to);
  void ChangeType(PageFrameNumber pfn, Order order, MigrateType type);
  // Whether all of the pageblock that holds the frame is memory of this zone: others never change their type.
  bool IsWholePageblock(PageFrameNumber pfn) const;
  // Calls visit(pfn, const PageFrame&) for the blocks of a pageblock that has frame records, free and allocated,
  // ascending.
  template <typename Visitor>
  void ForEachBlockIn(PageFrameNumber pageblock, Visitor visit) const;
  // Moves the free blocks of a pageblock to the lists of another type, and changes its type (move_freepages_block).
  void MovePageblock(PageFrameNumber pageblock, MigrateType from, MigrateType to);

  void CheckBlock(PageFrameNumber pfn, Order order, MigrateType type) const;
  void CheckLists() const;
  void CheckRecords() const;

  FrameDirectory* directory_;
  Cpus* cpus_;
  FrameRange memory_;
  FrameRange managed_;
  FrameRange run_;
  // The run at boot, which the fringe surrounds.
  FrameRange initial_run_;
  bool fringe_linked_ = false;
  PageCount free_pages_;
  std::uint64_t steps_ = 0;
  std::array<std::array<FreeList, kMigrateTypeCount>, kOrderCount> lists_;
  // Bit n: the list of order n is not empty.
  std::array<std::uint16_t, kMigrateTypeCount> nonempty_ = {};
  // How many pageblocks have a type other than MOVABLE; those without a record are MOVABLE.
  std::array<std::uint64_t, kMigrateTypeCount> converted_pageblocks_ = {};
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_BUDDY_ALLOCATOR_H_
