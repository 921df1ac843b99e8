#include "server/kernel/physical/page_allocator.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr std::uint64_t kGiB = 1ULL << 30;
constexpr PageOwner kCaller = PageOwner::kCaller;

// Pages by owner: those of kPageTable, and of no one else.
std::vector<std::uint64_t> PageTables(std::uint64_t pages) {
  std::vector<std::uint64_t> owners(kPageOwnerCount);
  owners[static_cast<std::size_t>(PageOwner::kPageTable)] = pages;
  return owners;
}

// Everything that the allocator counts, so that one comparison tells that nothing else moved.
struct Counts {
  // Free, or on the CPU's own lists.
  std::uint64_t unused;
  std::vector<std::uint64_t> owners;
  std::int64_t allocated;
  std::int64_t freed;
  std::int64_t stalls;

  friend bool operator==(const Counts&, const Counts&) = default;
};

class Machine {
 public:
  explicit Machine(std::uint64_t bytes, const WatermarkParameters& parameters = {})
      : pages_(LayOutMemory(ByteCount(bytes), std::nullopt), parameters, counters_, locks_) {
    pages_.CheckInvariants();
  }

  std::optional<PageFrameNumber> Take(GfpMask gfp, std::uint8_t order = 0, PageOwner owner = kCaller) {
    const std::optional<PageFrameNumber> pfn = pages_.AllocPages(gfp, Order(order), owner);
    pages_.CheckInvariants();
    return pfn;
  }
  std::optional<FreeRefusal> Free(std::optional<PageFrameNumber> pfn, std::uint32_t order = 0) {
    const std::optional<FreeRefusal> refusal = pages_.FreeCallerPages(*pfn, order);
    pages_.CheckInvariants();
    return refusal;
  }
  // Takes pages until there are none; how many there were.
  std::uint64_t TakeAll(GfpMask gfp, std::uint8_t order = 0) {
    std::uint64_t blocks = 0;
    while (pages_.AllocPages(gfp, Order(order), kCaller).has_value()) ++blocks;
    pages_.CheckInvariants();
    return blocks;
  }

  Counts counts() const {
    std::vector<std::uint64_t> owners;
    for (int o = 0; o < kPageOwnerCount; ++o) owners.push_back(pages_.pages_of(static_cast<PageOwner>(o)).value());
    return {(pages_.free_pages() + pages_.pcp_pages()).value(), owners, counters_.Get(Counter::kPgAlloc),
            counters_.Get(Counter::kPgFree), counters_.Get(Counter::kAllocStall)};
  }
  ZoneInfo zone(ZoneType type) const { return pages_.zones()[static_cast<std::size_t>(type)]; }
  std::uint64_t free(ZoneType type) const { return zone(type).free.value(); }
  std::string Digest() const {
    memsim::Digest digest;
    pages_.DigestTo(digest);
    return digest.ToHex();
  }

  PageAllocator& pages() { return pages_; }

 private:
  Counters counters_;
  Cpus cpus_{1, kDefaultCosts};
  Locks locks_{cpus_};
  PageAllocator pages_;
};

TEST(PageAllocatorTest, AfterBootAllManagedMemoryIsFree) {
  for (const std::uint64_t bytes : {16 * kMiB, 20 * kMiB, 3 * kGiB + kMiB, 4 * kGiB, 64 * kGiB, 4096 * kGiB}) {
    Machine machine(bytes);
    const std::uint64_t managed = machine.pages().managed_pages().value();
    EXPECT_EQ(machine.counts(), (Counts{managed, PageTables(0), 0, 0, 0}));
    EXPECT_LT(machine.pages().HostMemory(), ByteCount(8192)) << bytes;
  }
}

TEST(PageAllocatorTest, AMachineThatUsedALittleCostsLittle) {
  for (const std::uint64_t bytes : {4 * kGiB, 64 * kGiB, 4096 * kGiB}) {
    Machine machine(bytes);
    for (int i = 0; i < 100; ++i) {
      machine.Take(kGfpKernel, 0, PageOwner::kPageTable);
      machine.Take(kGfpHighuserMovable, 0, PageOwner::kAnonymous);
    }
    // Per type the frames of a few groups, and those in which free blocks begin.
    EXPECT_LT(machine.pages().HostMemory(), ByteCount(40 * 1024)) << bytes;
  }
}

