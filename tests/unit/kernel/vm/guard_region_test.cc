// Guard regions: MADV_GUARD_INSTALL and MADV_GUARD_REMOVE.

#include "server/kernel/vm/guard_region.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/zap.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class GuardRegionTest : public ProgramTest {
 protected:
  std::string Install(std::uint64_t first, std::uint64_t end) { return mm().Advise(first, end, kMadvGuardInstall); }
  std::string Remove(std::uint64_t first, std::uint64_t end) { return mm().Advise(first, end, kMadvGuardRemove); }
  // Of the mapping that has the page.
  bool IsMarked(std::uint64_t page) { return (mm().space().Find(At(page))->flags & kVmMaybeGuard) != 0; }
};

TEST_F(GuardRegionTest, PagesAreGoneAndWhoeverTouchesThePlaceGetsASignal) {
  mm().Map(0, 6);
  mm().Write(0, 6);
  EXPECT_EQ(Install(2, 4), "OK");
  EXPECT_EQ(mm().Maps(), "0..6 rw-p") << "no mapping of its own";
  EXPECT_EQ(mm().Entries(0, 6), "wwggww");
  EXPECT_EQ(mm().Books(), "total 6, data 6, stack 0, exec 0, rss 4+0+0");
  EXPECT_EQ(mm().Read(2, 3), "0 minor, SIGSEGV 1 at A+2");
  EXPECT_EQ(mm().Write(3, 4), "0 minor, SIGSEGV 1 at A+3");
  EXPECT_EQ(Remove(0, 6), "OK");
  EXPECT_EQ(mm().Entries(0, 6), "ww..ww");
  EXPECT_EQ(mm().Write(2, 4), "2 minor");
}

TEST_F(GuardRegionTest, GuardsOutliveEverythingButTheMapping) {
  mm().Map(0, 4);
  EXPECT_EQ(Install(1, 2), "OK");
  EXPECT_EQ(mm().Advise(0, 4, kMadvDontNeed), "OK");
  EXPECT_EQ(mm().Entries(0, 4), ".g..");
  EXPECT_EQ(mm().Advise(0, 4, kMadvFree), "OK");
  mm().Protect(0, 4, "");
  mm().Protect(0, 4, "rw");
  EXPECT_EQ(mm().Entries(0, 4), ".g..");
  EXPECT_EQ(mm().Remap(0, 4, 4, kMremapMayMove | kMremapFixed, 8), "A+8");
  EXPECT_EQ(mm().Entries(8, 12), ".g..");
  mm().Map(8, 12, "rw");
  EXPECT_EQ(mm().Entries(8, 12), "....");
}

TEST_F(GuardRegionTest, ForkCopiesThem) {
  mm().Map(0, 2);
  EXPECT_EQ(Install(0, 1), "OK");
  const auto child = mm().Fork();
  EXPECT_EQ(child->Entries(0, 2), "g.");
  EXPECT_EQ(child->Read(0, 1), "0 minor, SIGSEGV 1 at A+0");
}

TEST_F(GuardRegionTest, TheMappingIsMarkedForGood) {
  mm().Map(0, 4);
  EXPECT_FALSE(IsMarked(0));
  EXPECT_EQ(Install(1, 2), "OK");
  EXPECT_EQ(Remove(0, 4), "OK");
  EXPECT_TRUE(IsMarked(0));
  mm().Protect(3, 4, "r");
  EXPECT_TRUE(IsMarked(3)) << "split off";
  const auto child = mm().Fork();
  EXPECT_NE(child->space().Find(At(0))->flags & kVmMaybeGuard, 0U);
  mm().Map(0, 4, "r");
  EXPECT_FALSE(IsMarked(0)) << "another mapping";
}

