#include "server/kernel/physical/buddy_allocator.h"

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

using Numbers = std::vector<std::uint64_t>;

constexpr MigrateType kUnmovable = MigrateType::kUnmovable;
constexpr MigrateType kMovable = MigrateType::kMovable;
constexpr MigrateType kReclaimable = MigrateType::kReclaimable;
constexpr MigrateType kHighAtomic = MigrateType::kHighAtomic;

// A zone whose memory and managed frames are the same range, unless told otherwise.
class TestZone {
 public:
  TestZone(std::uint64_t begin, std::uint64_t end) : TestZone(begin, end, begin) {}
  TestZone(std::uint64_t begin, std::uint64_t end, std::uint64_t memory_begin)
      : buddy_(&directory_, &cpus_, {PageFrameNumber(memory_begin), PageFrameNumber(end)},
               {PageFrameNumber(begin), PageFrameNumber(end)}) {
    buddy_.CheckInvariants();
  }

  // The first frame of a block taken, or UINT64_MAX.
  std::uint64_t Take(std::uint8_t order, MigrateType type = kMovable, TypeMixing mixing = TypeMixing::kAllowed) {
    const PageFrameNumber pfn = buddy_.Allocate(Order(order), type, mixing);
    return Own(pfn, order, PageOwner::kCaller);
  }
  // The same for a page that could be moved.
  std::uint64_t TakeUserPage(std::uint8_t order = 0) {
    return Own(buddy_.Allocate(Order(order), kMovable, TypeMixing::kAllowed), order, PageOwner::kAnonymous);
  }
  void Free(std::uint64_t pfn) {
    buddy_.Free(PageFrameNumber(pfn), directory_.frame(PageFrameNumber(pfn)).order);
    buddy_.CheckInvariants();
  }

  // One character a frame: the order of a free block at its first frame, dots behind it, A for what is not free.
  std::string Draw(std::uint64_t begin, std::uint64_t end) const {
    std::string drawing(end - begin, 'A');
    for (const FrameRange& range : buddy_.FreeRanges()) {
      for (std::uint64_t pfn = range.begin.value(); pfn < range.end.value(); ++pfn) {
        if (pfn < begin || pfn >= end) continue;
        const int order = std::countr_zero(range.size().value());
        drawing[pfn - begin] = pfn != range.begin.value() ? '.' : order == 10 ? 'X' : static_cast<char>('0' + order);
      }
    }
    return drawing;
  }

  Numbers List(std::uint8_t order, MigrateType type = kMovable) const {
    Numbers numbers;
    for (const PageFrameNumber pfn : buddy_.Blocks(Order(order), type)) numbers.push_back(pfn.value());
    return numbers;
  }
  // Free blocks of a type by order.
  Numbers Counts(MigrateType type) const {
    Numbers counts;
    for (std::uint8_t order = 0; order < kOrderCount; ++order) counts.push_back(buddy_.free_blocks(Order(order), type));
    return counts;
  }
  Numbers Pageblocks() const {
    Numbers counts;
    for (int t = 0; t < kMigrateTypeCount; ++t) counts.push_back(buddy_.pageblocks(static_cast<MigrateType>(t)));
    return counts;
  }
  std::string Digest() const {
    memsim::Digest digest;
    buddy_.DigestTo(digest);
    return digest.ToHex();
  }

  BuddyAllocator& buddy() { return buddy_; }
  FrameDirectory& directory() { return directory_; }

  static constexpr std::uint64_t kNone = UINT64_MAX;

  std::uint64_t Own(PageFrameNumber pfn, std::uint8_t order, PageOwner owner) {
    if (pfn != kNoPage) {
      PageFrame& head = directory_.frame(pfn);
      EXPECT_EQ(head, PageFrame{});
      head.flags = kFrameAllocated;
      head.order = Order(order);
      head.owner = owner;
    }
    buddy_.CheckInvariants();
    return pfn.value();
  }

 private:
  CostTable costs_;
  Cpus cpus_{1, costs_};
  FrameDirectory directory_;
  BuddyAllocator buddy_;
};