TEST(PageAllocatorTest, AnAllocatedPageIsItsOwners) {
  Machine machine(4 * kGiB);
  const std::uint64_t free = machine.counts().unused;
  const std::optional<PageFrameNumber> pfn = machine.Take(kGfpKernel, 0, PageOwner::kPageTable);
  ASSERT_TRUE(pfn.has_value());
  EXPECT_EQ(ZoneOfFrame(*pfn), ZoneType::kNormal);
  EXPECT_EQ(machine.counts(), (Counts{free - 1, PageTables(1), 1, 0, 0}));
  PageFrame expected;
  expected.refcount = 1;
  expected.owner = PageOwner::kPageTable;
  expected.flags = kFrameAllocated;
  EXPECT_EQ(machine.pages().frame(*pfn), expected);

  machine.pages().FreePages(*pfn, Order(0));
  machine.pages().CheckInvariants();
  EXPECT_EQ(machine.counts(), (Counts{free, PageTables(0), 1, 1, 0}));
}

TEST(PageAllocatorTest, AFreedPageForgetsWhatItsOwnerWroteDown) {
  Machine machine(4 * kGiB);
  const PageFrameNumber pfn = *machine.Take(kGfpHighuserMovable, 0, PageOwner::kAnonymous);
  PageFrame& page = machine.pages().frame(pfn);
  page.mapping = 7;
  page.index = PageOffset(9);
  page.flags |= kFrameAnonExclusive | kFrameDirty;
  page.links = {1, 2};
  machine.pages().PutPage(pfn);
  machine.pages().CheckInvariants();
  EXPECT_EQ(*machine.Take(kGfpHighuserMovable, 0, PageOwner::kAnonymous), pfn);
  EXPECT_EQ(page.mapping, 0U);
  EXPECT_EQ(page.flags, kFrameAllocated);
  EXPECT_EQ(page.links, FrameLinks{});
}

TEST(PageAllocatorTest, TheLastPutPageFrees) {
  Machine machine(4 * kGiB);
  const PageFrameNumber pfn = *machine.Take(kGfpHighuserMovable, 0, PageOwner::kAnonymous);
  const Counts before = machine.counts();
  machine.pages().GetPage(pfn);
  machine.pages().PutPage(pfn);
  EXPECT_EQ(machine.counts(), before);
  machine.pages().PutPage(pfn);
  machine.pages().CheckInvariants();
  EXPECT_EQ(machine.counts(), (Counts{before.unused + 1, PageTables(0), 1, 1, 0}));
}

TEST(PageAllocatorTest, ATooLargeOrderIsRefused) {
  Machine machine(4 * kGiB);
  EXPECT_TRUE(machine.Take(kGfpKernel, 10).has_value());
  EXPECT_FALSE(machine.Take(kGfpKernel, 11).has_value());
  EXPECT_FALSE(machine.Take(kGfpKernel, 255).has_value());
}

// --- Zones

TEST(PageAllocatorZonesTest, FlagsChooseTheZone) {
  Machine machine(4 * kGiB);
  EXPECT_EQ(ZoneOfFrame(*machine.Take(kGfpKernel)), ZoneType::kNormal);
  EXPECT_EQ(ZoneOfFrame(*machine.Take(kGfpHighuserMovable)), ZoneType::kNormal);
  EXPECT_EQ(ZoneOfFrame(*machine.Take(kGfpKernel | kGfpDma32)), ZoneType::kDma32);
  EXPECT_EQ(ZoneOfFrame(*machine.Take(kGfpKernel | kGfpDma)), ZoneType::kDma);
}

TEST(PageAllocatorZonesTest, AMachineWithoutAHighZoneStartsBelow) {
  Machine machine(2 * kGiB);
  EXPECT_EQ(ZoneOfFrame(*machine.Take(kGfpHighuserMovable)), ZoneType::kDma32);
  Machine small(16 * kMiB);
  EXPECT_EQ(ZoneOfFrame(*small.Take(kGfpHighuserMovable)), ZoneType::kDma);
}