TEST_F(GuardRegionTest, TheMarkSpreadsToWhatIsMerged) {
  mm().MapShared(0, 8);
  mm().Protect(2, 4, "r");
  mm().Protect(6, 8, "r");
  EXPECT_EQ(Install(2, 3), "OK");
  EXPECT_FALSE(IsMarked(0));
  EXPECT_FALSE(IsMarked(4));
  mm().Protect(4, 5, "r");
  EXPECT_TRUE(IsMarked(4)) << "part of it joined the mapping on its left";
  EXPECT_FALSE(IsMarked(5));
  mm().Protect(1, 2, "r");
  EXPECT_TRUE(IsMarked(1)) << "and on its right";
  EXPECT_FALSE(IsMarked(0));
  mm().Protect(5, 6, "r");
  EXPECT_EQ(mm().Maps(), "0..1 rw-s /dev/zero+0, 1..8 r--s /dev/zero+1");
  EXPECT_TRUE(IsMarked(7)) << "both sides joined";
  mm().Protect(0, 8, "rw");
  EXPECT_TRUE(IsMarked(0)) << "a range that is marked joins one that is not";
}

TEST_F(GuardRegionTest, WhatIsMappedBetweenBearsTheMarkOfItsRightNeighbour) {
  mm().Map(0, 1);
  mm().Map(2, 3);
  EXPECT_EQ(Install(2, 3), "OK");
  mm().Map(1, 2);
  EXPECT_EQ(mm().Maps(), "0..3 rw-p");
  EXPECT_TRUE(IsMarked(0));
}

TEST_F(GuardRegionTest, OnlyAnonymousMemoryGetsAnAnonVma) {
  for (const bool shared : {false, true}) {
    if (shared) {
      mm().MapShared(0, 4);
    } else {
      mm().Map(0, 4);
    }
    EXPECT_EQ(mm().Advise(0, 2, kMadvDontFork), "OK");
    EXPECT_EQ(Install(0, 1), "OK");
    EXPECT_EQ(Install(3, 4), "OK");
    EXPECT_EQ(mm().Advise(0, 2, kMadvDoFork), "OK");
    EXPECT_EQ(mm().Maps(), shared ? "0..4 rw-s /dev/zero+0" : "0..2 rw-p, 2..4 rw-p");
  }
}

TEST_F(GuardRegionTest, ForkCopiesThemInFilesAndThePagesBesideThem) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4);
  mm().MapFile(0, 4, "rw", file, 0, kMapShared);
  mm().Write(0, 2);
  EXPECT_EQ(mm().Fork()->Entries(0, 4), "....") << "faults find pages of files again";
  EXPECT_EQ(Install(1, 2), "OK");
  EXPECT_EQ(mm().Fork()->Entries(0, 4), "wg..");
  world_.files.Put(file);
}

TEST_F(GuardRegionTest, NobodyPopulatesThem) {
  mm().Map(0, 3);
  EXPECT_EQ(Install(1, 2), "OK");
  EXPECT_EQ(mm().Advise(0, 3, kMadvPopulateWrite), "EFAULT");
  EXPECT_EQ(mm().Entries(0, 3), "wg.");
}

TEST_F(GuardRegionTest, LockedMemoryTakesNoneAndGivesThemUp) {
  mm().Map(0, 2, "rw", kMapLocked);
  EXPECT_EQ(Install(0, 1), "EINVAL");
  EXPECT_EQ(Remove(0, 1), "OK");
}

TEST_F(GuardRegionTest, FilesMayHaveThemToo) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4);
  mm().MapFile(0, 4, "rw", file, 0, kMapShared);
  EXPECT_EQ(mm().Read(0, 4), "1 minor");
  EXPECT_EQ(Install(1, 3), "OK");
  EXPECT_EQ(mm().Entries(0, 4), "rggr");
  // What is cut off the file leaves them.
  ZapCutTail(world_.environment, *world_.files.SetSize(world_.files.file(file).inode, Pages(1)));
  EXPECT_EQ(mm().Entries(0, 4), "rgg.");
  ZapFilePages(world_.environment, world_.files.file(file).inode, PageOffset(0), PageOffset(4), ZapKind::kFilePages);
  EXPECT_EQ(mm().Entries(0, 4), ".gg.");
  world_.files.Put(file);
}

TEST_F(GuardRegionTest, TheyReachOverTables) {
  mm().Map(0, 1024);
  EXPECT_EQ(Install(0, 1024), "OK");
  EXPECT_EQ(mm().Entries(510, 514), "gggg");
}

}  // namespace
}  // namespace memsim
