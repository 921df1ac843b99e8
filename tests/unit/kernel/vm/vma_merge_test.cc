// Which neighbours become one mapping.

#include "server/kernel/vm/vma_merge.h"

#include "gtest/gtest.h"

#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class VmaMergeTest : public ProgramTest {
 protected:
  AnonVmaId AnonVmaAt(std::uint64_t page) { return mm().VmaAt(page).anon.own; }
};

TEST_F(VmaMergeTest, AMappingBetweenTwoEqualOnesJoinsBoth) {
  // 012345
  // AA..BB
  mm().Map(0, 2);
  mm().Map(4, 6);
  mm().Map(2, 3);
  EXPECT_EQ(mm().Maps(), "0..3 rw-p, 4..6 rw-p");
  mm().Map(3, 4);
  EXPECT_EQ(mm().Maps(), "0..6 rw-p");
}

TEST_F(VmaMergeTest, WhatDiffersInAnyFlagStaysApart) {
  mm().Map(0, 1);
  mm().Map(1, 2, "r");
  mm().Map(2, 3, "rw", kMapStack);
  mm().Map(3, 4, "rw", kMapNoReserve);
  mm().Map(4, 5, "rw", kMapLocked);
  mm().Map(5, 6, "rw", kMapGrowsDown);
  mm().Map(6, 7, "rw", kMapSync);
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..2 r--p, 2..3 rw-p, 3..4 rw-p, 4..5 rw-p, 5..6 rw-p, 6..7 rw-p");
  mm().Map(10, 11);
  mm().Map(11, 12, "rw", kMapPopulate);
  EXPECT_EQ(mm().space().map_count(), 8U);
}

TEST_F(VmaMergeTest, SharedAnonymousMemoryNeverMerges) {
  mm().MapShared(0, 1);
  mm().MapShared(1, 2);
  EXPECT_EQ(mm().Maps(), "0..1 rw-s /dev/zero+0, 1..2 rw-s /dev/zero+0");
}

TEST_F(VmaMergeTest, AFileMergesWhereItsPagesGoOnAndItWasOpenedOnce) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 16);
  const OpenFileId again = world_.OpenNew("/f", 16);
  mm().MapFile(0, 2, "r", file, 0);
  mm().MapFile(2, 4, "r", file, 2);
  EXPECT_EQ(mm().Maps(), "0..4 r--p /f+0");
  mm().MapFile(4, 5, "r", file, 5);
  mm().MapFile(5, 6, "r", again, 6);
  EXPECT_EQ(mm().Maps(), "0..4 r--p /f+0, 4..5 r--p /f+5, 5..6 r--p /f+6");
  // Backwards, a mapping joins the one above.
  mm().MapFile(3, 4, "r", file, 4);
  EXPECT_EQ(mm().Maps(), "0..3 r--p /f+0, 3..5 r--p /f+4, 5..6 r--p /f+6");
  world_.files.Put(file);
  world_.files.Put(again);
}

// --- anon_vmas

TEST_F(VmaMergeTest, BetweenTwoThatWereWrittenApartItJoinsTheLowerOne) {
  mm().Map(0, 2);
  mm().Map(3, 5);
  mm().Write(0, 1);
  mm().Write(3, 4);
  mm().Map(2, 3);
  EXPECT_EQ(mm().Maps(), "0..3 rw-p, 3..5 rw-p");
}

TEST_F(VmaMergeTest, IfOnlyOneOfTheTwoWasWrittenAllThreeMerge) {
  mm().Map(0, 2);
  mm().Map(3, 5);
  mm().Write(3, 4);
  const AnonVmaId upper = AnonVmaAt(3);
  mm().Map(2, 3);
  EXPECT_EQ(mm().Maps(), "0..5 rw-p");
  EXPECT_EQ(AnonVmaAt(0), upper);
}

TEST_F(VmaMergeTest, AFirstStoreTakesTheAnonVmaOfANeighbourThatDiffersInAccessAlone) {
  mm().Map(0, 2);
  mm().Map(2, 4, "rwx");
  mm().Map(4, 6);
  mm().Write(0, 1);
  mm().Write(2, 3);
  EXPECT_EQ(AnonVmaAt(2), AnonVmaAt(0));
  // So they can merge later.
  mm().Protect(2, 4, "rw");
  EXPECT_EQ(mm().Maps(), "0..6 rw-p");
}

