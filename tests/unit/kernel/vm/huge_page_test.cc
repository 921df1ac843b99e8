// Transparent huge pages of anonymous memory: which faults bring them, and what becomes of them.
//
// Page numbers are of the arena, which begins at a multiple of 2 MiB: one of these is 512 pages, H here.

#include "gtest/gtest.h"

#include "server/kernel/vm/huge_pages.h"
#include "server/kernel/vm/mm_flags.h"
#include "server/kernel/vm/mremap.h"
#include "server/kernel/vm/split_huge.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

constexpr std::uint64_t H = kHugePages;

class HugePageTest : public ProgramTest {
 protected:
  HugePageTest() : ProgramTest(ByteCount(256ULL << 20)) {}

  // Anonymous memory for which huge pages are wanted.
  void MapHuge(std::uint64_t first, std::uint64_t end) {
    mm().Map(first, end);
    EXPECT_EQ(mm().Advise(first, end, kMadvHugePage), "OK");
  }
  // One letter for each 2 MiB: 'H' a huge page, 'Z' the huge zero page, 't' a table, '.' nothing.
  static std::string Tables(Program& program, std::uint64_t first, std::uint64_t end) {
    std::string letters;
    const PageTables& tables = program.space().page_tables();
    for (std::uint64_t page = first; page < end; page += H) {
      const HugeEntry* entry = tables.FindHuge(At(page));
      letters += entry != nullptr ? (entry->pte.special() ? 'Z' : 'H') : tables.Find(At(page)) != nullptr ? 't' : '.';
    }
    return letters;
  }
  std::string Tables(std::uint64_t first, std::uint64_t end) { return Tables(mm(), first, end); }
  static std::uint64_t Rss(Program& program) { return program.space().statistics().resident().value(); }
  std::uint64_t Rss() { return Rss(mm()); }
  std::int64_t Count(Counter counter) const { return world_.counters.Get(counter); }
  std::uint64_t anonymous_frames() const { return world_.pages.pages_of(PageOwner::kAnonymous).value(); }
};

// --- Faults

TEST_F(HugePageTest, AStoreTo2MiBThatNobodyTouchedBringsAHugePage) {
  MapHuge(0, 2 * H);
  EXPECT_EQ(mm().Write(5, 6), "1 minor");
  EXPECT_EQ(Tables(0, 2 * H), "H.");
  EXPECT_EQ(Rss(), H);
  EXPECT_EQ(mm().Write(0, H), "0 minor");
  EXPECT_EQ(mm().Write(0, 2 * H), "1 minor");
  EXPECT_EQ(Tables(0, 2 * H), "HH");
  EXPECT_EQ(Rss(), 2 * H);
  EXPECT_EQ(Count(Counter::kThpFaultAlloc), 2);
  EXPECT_EQ(Count(Counter::kNrAnonThps), 2);
  EXPECT_EQ(Count(Counter::kNrAnonPages), 2 * kHugePages);
  EXPECT_EQ(HugePagesIn(mm().space(), mm().VmaAt(0)), PageCount(2 * H));
}

TEST_F(HugePageTest, OnlyThe2MiBThatLieInTheMappingAreHuge) {
  // ...|....HHHH....|...
  MapHuge(H - 1, 2 * H + 1);
  EXPECT_EQ(mm().Write(H - 1, 2 * H + 1), "3 minor");
  EXPECT_EQ(Tables(0, 3 * H), "tHt");
  EXPECT_EQ(Rss(), H + 2);
}

TEST_F(HugePageTest, WhereThereIsATableAlreadyPagesAreSmall) {
  mm().Map(0, H);
  EXPECT_EQ(mm().Write(0, 1), "1 minor");
  EXPECT_EQ(mm().Advise(0, H, kMadvHugePage), "OK");
  EXPECT_EQ(mm().Write(1, 3), "2 minor");
  EXPECT_EQ(Tables(0, H), "t");
}

TEST_F(HugePageTest, MemoryThatWasNotAdvisedOrAdvisedAgainstIsSmall) {
  mm().Map(0, H);
  EXPECT_EQ(mm().Write(0, 2), "2 minor");
  MapHuge(H, 2 * H);
  EXPECT_EQ(mm().Advise(H, 2 * H, kMadvNoHugePage), "OK");
  EXPECT_EQ(mm().VmaAt(H).flags & (kVmHugePage | kVmNoHugePage), kVmNoHugePage);
  EXPECT_EQ(mm().Write(H, H + 2), "2 minor");
}