TEST(BuddyAllocatorTest, BootFreesTheLargestAlignedBlocks) {
  const TestZone zone(3, 21);
  //                                 0123456789012345678901
  EXPECT_EQ(zone.Draw(0, 22), "AAA02...3.......2...0A");
}

TEST(BuddyAllocatorTest, AllocatingSplitsTheBlockAndKeepsItsLowestPart) {
  TestZone zone(0, 16);
  EXPECT_EQ(zone.Draw(0, 16), "4...............");
  EXPECT_EQ(zone.Take(0), 0U);
  EXPECT_EQ(zone.Draw(0, 16), "A01.2...3.......");
  EXPECT_EQ(zone.Take(1), 2U);
  EXPECT_EQ(zone.Draw(0, 16), "A0AA2...3.......");
  EXPECT_EQ(zone.Take(2), 4U);
  EXPECT_EQ(zone.Take(0), 1U);
  EXPECT_EQ(zone.Draw(0, 16), "AAAAAAAA3.......");
  EXPECT_EQ(zone.buddy().free_pages(), PageCount(8));
}

TEST(BuddyAllocatorTest, FreeingBothBuddiesMergesThemBackToTheTop) {
  TestZone zone(0, 16);
  EXPECT_EQ(zone.Take(0), 0U);
  EXPECT_EQ(zone.Take(0), 1U);
  zone.Free(0);
  EXPECT_EQ(zone.Draw(0, 16), "0A1.2...3.......");
  zone.Free(1);
  EXPECT_EQ(zone.Draw(0, 16), "4...............");
}

TEST(BuddyAllocatorTest, FramesThatAreNoBuddiesDoNotMerge) {
  TestZone zone(0, 8);
  for (std::uint64_t pfn = 0; pfn < 8; ++pfn) EXPECT_EQ(zone.Take(0), pfn);
  zone.Free(1);
  zone.Free(2);
  //                                 01234567
  EXPECT_EQ(zone.Draw(0, 8), "A00AAAAA");
}

TEST(BuddyAllocatorTest, AFreedBlockGoesToTheHeadOfItsList) {
  TestZone zone(0, 16);
  for (std::uint64_t pfn = 0; pfn < 16; ++pfn) EXPECT_EQ(zone.Take(0), pfn);
  zone.Free(0);
  zone.Free(4);
  zone.Free(8);
  EXPECT_EQ(zone.List(0), (Numbers{8, 4, 0}));
  EXPECT_EQ(zone.Take(0), 8U);
}

TEST(BuddyAllocatorTest, ABlockThatIsLikelyToMergeSoonGoesToTheTail) {
  TestZone zone(0, 16);
  for (std::uint64_t pfn = 0; pfn < 16; ++pfn) EXPECT_EQ(zone.Take(0), pfn);
  zone.Free(8);
  zone.Free(2);
  zone.Free(3);
  //                                 0123456789012345
  EXPECT_EQ(zone.Draw(0, 16), "AA1.AAAA0AAAAAAA");
  // Once frame 1 is free too, 0 and 1 would merge into a block whose buddy at 2 is free already.
  zone.Free(0);
  EXPECT_EQ(zone.List(0), (Numbers{8, 0}));
}

TEST(BuddyAllocatorTest, BootBlocksStandInAscendingOrder) {
  const TestZone zone(2, 14);
  EXPECT_EQ(zone.Draw(0, 16), "AA1.2...2...1.AA");
  EXPECT_EQ(zone.List(1), (Numbers{2, 12}));
  EXPECT_EQ(zone.List(2), (Numbers{4, 8}));
}

TEST(BuddyAllocatorTest, UntouchedMemoryIsTakenAscendingAndFreedBlocksComeFirst) {
  TestZone zone(0, 8192);
  EXPECT_EQ(zone.Take(10), 0U);
  EXPECT_EQ(zone.Take(10), 1024U);
  EXPECT_EQ(zone.Take(10), 2048U);
  zone.Free(0);
  zone.Free(1024);
  EXPECT_EQ(zone.List(10), (Numbers{1024, 0}));
  EXPECT_EQ(zone.buddy().untouched(), (FrameRange{PageFrameNumber(3072), PageFrameNumber(8192)}));
  EXPECT_EQ(zone.Counts(kMovable), (Numbers{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}));
  EXPECT_EQ(zone.Take(10), 1024U);
  EXPECT_EQ(zone.Take(10), 0U);
  EXPECT_EQ(zone.Take(10), 3072U);
}

