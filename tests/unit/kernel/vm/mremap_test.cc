// mremap(2) of Linux 6.18: its parameters, each way to resize and to move, and moves of several mappings at once.

#include "server/kernel/vm/mremap.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/populate.h"
#include "server/kernel/vm/vma_merge.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

constexpr std::uint64_t kMove = kMremapMayMove;
constexpr std::uint64_t kTo = kMremapMayMove | kMremapFixed;
constexpr std::uint64_t kKeep = kMremapMayMove | kMremapDontUnmap;

class MremapTest : public ProgramTest {
 protected:
  std::string Call(const MremapArguments& arguments) {
    const VmCaller caller{mm().limits(), faults_, mm().pkru()};
    const ErrnoOr<VirtualAddress> result = Mremap(mm().space(), caller, arguments);
    world_.Check();
    return Text(result);
  }

 private:
  FaultTally faults_;
};

// --- Parameters

TEST_F(MremapTest, ParametersAreCheckedBeforeTheMappingIsLookedFor) {
  EXPECT_EQ(Call({At(0), Pages(1), Pages(1), 8, {}}), "EINVAL");
  EXPECT_EQ(Call({VirtualAddress(kArena.value() + 1), Pages(1), Pages(1), 0, {}}), "EINVAL");
  EXPECT_EQ(Call({At(0), Pages(1), ByteCount(0), 0, {}}), "EINVAL");
  EXPECT_EQ(Call({At(0), Pages(1), ByteCount(UINT64_MAX - 4095), 0, {}}), "EINVAL");
  EXPECT_EQ(Call({At(0), Pages(1), Pages(1), kMremapFixed, At(8)}), "EINVAL");
  EXPECT_EQ(Call({At(0), Pages(1), Pages(1), kMremapDontUnmap, {}}), "EINVAL");
  EXPECT_EQ(Call({At(0), Pages(1), Pages(2), kKeep, {}}), "EINVAL");
  EXPECT_EQ(Call({At(0), Pages(1), Pages(1), kTo, VirtualAddress(At(8).value() + 1)}), "EINVAL");
  EXPECT_EQ(Call({At(0), Pages(2), Pages(2), kTo, kTaskSize - Pages(1)}), "EINVAL");
  EXPECT_EQ(Call({At(0), Pages(4), Pages(4), kTo, At(3)}), "EINVAL");
  EXPECT_EQ(Call({At(0), Pages(4), Pages(1), kTo, At(3)}), "EINVAL");
  // And then: nothing is mapped there.
  EXPECT_EQ(Call({At(0), Pages(1), Pages(1), 0, {}}), "EFAULT");
  EXPECT_EQ(Call({At(0), Pages(1), Pages(1), kTo, At(8)}), "EFAULT");
}

TEST_F(MremapTest, AMoveNeedsRoomForSixMappingsMore) {
  mm().Map(0, 2);
  mm().Map(10, 12);
  // With FIXED or DONTUNMAP: map_count + 2 < max_map_count - 3.
  world_.sysctls.max_map_count = 7;
  EXPECT_EQ(mm().Remap(0, 2, 2, kTo, 20), "ENOMEM");
  EXPECT_EQ(mm().Remap(0, 2, 2, kKeep), "ENOMEM");
  world_.sysctls.max_map_count = 8;
  EXPECT_EQ(mm().Remap(0, 2, 2, kTo, 20), "A+20");
  // A move because there is no room: map_count < max_map_count - 3.
  mm().Map(22, 23, "r");
  world_.sysctls.max_map_count = 6;
  EXPECT_EQ(mm().Remap(20, 2, 4, kMove), "ENOMEM");
  world_.sysctls.max_map_count = 7;
  EXPECT_EQ(mm().Remap(20, 2, 4, kMove), "0x7ffff7ffb000");
}

// --- Without another place

TEST_F(MremapTest, TheSameSizeIsAnsweredWithoutALookAtTheEnd) {
  mm().Map(0, 4);
  EXPECT_EQ(mm().Remap(0, 64, 64), "A+0");
  EXPECT_EQ(mm().Remap(2, 64, 64, kMove), "A+2");
  EXPECT_EQ(mm().Remap(4, 1, 1), "EFAULT");
}