TEST_F(HugePageTest, TheAdviceIsAFlagThatKeepsMappingsApart) {
  mm().Map(0, 4);
  EXPECT_EQ(mm().Advise(1, 2, kMadvHugePage), "OK");
  EXPECT_EQ(mm().Advise(2, 3, kMadvNoHugePage), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..2 rw-p, 2..3 rw-p, 3..4 rw-p");
  EXPECT_EQ(mm().Advise(2, 3, kMadvHugePage), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..3 rw-p, 3..4 rw-p");
}

TEST_F(HugePageTest, ALoadMapsTheHugeZeroPageWhichAStoreReplaces) {
  FilesStay();
  MapHuge(0, 2 * H);
  EXPECT_EQ(mm().Read(7, H), "1 minor");
  EXPECT_EQ(mm().Read(H, H + 1), "1 minor");
  EXPECT_EQ(Tables(0, 2 * H), "ZZ");
  EXPECT_EQ(Rss(), 0U);
  EXPECT_EQ(Count(Counter::kThpZeroPageAlloc), 1);
  EXPECT_EQ(mm().Write(7, 9), "1 minor");
  EXPECT_EQ(Tables(0, 2 * H), "HZ");
  EXPECT_EQ(Rss(), H);
  // A load needs an anon_vma too.
  EXPECT_NE(mm().VmaAt(H).anon.own, AnonVmaId());
}

TEST_F(HugePageTest, WithoutABlockOf2MiBTheFaultGoesOnWithAPage) {
  MapHuge(0, H);
  std::vector<PageFrameNumber> taken;
  while (const auto block = world_.pages.AllocPages(kGfpTranshuge, kHugeOrder, PageOwner::kCaller)) {
    taken.push_back(*block);
  }
  EXPECT_EQ(mm().Write(3, 5), "2 minor");
  EXPECT_EQ(Tables(0, H), "t");
  EXPECT_EQ(Count(Counter::kThpFaultFallback), 1) << "the second finds a table";
  for (const PageFrameNumber block : taken) world_.pages.FreePages(block, kHugeOrder);
}

// --- fork and copies

TEST_F(HugePageTest, TheFirstStoreAfterForkCopiesOnePageAndLeavesATable) {
  MapHuge(0, H);
  mm().Write(0, 1);
  auto child = mm().Fork();
  EXPECT_EQ(Tables(*child, 0, H), "H");
  EXPECT_EQ(Rss(*child), H);
  EXPECT_EQ(Count(Counter::kNrAnonThps), 1);
  EXPECT_EQ(child->Write(8, 9), "1 minor");
  EXPECT_EQ(Tables(*child, 0, H), "t");
  EXPECT_EQ(Tables(0, H), "H");
  EXPECT_EQ(Rss(*child), H);
  EXPECT_EQ(child->Write(8, 10), "1 minor");
  EXPECT_EQ(anonymous_frames(), H + 2);
  child.reset();
  EXPECT_EQ(mm().Write(0, H), "1 minor") << "its only owner keeps it whole";
  EXPECT_EQ(Tables(0, H), "H");
}

TEST_F(HugePageTest, AParentThatWroteFirstKeepsPagesWhenTheChildIsGone) {
  MapHuge(0, H);
  mm().Write(0, 1);
  auto child = mm().Fork();
  EXPECT_EQ(mm().Write(0, 2), "2 minor");
  EXPECT_EQ(Tables(0, H), "t");
  EXPECT_EQ(child->Write(0, 2), "2 minor");
  child.reset();
  const std::uint64_t frames = anonymous_frames();
  EXPECT_EQ(frames, H + 2);
  EXPECT_EQ(mm().Write(2, 4), "2 minor");
  EXPECT_EQ(anonymous_frames(), frames) << "nothing was copied: no other address space maps it any more";
}

TEST_F(HugePageTest, AChildOfTheHugeZeroPageReadsItToo) {
  FilesStay();
  MapHuge(0, H);
  mm().Read(0, 1);
  auto child = mm().Fork();
  EXPECT_EQ(Tables(*child, 0, H), "Z");
  EXPECT_EQ(child->Write(0, 1), "1 minor");
  EXPECT_EQ(Tables(*child, 0, H), "H");
  EXPECT_EQ(Tables(0, H), "Z");
}

// --- Splits and what follows

TEST_F(HugePageTest, ChangingAPartLeavesATableAndNoFaults) {
  MapHuge(0, H);
  mm().Write(0, 1);
  const PageCount tables = mm().table_pages();
  mm().Protect(16, 17, "r");
  EXPECT_EQ(Tables(0, H), "t");
  EXPECT_EQ(mm().table_pages(), tables) << "the table was deposited with the entry";
  EXPECT_EQ(mm().Write(0, 16), "0 minor");
  EXPECT_EQ(mm().Write(16, 17), "0 minor, SIGSEGV 2 at A+16");
  mm().Protect(16, 17, "rw");
  EXPECT_EQ(mm().Write(0, H), "0 minor");
  EXPECT_EQ(Count(Counter::kThpSplitPmd), 1);
  EXPECT_EQ(Rss(), H);
}

TEST_F(HugePageTest, ProtectingTheWholeKeepsItHuge) {
  MapHuge(0, H);
  mm().Write(0, 1);
  mm().Protect(0, H, "r");
  EXPECT_EQ(mm().Write(0, 1), "0 minor, SIGSEGV 2 at A+0");
  mm().Protect(0, H, "");
  EXPECT_EQ(mm().Read(3, 4), "0 minor, SIGSEGV 2 at A+3");
  mm().Protect(0, H, "rw");
  EXPECT_EQ(mm().Write(0, H), "0 minor");
  EXPECT_EQ(Tables(0, H), "H");
}

TEST_F(HugePageTest, PartsThatAreUnmappedFreeTheirMemoryWithTheLast) {
  MapHuge(0, H);
  mm().Write(0, 1);
  mm().Unmap(1, H);
  EXPECT_EQ(Rss(), 1U);
  EXPECT_EQ(anonymous_frames(), H) << "a huge page goes as a whole";
  EXPECT_EQ(Count(Counter::kThpDeferredSplitPage), 1);
  mm().Unmap(0, 1);
  EXPECT_EQ(anonymous_frames(), 0U);
}

TEST_F(HugePageTest, AWholeHugePageThatIsUnmappedIsNotSplit) {
  MapHuge(0, 3 * H);
  mm().Write(0, 3 * H);
  mm().Unmap(H, 2 * H);
  EXPECT_EQ(Tables(0, 3 * H), "H.H");
  EXPECT_EQ(Count(Counter::kThpSplitPmd), 0);
  EXPECT_EQ(anonymous_frames(), 2 * H);
}

TEST_F(HugePageTest, DontNeedOfAllThatATableServesFreesItSoThatTheNextFaultIsHuge) {
  mm().Map(0, H);
  mm().Write(0, 2);
  const PageCount tables = mm().table_pages();
  EXPECT_EQ(mm().Advise(0, H, kMadvDontNeed), "OK");
  EXPECT_EQ(mm().table_pages(), tables - PageCount(1));
  EXPECT_EQ(mm().Advise(0, H, kMadvHugePage), "OK");
  EXPECT_EQ(mm().Write(0, 2), "1 minor");
  EXPECT_EQ(mm().Advise(0, 1, kMadvDontNeed), "OK");
  EXPECT_EQ(mm().Advise(1, H, kMadvDontNeed), "OK");
  EXPECT_EQ(Tables(0, H), "t") << "piece by piece the table stays";
}

TEST_F(HugePageTest, SplittingThePageLeavesWhatWasStoredToAndFreesTheRest) {
  MapHuge(0, H);
  mm().Write(4, 6);
  SplitHugePagesIn(mm().space(), RangeOf(At(0), Pages(1)), SplitInside::kPartly);
  world_.Check();
  EXPECT_EQ(mm().Entries(3, 7), "zwwz");
  EXPECT_EQ(Rss(), 2U);
  EXPECT_EQ(anonymous_frames(), 2U);
  EXPECT_EQ(Count(Counter::kThpSplitPage), 1);
  EXPECT_EQ(mm().Write(0, 1), "1 minor");
}

TEST_F(HugePageTest, AHugePageInsideStaysUnlessAllAreToBeSplit) {
  MapHuge(0, 2 * H);
  mm().Write(0, 1);
  mm().Write(H, H + 1);
  mm().Protect(H, H + 1, "r");
  mm().Protect(H, H + 1, "rw");
  EXPECT_EQ(Tables(0, 2 * H), "Ht");
  SplitHugePagesIn(mm().space(), RangeOf(At(0), Pages(2 * H)), SplitInside::kPartly);
  EXPECT_EQ(Rss(), 2 * H);
  SplitHugePagesIn(mm().space(), RangeOf(At(0), Pages(2 * H)), SplitInside::kAll);
  world_.Check();
  EXPECT_EQ(Rss(), 2U);
  EXPECT_EQ(anonymous_frames(), 2U);
}

TEST_F(HugePageTest, APageThatAnotherAddressSpaceMapsIsNotSplitByAdvice) {
  MapHuge(0, H);
  mm().Write(0, 1);
  auto child = mm().Fork();
  SplitHugePagesIn(mm().space(), RangeOf(At(0), Pages(1)), SplitInside::kPartly);
  world_.Check();
  EXPECT_EQ(Tables(0, H), "H");
}

// --- mremap

TEST_F(HugePageTest, MovedToAnAlignedPlaceItStaysHuge) {
  MapHuge(0, 2 * H);
  mm().Write(0, 2 * H);
  EXPECT_EQ(mm().Remap(0, 2 * H, 2 * H, kMremapMayMove | kMremapFixed, 8 * H), "A+4096");
  EXPECT_EQ(Tables(8 * H, 10 * H), "HH");
  EXPECT_EQ(mm().Write(8 * H, 10 * H), "0 minor");
  EXPECT_EQ(mm().Remap(8 * H, 2 * H, 2 * H, kMremapMayMove | kMremapFixed, 1), "A+1");
  EXPECT_EQ(Tables(0, 3 * H), "ttt");
  EXPECT_EQ(mm().Write(1, 2 * H + 1), "0 minor");
  EXPECT_EQ(Rss(), 2 * H);
}

TEST_F(HugePageTest, WholeTablesMoveAndSoTheOldPlaceMayHaveHugePages) {
  mm().Map(0, H);
  mm().Write(0, 3);
  EXPECT_EQ(mm().Remap(0, H, H, kMremapMayMove | kMremapDontUnmap, 8 * H), "A+4096");
  EXPECT_EQ(Tables(0, H), ".");
  EXPECT_EQ(mm().Entries(8 * H, 8 * H + 4), "www.");
  EXPECT_EQ(mm().Advise(0, H, kMadvHugePage), "OK");
  EXPECT_EQ(mm().Write(0, 3), "1 minor");
}

// --- MADV_COLLAPSE

TEST_F(HugePageTest, CollapseMakesAHugePageOfWhatATableMaps) {
  mm().Map(0, H);
  mm().Write(0, 2);
  mm().Read(5, 6);
  const PageCount tables = mm().table_pages();
  EXPECT_EQ(mm().Advise(0, H, kMadvCollapse), "OK");
  EXPECT_EQ(Tables(0, H), "H");
  EXPECT_EQ(Rss(), H);
  EXPECT_EQ(mm().table_pages(), tables);
  EXPECT_EQ(anonymous_frames(), H);
  EXPECT_EQ(Count(Counter::kThpCollapseAlloc), 1);
  EXPECT_EQ(mm().Write(0, H), "0 minor");
  EXPECT_EQ(mm().Advise(0, H, kMadvCollapse), "OK");
  EXPECT_EQ(Count(Counter::kThpCollapseAlloc), 1) << "it is huge already";
}

TEST_F(HugePageTest, CollapseStopsWhereThereIsNoTable) {
  mm().Map(0, 3 * H);
  mm().Write(0, 1);
  mm().Write(2 * H, 2 * H + 1);
  EXPECT_EQ(mm().Advise(0, 3 * H, kMadvCollapse), "EINVAL");
  EXPECT_EQ(Tables(0, 3 * H), "H.t");
}

TEST_F(HugePageTest, CollapseNeeds2MiBInsideAndAMappingThatMayHaveThem) {
  mm().Map(0, 2 * H);
  EXPECT_EQ(mm().Advise(0, H, kMadvCollapse), "EINVAL") << "never touched";
  mm().Write(0, 1);
  EXPECT_EQ(mm().Advise(1, 2, kMadvCollapse), "EINVAL") << "no border of 2 MiB inside";
  EXPECT_EQ(mm().Advise(1, H, kMadvCollapse), "OK") << "one: nothing to do";
  EXPECT_EQ(mm().Advise(0, 2 * H, kMadvNoHugePage), "OK");
  EXPECT_EQ(mm().Advise(0, H, kMadvCollapse), "EINVAL");
  mm().Map(4 * H, 5 * H - 1);
  mm().Write(4 * H, 4 * H + 1);
  EXPECT_EQ(mm().Advise(4 * H, 5 * H - 1, kMadvCollapse), "EINVAL") << "too small";
  EXPECT_EQ(mm().Advise(0, 7 * H, kMadvCollapse), "EINVAL");
}

TEST_F(HugePageTest, CollapseOfSharedPagesCopiesThem) {
  mm().Map(0, H);
  mm().Write(0, 4);
  auto child = mm().Fork();
  EXPECT_EQ(mm().Advise(0, H, kMadvCollapse), "OK");
  EXPECT_EQ(mm().Write(0, H), "0 minor");
  EXPECT_EQ(child->Entries(0, 5), "rrrr.");
  EXPECT_EQ(anonymous_frames(), H + 4);
}

// --- What prctl sets

TEST_F(HugePageTest, AProcessMayForbidItselfHugePagesAndItsChildrenKeepThat) {
  mm().space().mm_flags = kMmDisableThpCompletely;
  MapHuge(0, H);
  EXPECT_EQ(mm().Write(0, 2), "2 minor");
  EXPECT_EQ(mm().Advise(0, H, kMadvCollapse), "EINVAL");
  auto child = mm().Fork();
  EXPECT_EQ(child->space().mm_flags, kMmDisableThpCompletely);
  child->space().mm_flags = kMmDisableThpExceptAdvised;
  EXPECT_EQ(child->Advise(0, H, kMadvCollapse), "OK");
  EXPECT_EQ(Tables(*child, 0, H), "H");
}

}  // namespace
}  // namespace memsim