TEST(BuddyAllocatorTest, AZoneNobodyTakesFromCostsNothing) {
  TestZone zone(256, 1ULL << 30);
  EXPECT_EQ(zone.directory().HostMemory(), ByteCount(0));
  EXPECT_EQ(zone.Take(0), 256U);
  // A section of 8 pageblocks and 256 groups of frames. The groups: of frame 256, and of what begins a free block of
  // order 4 to 7 behind it (order 8 begins at 512 - 256 itself).
  const std::uint64_t section = 8 * 12 + 256 * 8;
  EXPECT_EQ(zone.directory().HostMemory(), ByteCount(8 + section + 5 * 16 * 32));
}

TEST(BuddyAllocatorTest, LargeFreeBlocksNeedNoFrameRecords) {
  TestZone zone(0, 8192);
  EXPECT_EQ(zone.Take(9), 0U);
  EXPECT_EQ(zone.directory().FindFrame(PageFrameNumber(512)), nullptr);
  EXPECT_NE(zone.directory().FindFrame(PageFrameNumber(511)), nullptr);
  EXPECT_EQ(zone.List(9), (Numbers{512}));
}

TEST(BuddyAllocatorTest, FramesHaveRecordsGroupByGroup) {
  TestZone zone(0, 8192);
  EXPECT_EQ(zone.Take(0), 0U);
  EXPECT_NE(zone.directory().FindFrame(PageFrameNumber(15)), nullptr);
  EXPECT_NE(zone.directory().FindFrame(PageFrameNumber(256)), nullptr) << "begins a free block";
  EXPECT_EQ(zone.directory().FindFrame(PageFrameNumber(256 + 16)), nullptr);
}

TEST(BuddyAllocatorTest, NothingIsGivenBeyondWhatThereIs) {
  TestZone zone(0, 4);
  EXPECT_EQ(zone.Take(3), TestZone::kNone);
  EXPECT_EQ(zone.Take(2), 0U);
  EXPECT_EQ(zone.Take(0), TestZone::kNone);
  EXPECT_EQ(zone.buddy().free_pages(), PageCount(0));
  TestZone empty(0, 0);
  EXPECT_EQ(empty.Take(0), TestZone::kNone);
}

TEST(BuddyAllocatorTest, FreePagesInPageblocksCountsTheLargeBlocksAlone) {
  // The DMA zone of a PC: its first MiB is not managed.
  TestZone zone(256, 4096, 1);
  EXPECT_EQ(zone.Counts(kMovable), (Numbers{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3}));
  EXPECT_EQ(zone.buddy().free_pages_in_pageblocks(), PageCount(3584));
  EXPECT_EQ(zone.Pageblocks(), (Numbers{0, 8, 0, 0}));
}

// --- Fallback between types

TEST(BuddyFallbackTest, AnUnmovablePageClaimsTheLargestBlockWhole) {
  TestZone zone(0, 4096);
  EXPECT_EQ(zone.Take(0, kUnmovable), 0U);
  EXPECT_EQ(zone.Pageblocks(), (Numbers{2, 6, 0, 0}));
  EXPECT_EQ(zone.Counts(kUnmovable), (Numbers{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0}));
  EXPECT_EQ(zone.Counts(kMovable), (Numbers{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3}));
  // The next comes from what was claimed.
  EXPECT_EQ(zone.Take(0, kUnmovable), 1U);
  // A larger block counts for more than a better type: 512 lies in an unmovable block of order 9.
  EXPECT_EQ(zone.Take(0, kReclaimable), 1024U);
}

TEST(BuddyFallbackTest, MemoryKeepsItsTypeWhenItIsFreed) {
  TestZone zone(0, 4096);
  EXPECT_EQ(zone.Take(0, kUnmovable), 0U);
  zone.Free(0);
  EXPECT_EQ(zone.List(10, kUnmovable), (Numbers{0}));
  EXPECT_EQ(zone.Pageblocks(), (Numbers{2, 6, 0, 0}));
}