TEST(PageAllocatorZonesTest, AnUnmovablePageIsSoughtBelowBeforeTypesAreMixed) {
  Machine machine(3 * kGiB + 128 * kMiB);
  // Fill Normal with halves of pageblocks, free every second one, and take the pageblocks that are left whole.
  const auto take = [&machine](std::uint8_t order) {
    return *machine.pages().AllocPages(kGfpHighuserMovable, Order(order), PageOwner::kAnonymous);
  };
  std::vector<PageFrameNumber> halves = {take(8)};
  while (ZoneOfFrame(halves.back()) == ZoneType::kNormal) halves.push_back(take(8));
  for (std::size_t i = 0; i + 1 < halves.size(); i += 2) machine.pages().FreePages(halves[i], Order(8));
  while (ZoneOfFrame(take(9)) == ZoneType::kNormal) continue;

  EXPECT_EQ(ZoneOfFrame(*machine.Take(kGfpKernel)), ZoneType::kDma32);
  EXPECT_EQ(ZoneOfFrame(*machine.Take(kGfpHighuserMovable)), ZoneType::kNormal);
}

TEST(PageAllocatorZonesTest, WhatZonesShowAddsUp) {
  Machine machine(4 * kGiB);
  machine.Take(kGfpKernel, 3);
  machine.Take(kGfpKernel | kGfpDma, 2);
  machine.Take(kGfpHighuserMovable, 0);
  PageCount managed;
  PageCount free;
  PageCount allocated;
  for (const ZoneInfo& zone : machine.pages().zones()) {
    managed += zone.managed;
    free += zone.free;
    allocated += zone.allocated_ever;
    std::uint64_t in_lists = 0;
    for (std::uint8_t o = 0; o < kOrderCount; ++o) {
      in_lists += zone.free_blocks[o] << o;
      std::uint64_t by_type = 0;
      for (int t = 0; t < kMigrateTypeCount; ++t) by_type += zone.free_blocks_by_type[t][o];
      EXPECT_EQ(by_type, zone.free_blocks[o]);
    }
    EXPECT_EQ(in_lists, zone.free.value()) << zone.name;
  }
  EXPECT_EQ(managed, machine.pages().managed_pages());
  EXPECT_EQ(free, machine.pages().free_pages());
  EXPECT_EQ(allocated, PageCount(8 + 4 + 1));
  EXPECT_EQ(machine.zone(ZoneType::kDma).allocated_ever, PageCount(4));
}

TEST(PageAllocatorZonesTest, EmptyZonesAreShownToo) {
  Machine machine(4 * kGiB);
  const ZoneInfo movable = machine.zone(ZoneType::kMovable);
  EXPECT_EQ(movable.name, "Movable");
  EXPECT_FALSE(movable.populated);
  EXPECT_EQ(movable.watermarks.min, PageCount(32));
  EXPECT_EQ(machine.zone(ZoneType::kDevice).spanned, PageCount(0));
}

TEST(PageAllocatorZonesTest, ADmaZoneAfterBootLooksLikeAPcs) {
  Machine machine(24 * kGiB);
  const ZoneInfo dma = machine.zone(ZoneType::kDma);
  EXPECT_EQ(dma.free_blocks, (std::array<std::uint64_t, kOrderCount>{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3}));
  EXPECT_EQ(dma.free_in_pageblocks, PageCount(3584));
  EXPECT_EQ(dma.start_pfn, PageFrameNumber(1));
  EXPECT_EQ(machine.zone(ZoneType::kDma32).pageblocks_by_type, (std::array<std::uint64_t, 4>{0, 1528, 0, 0}));
}

// --- Watermarks

TEST(PageAllocatorWatermarksTest, OrdinaryAllocationsStopAtTheMinWatermark) {
  Machine machine(16 * kMiB);
  machine.TakeAll(kGfpKernel);
  EXPECT_EQ(machine.zone(ZoneType::kDma).free, machine.zone(ZoneType::kDma).watermarks.min);
  EXPECT_EQ(machine.counts().stalls, 1);
  EXPECT_EQ(machine.zone(ZoneType::kNormal).stalls, 1U) << "allocstall_normal: the highest zone that would have done";
}

TEST(PageAllocatorWatermarksTest, UrgentAllocationsReachDeeper) {
  const auto left = [](GfpMask gfp) {
    Machine machine(16 * kMiB);
    machine.TakeAll(gfp);
    return machine.free(ZoneType::kDma);
  };
  const std::uint64_t min = Machine(16 * kMiB).zone(ZoneType::kDma).watermarks.min.value();
  const std::uint64_t half = min - min / 2;
  EXPECT_EQ(left(kGfpKernel | kGfpHigh), half);
  EXPECT_EQ(left(kGfpKernel | kGfpNofail), half);
  // Who cannot wait does not drain the lists of the CPUs. The last bulk, of at most 32 pages, goes below the mark.
  const auto expect_below = [&left](GfpMask gfp, std::uint64_t mark) {
    const std::uint64_t pages = left(gfp);
    EXPECT_LE(pages, mark);
    EXPECT_GT(pages + 32, mark);
  };
  expect_below(kGfpNowait, min);
  expect_below(kGfpAtomic, half - half / 4);
  EXPECT_EQ(left(kGfpKernel | kGfpMemalloc), 0U);
}

