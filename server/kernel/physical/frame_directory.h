// Where the records of page frames are: a lookup of a few nanoseconds that costs nothing for memory never touched.
//
//   sections_[pfn >> 15] -> Section: 64 pageblocks (128 MiB, as Linux's mem_section)
//                             pageblocks[(pfn >> 9) & 63] -> Pageblock: 512 frames (2 MiB)
//                                                              frames[pfn & 511] -> PageFrame
//
// A section is made when a block inside it is first taken from the untouched remainder of its zone, a pageblock's 512
// frame records when the pageblock is first split or allocated. Neither is given back before the machine ends: Linux's
// memmap is not either. A pageblock without a record is MOVABLE, as Linux makes all of them at boot.
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
  // 512 records, or none.
  std::unique_ptr<PageFrame[]> frames;
  // The list of the free block of order 9 or 10 that begins here.
  FrameLinks links;
  MigrateType type = MigrateType::kMovable;
  // The order of that block; 0: none begins here.
  Order free_order;
};

class FrameDirectory {
 public:
  static constexpr std::uint64_t kFramesPerPageblock = kPagesPerPageblock.value();
  static constexpr std::uint64_t kPageblocksPerSection = 64;

  // REQUIRES: the frame's record has been made. True of every frame of an allocated block.
  PageFrame& frame(PageFrameNumber pfn) { return pageblock(pfn).frames[pfn.value() % kFramesPerPageblock]; }
  const PageFrame& frame(PageFrameNumber pfn) const { return pageblock(pfn).frames[pfn.value() % kFramesPerPageblock]; }
  // nullptr: there is none yet.
  const PageFrame* FindFrame(PageFrameNumber pfn) const;

  // REQUIRES: the pageblock's record has been made.
  Pageblock& pageblock(PageFrameNumber pfn) {
    return sections_[pfn.value() / kFramesPerSection]
        ->pageblocks[pfn.value() / kFramesPerPageblock % kPageblocksPerSection];
  }
  const Pageblock& pageblock(PageFrameNumber pfn) const {
    return sections_[pfn.value() / kFramesPerSection]
        ->pageblocks[pfn.value() / kFramesPerPageblock % kPageblocksPerSection];
  }
  // nullptr: there is none yet.
  const Pageblock* FindPageblock(PageFrameNumber pfn) const;
  MigrateType TypeOf(PageFrameNumber pfn) const;

  // Makes the records of the section that holds the frame. Nothing if they are there.
  void MakeSection(PageFrameNumber pfn);
  // Makes the frame records of every pageblock that the block touches. Nothing if they are there. REQUIRES: the section
  // is made.
  void MakeFrames(PageFrameNumber pfn, Order order);

  // Whether a free block of exactly this order begins at the frame. REQUIRES: its section is made, and if order < 9 its
  // frame.
  bool IsFreeHead(PageFrameNumber pfn, Order order) const {
    if (order >= kPageblockOrder) return pageblock(pfn).free_order == order;
    const PageFrame& head = frame(pfn);
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

  ByteCount HostMemory() const;

 private:
  static constexpr std::uint64_t kFramesPerSection = kFramesPerPageblock * kPageblocksPerSection;

  struct Section {
    std::array<Pageblock, kPageblocksPerSection> pageblocks;
  };

  // As long as the highest section made: zones are used from their low end, so a large machine does not pay for its
  // size.
  std::vector<std::unique_ptr<Section>> sections_;
  std::uint64_t sections_made_ = 0;
  std::uint64_t pageblocks_with_frames_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_FRAME_DIRECTORY_H_
