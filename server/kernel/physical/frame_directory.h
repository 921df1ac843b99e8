// Where the records of page frames are: a lookup of a few nanoseconds that costs nothing for memory never touched.
//
//   sections_[pfn >> 12] -> Section: 16 MiB
//                             pageblocks[(pfn >> 9) & 7] : Pageblock (2 MiB)
//                             groups[(pfn >> 4) & 255] -> 16 records (64 KiB)
//                                                           [pfn & 15] : PageFrame
//
// A section is made when a block inside it is first taken from the untouched remainder of its zone, a group of frame
// records when a frame in it is first allocated or begins a free block that was split off a pageblock. Neither is given
// back before the machine ends: Linux's memmap is not either. A pageblock without a record is MOVABLE, as Linux makes
// all of them at boot. Sections and groups are small because a machine that was only booted has a few frames in each of
// a few pageblocks: 512 records at a time were more than half of what it took.
//
// The free block that begins at a frame is recorded here too, because where depends on its order: blocks of a pageblock
// or more in the Pageblock, so that free memory in large blocks needs no frame records, smaller ones in their first
// PageFrame.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_FRAME_DIRECTORY_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_FRAME_DIRECTORY_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/base/units.h"
#include "server/kernel/physical/migrate_type.h"
#include "server/kernel/physical/page_frame.h"

namespace memsim {

struct Pageblock {
  // The list of the free block of order 9 or 10 that begins here.
  FrameLinks links;
  MigrateType type = MigrateType::kMovable;
  // The order of that block; 0: none begins here.
  Order free_order;
};

class FrameDirectory {
 public:
  static constexpr std::uint64_t kFramesPerPageblock = kPagesPerPageblock.value();
  static constexpr std::uint64_t kPageblocksPerSection = 8;
  static constexpr std::uint64_t kFramesPerGroup = 16;

  // REQUIRES: the frame's record has been made. True of every frame of an allocated block.
  PageFrame& frame(PageFrameNumber pfn) { return group(pfn)[pfn.value() % kFramesPerGroup]; }
  const PageFrame& frame(PageFrameNumber pfn) const { return group(pfn)[pfn.value() % kFramesPerGroup]; }
  // nullptr: there is none yet.
  const PageFrame* FindFrame(PageFrameNumber pfn) const;

  // REQUIRES: the section has been made.
  Pageblock& pageblock(PageFrameNumber pfn) { return section(pfn).pageblocks[PageblockIndex(pfn)]; }
  const Pageblock& pageblock(PageFrameNumber pfn) const { return section(pfn).pageblocks[PageblockIndex(pfn)]; }
  // nullptr: there is none yet.
  const Pageblock* FindPageblock(PageFrameNumber pfn) const;
  MigrateType TypeOf(PageFrameNumber pfn) const;

  // Makes the records of the section that holds the frame. Nothing if they are there.
  void MakeSection(PageFrameNumber pfn);
  // Makes the record of every frame of the block. Nothing if they are there. REQUIRES: the section is made.
  void MakeFrames(PageFrameNumber pfn, Order order);
  // The frames of a block remember nothing any more. REQUIRES: their records are made.
  void BlankFrames(PageFrameNumber pfn, Order order) {
    const PageFrameNumber end = pfn + PagesOfOrder(order);
    for (PageFrameNumber at = pfn; at < end; at += PageCount(1)) frame(at) = PageFrame{};
  }