TEST_F(MremapTest, ShrinkingUnmapsTheTailWhateverMappingsItCrosses) {
  mm().Map(0, 4);
  mm().Map(4, 6, "r");
  mm().Map(8, 10);
  // 0123456789
  // AAAABB..CC   [1,9) becomes [1,2)
  EXPECT_EQ(mm().Remap(1, 8, 1), "A+1");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 9..10 rw-p");
  EXPECT_EQ(world_.committed(), 3);
}

TEST_F(MremapTest, GrowingTakesTheFreePagesBehindAndMergesWithWhatComesNext) {
  mm().Map(0, 2);
  mm().Write(0, 2);
  mm().Map(4, 6);
  EXPECT_EQ(mm().Remap(0, 2, 3), "A+0");
  EXPECT_EQ(mm().Maps(), "0..3 rw-p, 4..6 rw-p");
  EXPECT_EQ(mm().Remap(2, 1, 2), "A+2");
  EXPECT_EQ(mm().Maps(), "0..6 rw-p");
  EXPECT_EQ(mm().Entries(0, 6), "ww....");
  EXPECT_EQ(world_.committed(), 6);
}

TEST_F(MremapTest, GrowingNeedsTheRangeToEndWhereTheMappingEnds) {
  mm().Map(0, 4);
  EXPECT_EQ(mm().Remap(0, 2, 3), "ENOMEM");
  EXPECT_EQ(mm().Remap(0, 5, 6), "EFAULT");
  EXPECT_EQ(mm().Remap(0, 5, 6, kMove), "EFAULT");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p");
}

TEST_F(MremapTest, WithoutRoomBehindItMovesIfItMay) {
  mm().Map(0, 4);
  mm().Map(4, 5, "r");
  EXPECT_EQ(mm().Write(0, 4), "4 minor");
  EXPECT_EQ(mm().Remap(0, 4, 6), "ENOMEM");
  EXPECT_EQ(mm().Remap(0, 4, 6, kMove), "0x7ffff7ff9000");
  EXPECT_EQ(mm().Maps(), "4..5 r--p, 7ffff7ff9000..7ffff7fff000 rw-p");
  EXPECT_EQ(mm().Books(), "total 7, data 6, stack 0, exec 0, rss 4+0+0");
  EXPECT_EQ(mm().Touch(VirtualAddress(0x7ffff7ff9000), PageCount(6), AccessKind::kWrite), "2 minor");
}

TEST_F(MremapTest, MovingTheMiddleSplitsTheSource) {
  mm().Map(0, 6);
  EXPECT_EQ(mm().Write(0, 6), "6 minor");
  EXPECT_EQ(mm().Remap(2, 2, 3, kMove), "0x7ffff7ffc000");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 4..6 rw-p, 7ffff7ffc000..7ffff7fff000 rw-p");
  EXPECT_EQ(mm().Books(), "total 7, data 7, stack 0, exec 0, rss 6+0+0");
}

TEST_F(MremapTest, NoOldLengthDuplicatesSharedMemoryAndIsInvalidForPrivate) {
  mm().Map(0, 2);
  EXPECT_EQ(mm().Remap(0, 0, 2, kMove), "EINVAL");
  mm().MapShared(4, 8);
  EXPECT_EQ(mm().Write(4, 6), "2 minor");
  EXPECT_EQ(mm().Remap(4, 0, 4), "ENOMEM");
  EXPECT_EQ(mm().Remap(4, 0, 4, kTo, 16), "A+16");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 4..8 rw-s /dev/zero+0, 16..20 rw-s /dev/zero+0");
  EXPECT_EQ(mm().Entries(4, 8), "ww..");
  EXPECT_EQ(mm().Read(16, 20), "3 minor");
  // From its middle, and beyond its end.
  EXPECT_EQ(mm().Remap(5, 0, 6, kTo, 32), "A+32");
  EXPECT_EQ(mm().Read(34, 36), "1 minor, SIGBUS 2 at A+35");
}

