// What the machine remembers about one page frame (Linux's struct page).
//
// Plain data, 32 bytes, linked by frame number: two to a cache line, digested and copied as they stand.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_PAGE_FRAME_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_PAGE_FRAME_H_

#include <cstdint>

#include "server/base/units.h"
#include "server/kernel/physical/page_owner.h"

namespace memsim {

// The end of a list. No machine has this frame: the largest has 2^30 frames and a hole.
inline constexpr std::uint32_t kNoFrame = UINT32_MAX;

// No frame, where a function of the hot path answers one: an optional is returned through memory, which costs more than
// the rest of an allocation.
inline constexpr PageFrameNumber kNoPage{UINT64_MAX};

// A place in a list of frames or blocks, as frame numbers.
struct FrameLinks {
  std::uint32_t next = kNoFrame;
  std::uint32_t previous = kNoFrame;

  friend bool operator==(const FrameLinks&, const FrameLinks&) = default;
};

// Bits of PageFrame::flags.
using FrameFlags = std::uint16_t;
// The first frame of a free block of an order below the pageblock's (larger ones are marked in their Pageblock).
inline constexpr FrameFlags kFrameFreeHead = 1U << 0;
// The first frame of an allocated block.
inline constexpr FrameFlags kFrameAllocated = 1U << 1;
// Free for those who own the page (PG_anon_exclusive and the like): the allocator clears them when the page is freed.
inline constexpr FrameFlags kFrameAnonExclusive = 1U << 2;
inline constexpr FrameFlags kFrameDirty = 1U << 3;
// A page of a file that is there but not read (not PG_uptodate).
inline constexpr FrameFlags kFrameNotRead = 1U << 8;
// The first frame of a block on a CPU's own list: neither free nor allocated.
inline constexpr FrameFlags kFrameOnPcpList = 1U << 4;
// An anonymous page without PG_swapbacked: MADV_FREE made it worth nothing until it is written again.
inline constexpr FrameFlags kFrameLazyFree = 1U << 5;
// Of an anonymous huge page, all of its frames (PG_head and compound_head): vm/huge_pages.h.
inline constexpr FrameFlags kFrameLarge = 1U << 6;
// Of a frame of a huge page: a program stored to it through a huge entry, and it is not known what.
inline constexpr FrameFlags kFrameStored = 1U << 7;
// One of its bytes is known not to be zero: frame_contents.h has them.
inline constexpr FrameFlags kFrameHasContents = 1U << 9;

// A frame that begins no block has flags 0 unless the owner of its block uses it.
struct PageFrame {
  // Free heads and blocks on per-CPU lists: their list. Allocated pages: free for the owner.
  FrameLinks links;
  // How many users the page has (_refcount). An allocated block begins with 1.
  std::uint32_t refcount = 0;
  // How many page-table entries map it: a plain count from 0, not Linux's from -1.
  std::uint32_t map_count = 0;
  // Its place in the object that `mapping` names.
  PageOffset index;
  // The anon_vma (owner kAnonymous), the inode (kPageCache) or the slab (kSlab, every frame of it) that it belongs to.
  // 0: none. Of kLargeKmalloc: whether the kernel or a caller has it (ObjectOwner).
  std::uint32_t mapping = 0;
  // Of the block that begins here.
  Order order;
  PageOwner owner = PageOwner::kCaller;
  FrameFlags flags = 0;

  friend bool operator==(const PageFrame&, const PageFrame&) = default;
};
static_assert(sizeof(PageFrame) == 32);

// A half-open range of frames.
struct FrameRange {
  PageFrameNumber begin;
  PageFrameNumber end;

  constexpr bool empty() const { return begin >= end; }
  constexpr PageCount size() const { return empty() ? PageCount(0) : end - begin; }
  constexpr bool Contains(PageFrameNumber frame) const { return begin <= frame && frame < end; }

  friend bool operator==(const FrameRange&, const FrameRange&) = default;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_PAGE_FRAME_H_