  // Whether a free block of exactly this order begins at the frame. REQUIRES: its section is made.
  bool IsFreeHead(PageFrameNumber pfn, Order order) const {
    if (order >= kPageblockOrder) return pageblock(pfn).free_order == order;
    const PageFrame* const records = group(pfn);
    if (records == nullptr) return false;
    const PageFrame& head = records[pfn.value() % kFramesPerGroup];
    return (head.flags & kFrameFreeHead) != 0 && head.order == order;
  }
  // Records the beginning of a free block, and returns its links for the caller to set. REQUIRES: as IsFreeHead; no
  // block begins there.
  FrameLinks& MarkFree(PageFrameNumber pfn, Order order) {
    if (order >= kPageblockOrder) {
      Pageblock& block = pageblock(pfn);
      block.free_order = order;
      return block.links;
    }
    if (group(pfn) == nullptr) MakeGroup(pfn);
    PageFrame& head = frame(pfn);
    head.flags = kFrameFreeHead;
    head.order = order;
    return head.links;
  }
  // Forgets it. REQUIRES: IsFreeHead(pfn, order).
  void ClearFree(PageFrameNumber pfn, Order order) {
    if (order >= kPageblockOrder) {
      pageblock(pfn).free_order = Order(0);
      return;
    }
    frame(pfn) = PageFrame{};
  }
  // The list links of the free block of this order at the frame.
  FrameLinks& links(PageFrameNumber pfn, Order order) {
    return order >= kPageblockOrder ? pageblock(pfn).links : frame(pfn).links;
  }
  const FrameLinks& links(PageFrameNumber pfn, Order order) const {
    return order >= kPageblockOrder ? pageblock(pfn).links : frame(pfn).links;
  }

  // Calls visit(PageFrameNumber, const Pageblock&) for every pageblock that has a record, ascending.
  template <typename Visitor>
  void ForEachPageblock(Visitor visit) const {
    for (std::size_t s = 0; s < sections_.size(); ++s) {
      if (sections_[s] == nullptr) continue;
      for (std::size_t b = 0; b < kPageblocksPerSection; ++b) {
        visit(PageFrameNumber(s * kFramesPerSection + b * kFramesPerPageblock), sections_[s]->pageblocks[b]);
      }
    }
  }
  // Calls visit(PageFrameNumber, const PageFrame&) for every frame of a pageblock that has a record, ascending.
  template <typename Visitor>
  void ForEachFrameIn(PageFrameNumber pageblock, Visitor visit) const {
    for (PageFrameNumber at = pageblock; at < pageblock + kPagesPerPageblock; at += PageCount(kFramesPerGroup)) {
      const PageFrame* const records = group(at);
      if (records == nullptr) continue;
      for (std::uint64_t i = 0; i < kFramesPerGroup; ++i) visit(at + PageCount(i), records[i]);
    }
  }
  // The same for every frame of the machine that has a record.
  template <typename Visitor>
  void ForEachFrame(Visitor visit) const {
    ForEachPageblock([&](PageFrameNumber first, const Pageblock&) { ForEachFrameIn(first, visit); });
  }

  ByteCount HostMemory() const;

 private:
  static constexpr std::uint64_t kFramesPerSection = kFramesPerPageblock * kPageblocksPerSection;

  static constexpr std::uint64_t kGroupsPerSection = kFramesPerSection / kFramesPerGroup;

  struct Section {
    // kFramesPerGroup records each, or none.
    std::array<std::unique_ptr<PageFrame[]>, kGroupsPerSection> groups;
    std::array<Pageblock, kPageblocksPerSection> pageblocks;
  };

  static std::size_t PageblockIndex(PageFrameNumber pfn) {
    return pfn.value() / kFramesPerPageblock % kPageblocksPerSection;
  }
  Section& section(PageFrameNumber pfn) { return *sections_[pfn.value() / kFramesPerSection]; }
  const Section& section(PageFrameNumber pfn) const { return *sections_[pfn.value() / kFramesPerSection]; }
  // The records around a frame; nullptr: they have not been made. REQUIRES: the section is made.
  PageFrame* group(PageFrameNumber pfn) const {
    return section(pfn).groups[pfn.value() / kFramesPerGroup % kGroupsPerSection].get();
  }
  void MakeGroup(PageFrameNumber pfn);

  // As long as the highest section made: zones are used from their low end, so a large machine does not pay for its
  // size.
  std::vector<std::unique_ptr<Section>> sections_;
  std::uint64_t sections_made_ = 0;
  std::uint64_t groups_made_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_FRAME_DIRECTORY_H_
