#include "server/kernel/vm/vma_tree.h"

#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "server/base/random.h"

namespace memsim {
namespace {

// Layouts are drawn: one character a page from address 0, a letter for each page of the range that it names (id 'A' is
// 65), a dot for a free page.
VmaTree Draw(const std::string& layout) {
  VmaTree tree;
  for (std::size_t i = 0; i < layout.size();) {
    std::size_t end = i + 1;
    while (end < layout.size() && layout[end] == layout[i]) ++end;
    if (layout[i] != '.') {
      tree.Insert({VirtualAddress(i << kPageShift), VirtualAddress(end << kPageShift)}, VmaId(layout[i]));
      tree.CheckInvariants();
    }
    i = end;
  }
  return tree;
}

std::string Picture(const VmaTree& tree, std::size_t pages) {
  std::string picture(pages, '.');
  tree.ForEach([&picture](const VmaTree::Entry& entry) {
    for (VirtualAddress a = entry.range.start; a < entry.range.end; a += kPageSize) {
      picture[a.value() >> kPageShift] = static_cast<char>(entry.id.value());
    }
  });
  return picture;
}

VirtualAddress Page(std::uint64_t page) { return VirtualAddress(page << kPageShift); }
VirtualRange Pages(std::uint64_t start, std::uint64_t end) { return {Page(start), Page(end)}; }
ByteCount Size(std::uint64_t pages) { return ToBytes(PageCount(pages)); }
char Name(const std::optional<VmaTree::Entry>& entry) {
  return entry.has_value() ? static_cast<char>(entry->id.value()) : '-';
}

// n ranges of one page with holes of one page between them: pages 1, 3, 5, … with ids 1, 2, 3, …
VmaTree Comb(std::uint32_t n) {
  VmaTree tree;
  for (std::uint32_t i = 0; i < n; ++i) tree.Insert(Pages(2 * i + 1, 2 * i + 2), VmaId(i + 1));
  return tree;
}

TEST(VmaTreeTest, AnEmptyTreeFindsNothingAndCostsAlmostNothing) {
  VmaTree tree;
  tree.CheckInvariants();
  EXPECT_TRUE(tree.empty());
  EXPECT_EQ(tree.Find(Page(0)), std::nullopt);
  EXPECT_EQ(tree.FindBefore(Page(100)), std::nullopt);
  EXPECT_LT(tree.HostMemory(), ByteCount(256));
}

TEST(VmaTreeTest, TheTreeOfAnInitProcessFitsAKibibyte) { EXPECT_LT(Comb(16).HostMemory(), ByteCount(1024)); }

TEST(VmaTreeTest, FindGivesTheFirstRangeThatEndsAboveTheAddress) {
  //                         0123456789
  const VmaTree tree = Draw(".AAA..BBC.");
  EXPECT_EQ(Name(tree.Find(Page(0))), 'A');
  EXPECT_EQ(Name(tree.Find(Page(3))), 'A');
  EXPECT_EQ(Name(tree.Find(Page(4))), 'B');
  EXPECT_EQ(Name(tree.Find(Page(6))), 'B');
  EXPECT_EQ(Name(tree.Find(VirtualAddress(Page(8).value() - 1))), 'B');
  EXPECT_EQ(Name(tree.Find(Page(8))), 'C');
  EXPECT_EQ(Name(tree.Find(Page(9))), '-');
  EXPECT_EQ(Name(tree.Find(VirtualAddress(UINT64_MAX))), '-');
}

TEST(VmaTreeTest, FindBeforeGivesTheLastRangeThatStartsBelowTheAddress) {
  //                         0123456789
  const VmaTree tree = Draw(".AAA..BBC.");
  EXPECT_EQ(Name(tree.FindBefore(Page(1))), '-');
  EXPECT_EQ(Name(tree.FindBefore(VirtualAddress(Page(1).value() + 1))), 'A');
  EXPECT_EQ(Name(tree.FindBefore(Page(6))), 'A');
  EXPECT_EQ(Name(tree.FindBefore(Page(8))), 'B');
  EXPECT_EQ(Name(tree.FindBefore(VirtualAddress(UINT64_MAX))), 'C');
}

TEST(VmaTreeTest, ForEachInVisitsWhatOverlapsInOrder) {
  //                         0123456789
  const VmaTree tree = Draw(".AAA..BBC.");
  std::string names;
  tree.ForEachIn(Pages(2, 8), [&names](const VmaTree::Entry& e) { names += Name(e); });
  EXPECT_EQ(names, "AB");
  names.clear();
  tree.ForEachIn(Pages(9, 100), [&names](const VmaTree::Entry& e) { names += Name(e); });
  EXPECT_EQ(names, "");
}

TEST(VmaTreeTest, ResizeTrimsExpandsAndShiftsWithinTheNeighbours) {
  //                   0123456789
  VmaTree tree = Draw(".AAA..BBC.");
  tree.Resize(Page(1), Pages(2, 3));
  tree.CheckInvariants();
  EXPECT_EQ(Picture(tree, 10), "..A...BBC.");
  tree.Resize(Page(2), Pages(0, 6));
  tree.CheckInvariants();
  EXPECT_EQ(Picture(tree, 10), "AAAAAABBC.");
  tree.Resize(Page(8), Pages(9, 10));
  tree.CheckInvariants();
  EXPECT_EQ(Picture(tree, 10), "AAAAAABB.C");
}

TEST(VmaTreeTest, TheHighestGapIsTheTopmostThatFits) {
  //                         0123456789abcdef
  VmaTree tree = Draw("..AA...B.CCC...D");
  const VirtualRange window = Pages(0, 16);
  EXPECT_EQ(tree.HighestGap(window, Size(1)), (VmaTree::Gap{Pages(12, 15), VmaId('C'), VmaId('D')}));
  EXPECT_EQ(tree.HighestGap(window, Size(3)), (VmaTree::Gap{Pages(12, 15), VmaId('C'), VmaId('D')}));
  EXPECT_EQ(tree.HighestGap(window, Size(4)), std::nullopt);
  EXPECT_EQ(tree.HighestGap(Pages(0, 12), Size(2)), (VmaTree::Gap{Pages(4, 7), VmaId('A'), VmaId('B')}));
  EXPECT_EQ(tree.HighestGap(Pages(0, 4), Size(2)), (VmaTree::Gap{Pages(0, 2), kNoVma, VmaId('A')}));
}

TEST(VmaTreeTest, AGapIsCutToTheWindowButKeepsItsNeighbours) {
  //                         0123456789abcdef
  VmaTree tree = Draw("..AA...B.CCC...D");
  EXPECT_EQ(tree.HighestGap(Pages(0, 6), Size(1)), (VmaTree::Gap{Pages(4, 6), VmaId('A'), VmaId('B')}));
  EXPECT_EQ(tree.HighestGap(Pages(5, 6), Size(1)), (VmaTree::Gap{Pages(5, 6), VmaId('A'), VmaId('B')}));
  EXPECT_EQ(tree.HighestGap(Pages(5, 6), Size(2)), std::nullopt);
  EXPECT_EQ(tree.HighestGap(Pages(14, 20), Size(2)), (VmaTree::Gap{Pages(16, 20), VmaId('D'), kNoVma}));
}

TEST(VmaTreeTest, TheLowestGapIsTheBottommostThatFits) {
  //                         0123456789abcdef
  VmaTree tree = Draw("..AA...B.CCC...D");
  EXPECT_EQ(tree.LowestGap(Pages(0, 16), Size(1)), (VmaTree::Gap{Pages(0, 2), kNoVma, VmaId('A')}));
  EXPECT_EQ(tree.LowestGap(Pages(1, 16), Size(2)), (VmaTree::Gap{Pages(4, 7), VmaId('A'), VmaId('B')}));
  EXPECT_EQ(tree.LowestGap(Pages(7, 16), Size(1)), (VmaTree::Gap{Pages(8, 9), VmaId('B'), VmaId('C')}));
  EXPECT_EQ(tree.LowestGap(Pages(0, 20), Size(4)), (VmaTree::Gap{Pages(16, 20), VmaId('D'), kNoVma}));
}

TEST(VmaTreeTest, AnEmptyTreeIsOneGapAndAnEmptyWindowNone) {
  VmaTree tree;
  EXPECT_EQ(tree.HighestGap(Pages(1, 5), Size(4)), (VmaTree::Gap{Pages(1, 5), kNoVma, kNoVma}));
  EXPECT_EQ(tree.LowestGap(Pages(1, 5), Size(4)), (VmaTree::Gap{Pages(1, 5), kNoVma, kNoVma}));
  EXPECT_EQ(tree.HighestGap(Pages(1, 5), Size(5)), std::nullopt);
  EXPECT_EQ(tree.HighestGap(Pages(5, 5), Size(1)), std::nullopt);
  EXPECT_EQ(tree.LowestGap(Pages(5, 1), Size(1)), std::nullopt);
}

TEST(VmaTreeTest, SearchingBelowTheLastAnswerEnumeratesAllGaps) {
  //                         0123456789abcdef
  VmaTree tree = Draw("..AA...B.CCC...D");
  std::vector<VirtualRange> gaps;
  VirtualRange window = Pages(0, 16);
  while (auto gap = tree.HighestGap(window, Size(1))) {
    gaps.push_back(gap->range);
    window.end = gap->range.start;
  }
  EXPECT_EQ(gaps, (std::vector<VirtualRange>{Pages(12, 15), Pages(8, 9), Pages(4, 7), Pages(0, 2)}));
}

TEST(VmaTreeTest, TheOneWideHoleAmongThousandsIsFound) {
  constexpr std::uint32_t kRanges = 5000;
  for (const std::uint32_t missing : {1U, 16U, 17U, 2500U, kRanges - 2}) {
    VmaTree tree = Comb(kRanges);
    tree.Erase(Page(2 * missing + 1));
    tree.CheckInvariants();
    const VmaTree::Gap hole{Pages(2 * missing, 2 * missing + 3), VmaId(missing), VmaId(missing + 2)};
    EXPECT_EQ(tree.HighestGap(Pages(0, 2 * kRanges), Size(2)), hole);
    EXPECT_EQ(tree.LowestGap(Pages(0, 2 * kRanges), Size(2)), hole);
  }
}

TEST(VmaTreeTest, ASearchThatTrustsABrokenPromiseCorrectsIt) {
  constexpr std::uint32_t kRanges = 5000;
  for (const bool highest : {true, false}) {
    VmaTree tree = Comb(kRanges);
    // The widest hole of a leaf is filled, which the nodes above it do not notice.
    tree.Erase(Page(2 * 2500 + 1));
    EXPECT_EQ(tree.broken_promises(), 0U);
    tree.Insert(Pages(2 * 2500, 2 * 2500 + 3), VmaId(kRanges + 1));
    EXPECT_EQ(tree.broken_promises(), 1U) << "of the leaf's parent; those above believe it";
    const VirtualRange window = Pages(1, 2 * kRanges);
    EXPECT_EQ(highest ? tree.HighestGap(window, Size(2)) : tree.LowestGap(window, Size(2)), std::nullopt);
    EXPECT_EQ(tree.broken_promises(), 0U);
    tree.CheckInvariants();
  }
}

TEST(VmaTreeTest, GrowingAndShrinkingThroughEveryNodeBoundaryKeepsTheInvariants) {
  for (const std::uint32_t n : {VmaTree::kFanout - 1, VmaTree::kFanout, VmaTree::kFanout + 1, 300}) {
    VmaTree tree = Comb(n);
    tree.CheckInvariants();
    for (std::uint32_t i = 0; i < n; ++i) {
      tree.Erase(Page(2 * i + 1));
      tree.CheckInvariants();
      EXPECT_EQ(tree.size(), n - i - 1);
    }
    EXPECT_EQ(tree.height(), 0);
  }
}

// In the emptiest tree of height h there are 2 * kMinimum^(h-1) ranges.
int HeightBound(std::size_t size) {
  if (size <= VmaTree::kFanout) return 1;
  return 1 + static_cast<int>(std::floor(std::log(static_cast<double>(size) / 2) / std::log(VmaTree::kMinimum)));
}

TEST(VmaTreeTest, TheHeightIsLogarithmicHoweverTheRangesCome) {
  constexpr std::uint32_t kRanges = 65530;
  VmaTree ascending = Comb(kRanges);
  ascending.CheckInvariants();
  VmaTree descending;
  for (std::uint32_t i = kRanges; i > 0; --i) descending.Insert(Pages(2 * i, 2 * i + 1), VmaId(i));
  descending.CheckInvariants();
  EXPECT_LE(ascending.height(), HeightBound(kRanges));
  EXPECT_LE(descending.height(), HeightBound(kRanges));
  Random random(1);
  while (descending.size() > 100) {
    const VmaTree::Entry victim =
        descending.Find(Page(random.Below(2 * kRanges))).value_or(*descending.FindBefore(VirtualAddress(UINT64_MAX)));
    descending.Erase(victim.range.start);
    ASSERT_LE(descending.height(), HeightBound(descending.size()));
  }
  descending.CheckInvariants();
}

TEST(VmaTreeTest, ACopyIsIndependent) {
  VmaTree parent = Comb(100);
  VmaTree child = parent;
  child.Erase(Page(1));
  parent.Resize(Page(3), Pages(3, 5));
  child.CheckInvariants();
  parent.CheckInvariants();
  EXPECT_EQ(parent.size(), 100U);
  EXPECT_EQ(child.size(), 99U);
  EXPECT_EQ(child.Find(Page(3))->range, Pages(3, 4));
}

TEST(VmaTreeDeathTest, OurOwnMistakesStopTheProgram) {
  //                   0123456789
  VmaTree tree = Draw(".AAA..BBC.");
  EXPECT_DEATH(tree.Insert(Pages(3, 5), VmaId(1)), "check failed");
  EXPECT_DEATH(tree.Insert(Pages(5, 7), VmaId(1)), "check failed");
  EXPECT_DEATH(tree.Insert(Pages(4, 4), VmaId(1)), "check failed");
  EXPECT_DEATH(tree.Insert(Pages(4, 5), kNoVma), "check failed");
  EXPECT_DEATH(tree.Erase(Page(2)), "check failed");
  EXPECT_DEATH(tree.Resize(Page(1), Pages(1, 7)), "check failed");
  EXPECT_DEATH(tree.Resize(Page(6), Pages(3, 7)), "check failed");
}

}  // namespace
}  // namespace memsim