TEST_F(VmaMergeTest, TheNeighbourAboveIsAskedFirst) {
  mm().Map(0, 1);
  mm().Map(2, 3);
  mm().Write(0, 1);
  mm().Write(2, 3);
  EXPECT_NE(AnonVmaAt(0), AnonVmaAt(2));
  mm().Map(1, 2, "rwx");
  mm().Write(1, 2);
  EXPECT_EQ(AnonVmaAt(1), AnonVmaAt(2));
}

TEST_F(VmaMergeTest, ANeighbourThatDiffersInMoreThanAccessLendsNothing) {
  mm().Map(0, 1);
  mm().Map(1, 2, "rw", kMapNoReserve);
  mm().Write(0, 2);
  EXPECT_NE(AnonVmaAt(0), AnonVmaAt(1));
}

TEST_F(VmaMergeTest, NothingMergesWithWhatAChildInherited) {
  mm().Map(0, 2);
  mm().Write(0, 2);
  const auto child = mm().Fork();
  child->Map(2, 4);
  EXPECT_EQ(child->Maps(), "0..2 rw-p, 2..4 rw-p");
  mm().Map(2, 4);
  EXPECT_EQ(mm().Maps(), "0..4 rw-p");
  // Nor is an inherited anon_vma lent.
  child->Write(0, 3);
  EXPECT_NE(child->VmaAt(0).anon.own, child->VmaAt(2).anon.own);
}

TEST_F(VmaMergeTest, WhatAChildInheritedUntouchedMergesAsAlways) {
  mm().Map(0, 2);
  const auto child = mm().Fork();
  child->Map(2, 4);
  EXPECT_EQ(child->Maps(), "0..4 rw-p");
}

// --- ACCOUNT

TEST_F(VmaMergeTest, ReadOnlyMemoryThatWasWrittenIsStillPromisedAndStaysApartFromFresh) {
  mm().Map(0, 2);
  mm().Write(0, 1);
  mm().Protect(0, 2, "r");
  mm().Map(2, 4, "r");
  EXPECT_EQ(mm().Maps(), "0..2 r--p, 2..4 r--p");
  EXPECT_EQ(world_.committed(), 2);
}

TEST_F(VmaMergeTest, ReadOnlyMemoryThatWasNeverWrittenMergesWithFresh) {
  mm().Map(0, 2);
  mm().Protect(0, 2, "r");
  mm().Map(2, 4, "r");
  EXPECT_EQ(mm().Maps(), "0..4 r--p");
  EXPECT_EQ(world_.committed(), 0);
}

// --- Part of a mapping gets other flags

TEST_F(VmaMergeTest, AnEdgeThatGetsTheNeighboursFlagsGoesOverToIt) {
  mm().Map(0, 4);
  mm().Map(4, 8, "r");
  // 01234567      01234567
  // AAAABBBB  ->  AAAAAABB  ->  AABBBBBB
  mm().Protect(4, 6, "rw");
  EXPECT_EQ(mm().Maps(), "0..6 rw-p, 6..8 r--p");
  mm().Protect(2, 6, "r");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..8 r--p");
}

TEST_F(VmaMergeTest, AMappingBetweenTwoOfItsNewKindDisappearsIntoThem) {
  mm().Map(0, 6);
  mm().Protect(2, 4, "r");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..4 r--p, 4..6 rw-p");
  mm().Protect(2, 4, "rw");
  EXPECT_EQ(mm().Maps(), "0..6 rw-p");
  EXPECT_EQ(mm().space().map_count(), 1U);
}

TEST_F(VmaMergeTest, ManySplitsAndMergesKeepOneAnonVma) {
  mm().Map(0, 64);
  mm().Write(0, 64);
  const AnonVmaId own = AnonVmaAt(0);
  for (std::uint64_t page = 1; page < 64; page += 2) mm().Protect(page, page + 1, "r");
  EXPECT_EQ(mm().space().map_count(), 64U);
  EXPECT_EQ(AnonVmaAt(33), own);
  mm().Protect(0, 64, "rw");
  EXPECT_EQ(mm().Maps(), "0..64 rw-p");
  EXPECT_EQ(AnonVmaAt(33), own);
}

}  // namespace
}  // namespace memsim