TEST_F(MremapTest, LimitsAndPromisesHoldForWhatIsAdded) {
  mm().Map(0, 4);
  mm().limits()[Resource::kAs].current = Pages(6).value();
  EXPECT_EQ(mm().Remap(0, 4, 7), "ENOMEM");
  EXPECT_EQ(mm().Remap(0, 4, 6), "A+0");
  mm().limits()[Resource::kAs].current = kRlimInfinity;
  mm().limits()[Resource::kData].current = Pages(7).value();
  EXPECT_EQ(mm().Remap(0, 6, 8), "ENOMEM");
  EXPECT_EQ(mm().Remap(0, 6, 7), "A+0");
  mm().limits()[Resource::kData].current = kRlimInfinity;
  EXPECT_EQ(mm().Remap(0, 7, 1ULL << 20), "ENOMEM");
  EXPECT_EQ(mm().Remap(0, 7, 1ULL << 20, kMove), "ENOMEM");
  EXPECT_EQ(mm().Maps(), "0..7 rw-p");
}

TEST_F(MremapTest, ALockedMappingIsFilledWhereItGrows) {
  mm().Map(0, 2, "rw", kMapLocked);
  EXPECT_EQ(mm().Remap(0, 2, 4), "A+0");
  EXPECT_EQ(mm().Entries(0, 4), "wwww");
  EXPECT_EQ(mm().space().statistics().locked_vm, PageCount(4));
}

// --- To a place

TEST_F(MremapTest, FixedReplacesWhatIsThere) {
  mm().Map(0, 2);
  mm().Write(0, 2);
  mm().Map(10, 16, "r");
  EXPECT_EQ(mm().Remap(0, 2, 2, kTo, 12), "A+12");
  EXPECT_EQ(mm().Maps(), "10..12 r--p, 12..14 rw-p, 14..16 r--p");
  EXPECT_EQ(mm().Entries(12, 14), "ww");
}

TEST_F(MremapTest, FixedShrinksFirstAndGrowsOnTheWay) {
  mm().Map(0, 4);
  mm().Write(0, 4);
  EXPECT_EQ(mm().Remap(0, 4, 2, kTo, 10), "A+10");
  EXPECT_EQ(mm().Maps(), "10..12 rw-p");
  EXPECT_EQ(mm().Remap(10, 2, 5, kTo, 20), "A+20");
  EXPECT_EQ(mm().Maps(), "20..25 rw-p");
  EXPECT_EQ(mm().Entries(20, 25), "ww...");
  EXPECT_EQ(world_.committed(), 5);
}

TEST_F(MremapTest, SeveralMappingsWithANewSizeAreRefusedAndNothingChanges) {
  mm().Map(0, 2);
  mm().Map(2, 4, "r");
  mm().Map(10, 12);
  EXPECT_EQ(mm().Remap(0, 4, 6, kTo, 10), "EFAULT");
  EXPECT_EQ(mm().Remap(0, 4, 3, kTo, 10), "EFAULT");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..4 r--p, 10..12 rw-p");
}

TEST_F(MremapTest, AShrinkingMoveTakesAlongWhatIsLeftAndUnmapsTheRestOfSeveral) {
  mm().Map(0, 2);
  mm().Map(2, 4, "r");
  EXPECT_EQ(mm().Remap(0, 4, 2, kTo, 10), "A+10");
  EXPECT_EQ(mm().Maps(), "10..12 rw-p");
}

TEST_F(MremapTest, UntouchedMemoryTakesItsNewPlacesNumbersAndMergesThere) {
  mm().Map(0, 2);
  mm().Map(10, 12);
  EXPECT_EQ(mm().Remap(0, 2, 2, kTo, 12), "A+12");
  EXPECT_EQ(mm().Maps(), "10..14 rw-p");
}

TEST_F(MremapTest, TouchedMemoryKeepsItsNumbersAndMergesOnlyWhereTheyFit) {
  mm().Map(0, 4);
  mm().Write(0, 4);
  mm().Map(20, 22);
  EXPECT_EQ(mm().Remap(2, 2, 2, kTo, 22), "A+22");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 20..22 rw-p, 22..24 rw-p");
  // Back where it came from.
  EXPECT_EQ(mm().Remap(22, 2, 2, kTo, 2), "A+2");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p, 20..22 rw-p");
}