TEST(BuddyFallbackTest, ASmallBlockBringsItsPageblockIfHalfOfThatIsFree) {
  // One pageblock, half of it taken by user pages that could move.
  TestZone zone(0, 512);
  for (int i = 0; i < 256; ++i) zone.TakeUserPage();
  EXPECT_EQ(zone.Take(0, kUnmovable), 256U);
  EXPECT_EQ(zone.Pageblocks(), (Numbers{1, 0, 0, 0}));
  EXPECT_EQ(zone.Counts(kMovable), Numbers(11));
}

TEST(BuddyFallbackTest, ASmallBlockIsTakenAsAGuestIfLessThanHalfIsFree) {
  TestZone zone(0, 512);
  for (int i = 0; i < 257; ++i) zone.TakeUserPage();
  EXPECT_EQ(zone.Draw(256, 264), "A01.2...");
  EXPECT_EQ(zone.Take(0, kUnmovable), 257U);
  EXPECT_EQ(zone.Pageblocks(), (Numbers{0, 1, 0, 0}));
}

TEST(BuddyFallbackTest, PagesThatCannotMoveCountForAnUnmovableClaim) {
  TestZone zone(0, 512);
  for (int i = 0; i < 200; ++i) zone.TakeUserPage();
  // As kernel pages in a movable pageblock, these would be better off in an unmovable one.
  for (int i = 0; i < 200; ++i) zone.Take(0, kMovable);
  EXPECT_EQ(zone.Take(0, kUnmovable), 400U);
  EXPECT_EQ(zone.Pageblocks(), (Numbers{1, 0, 0, 0}));
}