TEST(PageAllocatorWatermarksTest, LowerZonesKeepWhatIsProtectedFromHigherOnes) {
  Machine machine(4 * kGiB);
  while (machine.pages().AllocPages(kGfpHighuserMovable, Order(0), kCaller).has_value()) continue;
  machine.pages().CheckInvariants();
  for (const ZoneType type : {ZoneType::kDma, ZoneType::kDma32, ZoneType::kNormal}) {
    const ZoneInfo zone = machine.zone(type);
    const PageCount kept = zone.watermarks.min + zone.protection[static_cast<std::size_t>(ZoneType::kMovable)];
    EXPECT_EQ(zone.free, std::min(zone.managed, kept)) << zone.name;
  }
  // GFP_DMA may still have what was protected.
  EXPECT_TRUE(machine.Take(kGfpKernel | kGfpDma).has_value());
}

TEST(PageAllocatorWatermarksTest, ABlockIsNotFoundAmongPagesHoweverMany) {
  Machine machine(16 * kMiB);
  std::vector<PageFrameNumber> taken;
  for (;;) {
    const auto pfn = machine.pages().AllocPages(kGfpKernel, Order(0), kCaller);
    if (!pfn.has_value()) break;
    taken.push_back(*pfn);
  }
  for (const PageFrameNumber pfn : taken) {
    if (pfn.value() % 2 != 0) continue;
    EXPECT_EQ(machine.pages().FreeCallerPages(pfn, 0), std::nullopt);
  }
  EXPECT_GT(machine.free(ZoneType::kDma), 1500U);
  EXPECT_FALSE(machine.Take(kGfpKernel, 9).has_value());
  EXPECT_TRUE(machine.Take(kGfpKernel, 0).has_value());
}

TEST(PageAllocatorWatermarksTest, AtomicBlocksGetAReserveThatOrdinaryMemoryReturnsLast) {
  Machine machine(512 * kMiB);
  machine.TakeAll(kGfpKernel, 2);
  const ZoneInfo before = machine.zone(ZoneType::kDma32);
  EXPECT_EQ(before.pageblocks_by_type[3], 0U);
  EXPECT_TRUE(machine.Take(kGfpAtomic, 2).has_value());
  EXPECT_EQ(machine.zone(ZoneType::kDma32).pageblocks_by_type[3], 1U);
  // Reserve pages do not count as free for those who may not have them, so nothing ordinary is left; the next one that
  // waits takes the reserve back.
  EXPECT_FALSE(machine.Take(kGfpKernel, 2).has_value());
  EXPECT_EQ(machine.zone(ZoneType::kDma32).pageblocks_by_type[3], 0U);
}

TEST(PageAllocatorWatermarksTest, FreePagesOfTheReserveCountForNobodyWhoMayNotHaveThem) {
  Machine machine(512 * kMiB);
  std::vector<PageFrameNumber> taken;
  while (const auto pfn = machine.pages().AllocPages(kGfpKernel, Order(2), kCaller)) taken.push_back(*pfn);
  const PageFrameNumber atomic = *machine.Take(kGfpAtomic, 2);
  // The rest of the pageblock that is now reserved becomes free, and some ordinary memory.
  ASSERT_NE(taken.front().value() / 512, atomic.value() / 512);
  for (const PageFrameNumber pfn : taken) {
    if (pfn.value() / 512 != atomic.value() / 512 && pfn > taken.front() + PageCount(100)) continue;
    EXPECT_EQ(machine.pages().FreeCallerPages(pfn, 2), std::nullopt);
  }
  machine.TakeAll(kGfpKernel | kGfpNoretry);
  const ZoneInfo zone = machine.zone(ZoneType::kDma32);
  PageCount reserve;
  for (std::uint8_t o = 0; o < kOrderCount; ++o) reserve += PagesOfOrder(Order(o)) * zone.free_blocks_by_type[3][o];
  EXPECT_GT(reserve, PageCount(400));
  EXPECT_EQ(zone.free, zone.watermarks.min + zone.protection[static_cast<std::size_t>(ZoneType::kNormal)] + reserve);
  // Who cannot wait may have them.
  EXPECT_TRUE(machine.Take(kGfpAtomic).has_value());
}