TEST_F(MremapTest, UntouchedMemoryMayMergeWithTheMappingThatItLeaves) {
  mm().Map(0, 2);
  // [0,2) to [2,4): the copy joins the source, whose old pages then go.
  EXPECT_EQ(mm().Remap(0, 2, 2, kTo, 2), "A+2");
  EXPECT_EQ(mm().Maps(), "2..4 rw-p");
  EXPECT_EQ(world_.committed(), 2);
}

TEST_F(MremapTest, PagesKeepWhatTheyAreWhenTheyMove) {
  mm().Map(0, 4);
  mm().Read(0, 1);
  mm().Write(1, 2);
  EXPECT_EQ(mm().Remap(0, 4, 4, kTo, 510), "A+510");
  // Over the border between two tables.
  EXPECT_EQ(mm().Entries(510, 514), "zw..");
  EXPECT_EQ(mm().Entries(0, 4), "....");
  EXPECT_EQ(mm().Write(510, 514), "3 minor");
}

// --- MREMAP_DONTUNMAP

TEST_F(MremapTest, DontUnmapLeavesTheOldMappingEmpty) {
  mm().Map(0, 4);
  mm().Write(0, 4);
  EXPECT_EQ(mm().Remap(0, 4, 4, kKeep | kMremapFixed, 10), "A+10");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p, 10..14 rw-p");
  EXPECT_EQ(mm().Entries(0, 4), "....");
  EXPECT_EQ(mm().Entries(10, 14), "wwww");
  // Both are promised.
  EXPECT_EQ(world_.committed(), 8);
  EXPECT_EQ(mm().Read(0, 4), "4 minor");
  // It is as if it had never been touched, so it takes the numbers of its next place.
  mm().Map(20, 22);
  EXPECT_EQ(mm().Remap(0, 4, 4, kTo, 22), "A+22");
  EXPECT_EQ(mm().Maps(), "10..14 rw-p, 20..26 rw-p");
}

TEST_F(MremapTest, DontUnmapTakesTheNewAddressAsAHint) {
  mm().Map(0, 2);
  mm().Map(10, 12, "r");
  EXPECT_EQ(mm().Remap(0, 2, 2, kKeep, 20), "A+20");
  EXPECT_EQ(mm().Remap(0, 2, 2, kKeep, 11), "0x7ffff7ffd000");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 10..12 r--p, 20..22 rw-p, 7ffff7ffd000..7ffff7fff000 rw-p");
}

// Pages that a parent may share keep a new mapping from joining, but not what their own mapping grows by.
TEST_F(MremapTest, GrowingInAChildJoinsTheNextMapping) {
  mm().Map(0, 1);
  mm().Write(0, 1);
  mm().Map(2, 3);
  const std::unique_ptr<Program> child = mm().Fork();
  EXPECT_EQ(child->Remap(0, 1, 2), "A+0");
  EXPECT_EQ(child->Maps(), "0..3 rw-p");
  mm().Map(1, 2);
  EXPECT_EQ(mm().Maps(), "0..3 rw-p");
}

// Only mmap rounds hints up.
TEST_F(MremapTest, DontUnmapTakesALowHintAsItIs) {
  mm().Map(0, 1);
  EXPECT_EQ(Call({At(0), Pages(1), Pages(1), kKeep, VirtualAddress(0x1000)}), "0x1000");
}

TEST_F(MremapTest, DontUnmapCountsAgainstTheAddressSpaceLimit) {
  mm().Map(0, 4, "r");
  mm().limits()[Resource::kAs].current = Pages(7).value();
  EXPECT_EQ(mm().Remap(0, 4, 4, kKeep), "ENOMEM");
  mm().limits()[Resource::kAs].current = Pages(8).value();
  EXPECT_EQ(mm().Remap(0, 4, 4, kKeep | kMremapFixed, 10), "A+10");
}

