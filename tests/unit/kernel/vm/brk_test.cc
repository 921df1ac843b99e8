// brk(2): the break after the call, whatever became of it.

#include "server/kernel/vm/brk.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/layout.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class BrkTest : public ProgramTest {
 protected:
  BrkTest() { mm().space().layout.start_brk = mm().space().layout.brk = At(0); }

  // The break in pages of the arena, after asking for a page.
  std::string BrkTo(std::uint64_t page) { return Text(mm().Brk(At(page))); }
};

TEST_F(BrkTest, BelowTheStartAndAboveTheEndOfAddressesTheBreakStays) {
  EXPECT_EQ(Text(mm().Brk(VirtualAddress(0))), "A+0");
  EXPECT_EQ(BrkTo(4), "A+4");
  EXPECT_EQ(Text(mm().Brk(VirtualAddress(kArena.value() - 1))), "A+4");
  EXPECT_EQ(Text(mm().Brk(VirtualAddress(UINT64_MAX))), "A+4");
  EXPECT_EQ(Text(mm().Brk(kTaskSize + Pages(1))), "A+4");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p");
}

TEST_F(BrkTest, WithinAPageOnlyTheByteChanges) {
  const VirtualAddress half(At(1).value() + 0x800);
  EXPECT_EQ(mm().Brk(half), half);
  EXPECT_EQ(mm().Maps(), "0..2 rw-p");
  EXPECT_EQ(mm().Brk(VirtualAddress(At(1).value() + 1)), VirtualAddress(At(1).value() + 1));
  EXPECT_EQ(mm().Maps(), "0..2 rw-p");
  EXPECT_EQ(BrkTo(1), "A+1");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p");
}

TEST_F(BrkTest, OnePageMustStayFreeBelowTheNextMapping) {
  mm().Map(8, 9, "r");
  EXPECT_EQ(BrkTo(8), "A+0");
  EXPECT_EQ(BrkTo(7), "A+7");
  EXPECT_EQ(Text(mm().Brk(VirtualAddress(At(7).value() + 1))), "A+7");
}

TEST_F(BrkTest, AndTheGuardGapOfAStack) {
  mm().Map(300, 301, "rw", kMapGrowsDown);
  EXPECT_EQ(BrkTo(44), "A+0");
  EXPECT_EQ(BrkTo(43), "A+43");
}

TEST_F(BrkTest, ShrinkingUnmapsWhateverIsThereUnlessNothingIs) {
  EXPECT_EQ(BrkTo(8), "A+8");
  EXPECT_EQ(mm().Write(0, 8), "8 minor");
  mm().Unmap(2, 3);
  mm().Map(5, 6, "r");
  // 01234567
  // BB.BBrBB
  EXPECT_EQ(BrkTo(1), "A+1");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p");
  EXPECT_EQ(BrkTo(6), "A+6");
  mm().Unmap(3, 6);
  mm().Map(10, 11, "r");
  EXPECT_EQ(BrkTo(4), "A+6");
  EXPECT_EQ(BrkTo(2), "A+2");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 10..11 r--p");
}

TEST_F(BrkTest, TheHeapGrowsAsOneMappingWhileItsEndIsWhatItWas) {
  EXPECT_EQ(BrkTo(2), "A+2");
  EXPECT_EQ(mm().Write(0, 1), "1 minor");
  EXPECT_EQ(BrkTo(5), "A+5");
  EXPECT_EQ(mm().Maps(), "0..5 rw-p");
  mm().Protect(4, 5, "r");
  EXPECT_EQ(BrkTo(6), "A+6");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p, 4..5 r--p, 5..6 rw-p");
  EXPECT_EQ(mm().Books(), "total 6, data 5, stack 0, exec 0, rss 1+0+0");
}

TEST_F(BrkTest, DataThatEndsWhereTheHeapStartsIsNotTheHeap) {
  mm().space().layout.start_brk = mm().space().layout.brk = At(2);
  mm().Map(0, 2);
  EXPECT_EQ(BrkTo(4), "A+4");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..4 rw-p");
}

TEST_F(BrkTest, AChildsHeapThatWasTouchedGrowsBesideItself) {
  EXPECT_EQ(BrkTo(2), "A+2");
  EXPECT_EQ(mm().Write(0, 2), "2 minor");
  const auto child = mm().Fork();
  EXPECT_EQ(Text(child->Brk(At(4))), "A+4");
  EXPECT_EQ(child->Maps(), "0..2 rw-p, 2..4 rw-p");
  EXPECT_EQ(BrkTo(4), "A+4");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p");
}

TEST_F(BrkTest, TheDataLimitHoldsForHeapAndInitialisedDataTogether) {
  mm().space().layout.start_data = At(1000);
  mm().space().layout.end_data = At(1002);
  mm().limits()[Resource::kData].current = Pages(6).value();
  EXPECT_EQ(BrkTo(5), "A+0");
  EXPECT_EQ(BrkTo(4), "A+4");
  EXPECT_EQ(Text(mm().Brk(VirtualAddress(At(4).value() + 1))), "A+4");
}

TEST_F(BrkTest, ALimitOrAPromiseThatFailsLeavesTheBreak) {
  mm().limits()[Resource::kAs].current = Pages(4).value();
  EXPECT_EQ(BrkTo(5), "A+0");
  EXPECT_EQ(BrkTo(4), "A+4");
  mm().limits()[Resource::kAs].current = kRlimInfinity;
  EXPECT_EQ(BrkTo(1ULL << 20), "A+4");
  world_.sysctls.max_map_count = 1;
  EXPECT_EQ(BrkTo(5), "A+5");
  mm().Map(10, 11, "r");
  EXPECT_EQ(BrkTo(6), "A+5");
  EXPECT_EQ(mm().Maps(), "0..5 rw-p, 10..11 r--p");
}

}  // namespace
}  // namespace memsim