TEST(PageAllocatorWatermarksTest, MinFreeKbytesAsSetIsUsed) {
  Machine machine(4 * kGiB, {4096, 10, TransparentHugePages::kMadvise});
  EXPECT_EQ(machine.pages().min_free_kbytes(), 4096U);
  PageCount sum;
  for (const ZoneInfo& zone : machine.pages().zones()) {
    if (zone.populated) sum += zone.watermarks.min;
  }
  EXPECT_NEAR(static_cast<double>(sum.value()), 1024, 3);
}

// --- Freeing what is not allocated

TEST(PageAllocatorRefusalTest, EveryWrongFreeIsToldAndChangesNothing) {
  Machine machine(4 * kGiB);
  const PageFrameNumber block = *machine.Take(kGfpKernel, 3);
  const PageFrameNumber table = *machine.Take(kGfpKernel, 0, PageOwner::kPageTable);
  const PageFrameNumber freed = *machine.Take(kGfpKernel, 2);
  EXPECT_EQ(machine.Free(freed, 2), std::nullopt);
  const PageFrameNumber shared = *machine.Take(kGfpKernel, 0);
  machine.pages().GetPage(shared);
  const PageFrameNumber mapped = *machine.Take(kGfpKernel, 0);
  machine.pages().frame(mapped).map_count = 1;

  const Counts counts = machine.counts();
  const std::string digest = machine.Digest();
  EXPECT_EQ(machine.Free(freed, 2), FreeRefusal::kAlreadyFree);
  EXPECT_EQ(machine.Free(freed + PageCount(1), 0), FreeRefusal::kAlreadyFree);
  EXPECT_EQ(machine.Free(block + PageCount(4), 2), FreeRefusal::kNotBlockStart);
  EXPECT_EQ(machine.Free(block, 2), FreeRefusal::kWrongOrder);
  EXPECT_EQ(machine.Free(block, 4), FreeRefusal::kWrongOrder);
  EXPECT_EQ(machine.Free(block, 11), FreeRefusal::kWrongOrder);
  EXPECT_EQ(machine.Free(block, UINT32_MAX), FreeRefusal::kWrongOrder);
  EXPECT_EQ(machine.Free(block, 256 + 3), FreeRefusal::kWrongOrder);
  EXPECT_EQ(machine.Free(table, 0), FreeRefusal::kInUse);
  EXPECT_EQ(machine.Free(shared, 0), FreeRefusal::kInUse);
  EXPECT_EQ(machine.Free(mapped, 0), FreeRefusal::kInUse);
  EXPECT_EQ(machine.counts(), counts);
  EXPECT_EQ(machine.Digest(), digest);
  EXPECT_EQ(machine.Free(block, 3), std::nullopt);
}

TEST(PageAllocatorRefusalTest, FramesThatAreNotManagedAreNoFrames) {
  Machine machine(4 * kGiB);
  const std::string digest = machine.Digest();
  const ZoneInfo normal = machine.zone(ZoneType::kNormal);
  const std::uint64_t end = (normal.start_pfn + normal.managed).value();
  // Frame 0, the BIOS' data, the kernel's image, the hole below 4 GiB, the tables at the end, beyond the end, beyond
  // all.
  const std::vector<std::uint64_t> none = {0,          0x9f,      255, 4096, 786432, end, (1ULL << 20) + (1ULL << 18),
                                           1ULL << 32, UINT64_MAX};
  for (const std::uint64_t pfn : none) {
    EXPECT_EQ(machine.Free(PageFrameNumber(pfn), 0), FreeRefusal::kNoSuchFrame) << pfn;
    EXPECT_FALSE(machine.pages().Contains(PageFrameNumber(pfn))) << pfn;
  }
  // Untouched frames at the limits, which have no records.
  const std::vector<std::uint64_t> untouched = {256, 4095, 786431, 1ULL << 20, end - 1};
  for (const std::uint64_t pfn : untouched) {
    EXPECT_EQ(machine.Free(PageFrameNumber(pfn), 0), FreeRefusal::kAlreadyFree) << pfn;
  }
  EXPECT_EQ(machine.Digest(), digest);
}