TEST_F(MremapTest, DontUnmapUnlocksTheOldMappingButItStaysCounted) {
  mm().Map(0, 2, "rw", kMapLocked);
  EXPECT_EQ(mm().Remap(0, 2, 2, kKeep | kMremapFixed, 10), "A+10");
  EXPECT_EQ(mm().space().statistics().locked_vm, PageCount(4));
  EXPECT_EQ(mm().VmaAt(0).flags & kVmLocked, 0U);
  EXPECT_NE(mm().VmaAt(10).flags & kVmLocked, 0U);
}

// --- Several mappings at once (6.17)

TEST_F(MremapTest, APureMoveTakesMappingsAndHolesAlong) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 8);
  mm().Map(0, 3);
  mm().Write(0, 3);
  mm().Map(3, 4, "r");
  mm().MapFile(6, 9, "r", file, 2);
  // 0123456789      pages [1,8) to [21,28)
  // AAAB..FFF.
  EXPECT_EQ(mm().Remap(1, 7, 7, kTo, 21), "A+21");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 8..9 r--p /f+4, 21..23 rw-p, 23..24 r--p, 26..28 r--p /f+2");
  EXPECT_EQ(mm().Entries(21, 24), "ww.");
  world_.files.Put(file);
}

TEST_F(MremapTest, AMoveOfSeveralMayNotStartInAHole) {
  mm().Map(2, 4);
  mm().Map(20, 24, "r");
  EXPECT_EQ(mm().Remap(1, 3, 3, kTo, 20), "EFAULT");
  EXPECT_EQ(mm().Maps(), "2..4 rw-p, 20..24 r--p");
}

TEST_F(MremapTest, HolesOfAMoveLeaveWhatIsAtTheDestinationAlone) {
  mm().Map(0, 1);
  mm().Map(2, 3);
  mm().Map(20, 24, "r");
  EXPECT_EQ(mm().Remap(0, 3, 3, kTo, 20), "A+20");
  EXPECT_EQ(mm().Maps(), "20..21 rw-p, 21..22 r--p, 22..23 rw-p, 23..24 r--p");
}

// --- The kernel's own mappings

TEST_F(MremapTest, TheVdsoMovesWholeAndStaysTheVdso) {
  NewMapping vdso;
  vdso.range = {At(0), At(2)};
  vdso.flags = kVmRead | kVmExec | kVmMayRead | kVmMayWrite | kVmMayExec;
  vdso.special = SpecialMapping::kVdso;
  ASSERT_NE(InsertNewRange(mm().space(), vdso), nullptr);
  EXPECT_EQ(mm().Read(0, 2), "2 minor");
  mm().Map(12, 13, "rx");
  EXPECT_EQ(mm().Remap(0, 1, 1, kTo, 10), "EINVAL");
  EXPECT_EQ(mm().Remap(1, 1, 1, kTo, 10), "EINVAL");
  EXPECT_EQ(mm().Maps(), "0..2 r-xp, 12..13 r-xp");
  EXPECT_EQ(mm().Remap(0, 2, 2, kTo, 10), "A+10");
  EXPECT_EQ(mm().Maps(), "10..12 r-xp, 12..13 r-xp");
  EXPECT_EQ(mm().VmaAt(10).special, SpecialMapping::kVdso);
  EXPECT_EQ(mm().Run(10, 12), "0 minor");
  mm().Unmap(12, 13);
  EXPECT_EQ(mm().Remap(10, 2, 3), "A+10");
  EXPECT_EQ(mm().Maps(), "10..13 r-xp");
}

TEST_F(MremapTest, GrowingLockedMemoryPopulatesNoMoreThanOneCallMay) {
  const std::uint64_t limit = kMaxPopulatedPages.value();
  mm().Map(0, 1, "r", kMapLocked);
  EXPECT_EQ(mm().Remap(0, 1, limit + 2), "A+0");
  EXPECT_EQ(mm().faults().minor_faults, 1 + limit);
  EXPECT_EQ(mm().Entries(limit, limit + 2), "z.");
}

}  // namespace
}  // namespace memsim