TEST(BuddyFallbackTest, AMovablePageDoesNotClaimForASmallBlock) {
  TestZone zone(0, 512);
  EXPECT_EQ(zone.Take(9, kUnmovable), 0U);
  zone.Free(0);
  for (int i = 0; i < 248; ++i) zone.Take(1, kUnmovable);
  EXPECT_EQ(zone.Counts(kUnmovable), (Numbers{0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(zone.Take(3, kUnmovable), 496U);
  EXPECT_EQ(zone.Take(0, kMovable), 504U);
  EXPECT_EQ(zone.Pageblocks(), (Numbers{1, 0, 0, 0}));
  EXPECT_EQ(zone.Counts(kUnmovable), (Numbers{1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(BuddyFallbackTest, WithoutMixingOnlyWholePageblocksAreClaimed) {
  TestZone zone(0, 512);
  EXPECT_EQ(zone.Take(0, kMovable), 0U);
  EXPECT_EQ(zone.Take(0, kUnmovable, TypeMixing::kWholePageblocksOnly), TestZone::kNone);
  EXPECT_EQ(zone.Pageblocks(), (Numbers{0, 1, 0, 0}));
  zone.Free(0);
  EXPECT_EQ(zone.Take(0, kUnmovable, TypeMixing::kWholePageblocksOnly), 0U);
  EXPECT_EQ(zone.Pageblocks(), (Numbers{1, 0, 0, 0}));
}

TEST(BuddyFallbackTest, APageblockThatIsNotAllInTheZoneKeepsItsType) {
  TestZone zone(0, 400);
  // 256 + 128 + 16 frames: a guest takes the smallest block.
  EXPECT_EQ(zone.Take(0, kUnmovable), 384U);
  EXPECT_EQ(zone.Pageblocks(), (Numbers{0, 1, 0, 0}));
}

TEST(BuddyFallbackTest, MergingPageblocksOfDifferentTypesTakesTheFreedOnesType) {
  TestZone zone(0, 1024);
  EXPECT_EQ(zone.Take(9, kMovable), 0U);
  EXPECT_EQ(zone.Take(9, kUnmovable), 512U);
  EXPECT_EQ(zone.Pageblocks(), (Numbers{1, 1, 0, 0}));
  zone.Free(0);
  zone.Free(512);
  EXPECT_EQ(zone.List(10, kUnmovable), (Numbers{0}));
  EXPECT_EQ(zone.Pageblocks(), (Numbers{2, 0, 0, 0}));
}

// --- The reserve for atomic allocations

TEST(BuddyHighAtomicTest, AReservedPageblockServesNobodyElse) {
  TestZone zone(0, 512 * 200);
  const std::uint64_t block = zone.Take(2, kUnmovable);
  zone.buddy().ReserveHighAtomic(PageFrameNumber(block), Order(2));
  zone.buddy().CheckInvariants();
  EXPECT_EQ(zone.Pageblocks(), (Numbers{1, 198, 0, 1}));
  EXPECT_EQ(zone.buddy().free_high_atomic(), PageCount(508));
  EXPECT_EQ(zone.Take(0, kUnmovable), 512U);
  EXPECT_EQ(zone.Own(zone.buddy().AllocateOfType(Order(2), kHighAtomic), 2, PageOwner::kCaller), 4U);
  // Freed, it is not mixed with its neighbour.
  zone.Free(0);
  zone.Free(4);
  zone.Free(512);
  EXPECT_EQ(zone.List(9, kHighAtomic), (Numbers{0}));
  EXPECT_EQ(zone.List(9, kUnmovable), (Numbers{512}));
}

TEST(BuddyHighAtomicTest, AtMostAHundredthOfTheZoneIsReserved) {
  // 1 % of 150 pageblocks is 1.5: rounded up, two of them.
  TestZone zone(0, 512 * 150);
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t block = zone.Take(8, kUnmovable);
    zone.buddy().ReserveHighAtomic(PageFrameNumber(block), Order(8));
    zone.buddy().CheckInvariants();
  }
  EXPECT_EQ(zone.Pageblocks()[3], 2U);
  TestZone small(0, 512 * 99);
  const std::uint64_t block = small.Take(1, kUnmovable);
  small.buddy().ReserveHighAtomic(PageFrameNumber(block), Order(1));
  EXPECT_EQ(small.Pageblocks()[3], 0U) << "a hundredth is less than a pageblock";
}

TEST(BuddyHighAtomicTest, AReservedPageblockCanBeReturned) {
  TestZone zone(0, 512 * 200);
  EXPECT_FALSE(zone.buddy().ReturnHighAtomic(kMovable));
  const std::uint64_t block = zone.Take(2, kUnmovable);
  zone.buddy().ReserveHighAtomic(PageFrameNumber(block), Order(2));
  EXPECT_TRUE(zone.buddy().ReturnHighAtomic(kReclaimable));
  zone.buddy().CheckInvariants();
  EXPECT_EQ(zone.Pageblocks(), (Numbers{1, 198, 1, 0}));
  EXPECT_EQ(zone.Take(2, kReclaimable), 4U);
}

TEST(BuddyHighAtomicTest, AReturnedPageblockWaitsForAFreeToMergeWithItsNeighbour) {
  TestZone zone(0, 512 * 200);
  const std::uint64_t block = zone.Take(1, kUnmovable);
  zone.buddy().ReserveHighAtomic(PageFrameNumber(block), Order(1));
  zone.Free(block);
  EXPECT_EQ(zone.List(9, kHighAtomic), (Numbers{0}));
  EXPECT_TRUE(zone.buddy().ReturnHighAtomic(kUnmovable));
  zone.buddy().CheckInvariants();
  EXPECT_EQ(zone.List(9, kUnmovable), (Numbers{512, 0}));
  EXPECT_EQ(zone.Take(9, kUnmovable), 512U);
  zone.Free(512);
  EXPECT_EQ(zone.List(10, kUnmovable), (Numbers{0}));
}

TEST(BuddyAllocatorTest, TheDigestTellsListOrderAndNothingElse) {
  TestZone a(0, 64);
  TestZone b(0, 64);
  EXPECT_EQ(a.Digest(), b.Digest());
  for (TestZone* zone : {&a, &b}) {
    for (int i = 0; i < 9; ++i) zone->Take(0);
  }
  EXPECT_EQ(a.Digest(), b.Digest());
  a.Free(0);
  a.Free(4);
  b.Free(4);
  b.Free(0);
  EXPECT_NE(a.Digest(), b.Digest());
}

}  // namespace
}  // namespace memsim