TEST(PageAllocatorRefusalTest, TheBlockOfAnyFrameInsideIsFound) {
  Machine machine(4 * kGiB);
  for (const std::uint8_t order :
       {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{5}, std::uint8_t{9}, std::uint8_t{10}}) {
    const PageFrameNumber block = *machine.Take(kGfpKernel, order);
    const PageCount last = PagesOfOrder(Order(order)) - PageCount(1);
    EXPECT_EQ(machine.pages().AllocatedBlockOf(block), block);
    EXPECT_EQ(machine.pages().AllocatedBlockOf(block + last), block);
    EXPECT_EQ(machine.Free(block, order), std::nullopt);
    EXPECT_EQ(machine.pages().AllocatedBlockOf(block + last), std::nullopt);
  }
}

TEST(PageAllocatorDeathTest, TheKernelsOwnMistakesStopTheProgram) {
  Machine machine(4 * kGiB);
  const PageFrameNumber pfn = *machine.Take(kGfpKernel, 1);
  EXPECT_DEATH(machine.pages().FreePages(pfn, Order(0)), "check failed");
  EXPECT_DEATH(machine.pages().FreePages(PageFrameNumber(0), Order(0)), "check failed");
  machine.pages().FreePages(pfn, Order(1));
  EXPECT_DEATH(machine.pages().FreePages(pfn, Order(1)), "check failed");
}

// --- State

TEST(PageAllocatorStateTest, TheSameCallsGiveTheSameDigestAndOthersDoNot) {
  const auto run = [](std::uint8_t order) {
    Machine machine(64 * kMiB);
    std::vector<PageFrameNumber> taken;
    for (std::uint8_t i = 0; i < 50; ++i) taken.push_back(*machine.Take(i % 3 == 0 ? kGfpKernel : kGfpHighuserMovable));
    for (std::size_t i = 0; i < taken.size(); i += 2) machine.Free(taken[i]);
    machine.Take(kGfpKernel, order);
    return machine.Digest();
  };
  EXPECT_EQ(run(2), run(2));
  EXPECT_NE(run(2), run(3));
}

TEST(PageAllocatorStateTest, TheDigestSeesWhatOwnersWriteDown) {
  Machine machine(64 * kMiB);
  const PageFrameNumber pfn = *machine.Take(kGfpHighuserMovable, 0, PageOwner::kAnonymous);
  std::vector<std::string> digests = {machine.Digest()};
  machine.pages().frame(pfn).map_count = 1;
  digests.push_back(machine.Digest());
  machine.pages().frame(pfn).index = PageOffset(1);
  digests.push_back(machine.Digest());
  machine.pages().frame(pfn).mapping = 1;
  digests.push_back(machine.Digest());
  machine.pages().frame(pfn).flags |= kFrameDirty;
  digests.push_back(machine.Digest());
  for (std::size_t i = 1; i < digests.size(); ++i) EXPECT_NE(digests[i], digests[i - 1]) << i;
}

TEST(PageAllocatorStateTest, FillingAndEmptyingAMachineLeavesItWhole) {
  Machine machine(64 * kMiB);
  const Counts before = machine.counts();
  std::vector<PageFrameNumber> taken;
  for (;;) {
    const auto pfn = machine.pages().AllocPages(kGfpKernel | kGfpMemalloc, Order(0), kCaller);
    if (!pfn.has_value()) break;
    taken.push_back(*pfn);
  }
  EXPECT_EQ(taken.size(), machine.pages().managed_pages().value());
  machine.pages().CheckInvariants();
  for (const PageFrameNumber pfn : taken) EXPECT_EQ(machine.pages().FreeCallerPages(pfn, 0), std::nullopt);
  machine.pages().DrainPerCpuPages();
  machine.pages().CheckInvariants();
  EXPECT_EQ(machine.pages().pcp_pages(), PageCount(0));
  EXPECT_EQ(machine.counts().unused, before.unused);
  // Wherever the zones' ends allow, memory is in blocks of the largest order again.
  const ZoneInfo dma = machine.zone(ZoneType::kDma);
  EXPECT_EQ(dma.free_blocks, (std::array<std::uint64_t, kOrderCount>{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3}));
}

}  // namespace
}  // namespace memsim
