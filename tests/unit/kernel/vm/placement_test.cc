// Where mappings go: hints, the search from the top, guard gaps, alignment to huge pages, MAP_32BIT, and mmap_base.

#include "gtest/gtest.h"

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/unmapped_area.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

constexpr ByteCount kMiB{1ULL << 20};

class PlacementTest : public ProgramTest {
 protected:
  // Room for exactly these mappings: the search sees the arena's pages [0, end) alone.
  void SearchBelow(std::uint64_t end) { mm().space().layout.mmap_base = At(end); }
};

TEST_F(PlacementTest, TheHighestHoleThatFitsIsFilledFromItsTop) {
  SearchBelow(12);
  mm().Map(2, 4, "r");
  mm().Map(7, 8, "r");
  mm().Map(9, 12, "r");
  // 0123456789ab
  // ..AA...B.CCC
  EXPECT_EQ(mm().MapAnywhere(1), "A+8");
  EXPECT_EQ(mm().MapAnywhere(2), "A+5");
  EXPECT_EQ(mm().MapAnywhere(2), "A+0");
  EXPECT_EQ(mm().MapAnywhere(1), "A+4");
}

TEST_F(PlacementTest, AStackKeepsItsGuardGapFreeFromSearchesAndHintsButNotFromMapFixed) {
  SearchBelow(1002);
  mm().Map(1000, 1002, "rw", kMapGrowsDown);
  // The guard is [744, 1000).
  EXPECT_EQ(mm().MapAnywhere(1), "A+743");
  EXPECT_EQ(mm().MapAnywhere(1, 0, At(744)), "A+742");
  EXPECT_EQ(mm().MapAnywhere(1, 0, At(999)), "A+741");
  EXPECT_EQ(mm().MapAnywhere(1, kMapFixed, At(999)), "A+999");
}

TEST_F(PlacementTest, AGapThatIsNothingButGuardIsPassedOver) {
  SearchBelow(1002);
  mm().Map(1000, 1002, "rw", kMapGrowsDown);
  mm().Map(800, 801, "r");
  EXPECT_EQ(mm().MapAnywhere(1), "A+799");
}

TEST_F(PlacementTest, AHintIsTakenIfItIsFreeAndIgnoredSilentlyIfNot) {
  mm().Map(10, 12, "r");
  EXPECT_EQ(mm().MapAnywhere(2, 0, At(20)), "A+20");
  EXPECT_EQ(mm().MapAnywhere(2, 0, At(8)), "A+8");
  EXPECT_EQ(mm().MapAnywhere(2, 0, At(11)), "0x7ffff7ffd000");
  EXPECT_EQ(mm().MapAnywhere(2, 0, At(7)), "0x7ffff7ffb000");
  EXPECT_EQ(mm().MapAnywhere(1, 0, kTaskSize), "0x7ffff7ffa000");
}

TEST_F(PlacementTest, AHintIsRoundedDownToAPageAndUpToTheLowestAddress) {
  EXPECT_EQ(mm().MapAnywhere(1, 0, VirtualAddress(At(3).value() + 4095)), "A+3");
  EXPECT_EQ(mm().MapAnywhere(1, 0, VirtualAddress(1)), "0x7ffff7ffe000");
  EXPECT_EQ(mm().MapAnywhere(1, 0, VirtualAddress(0x1000)), "0x10000");
  EXPECT_EQ(mm().MapAnywhere(1, 0, VirtualAddress(0x1000)), "0x7ffff7ffd000");
  world_.sysctls.mmap_min_addr = ByteCount(0x20000);
  EXPECT_EQ(mm().MapAnywhere(1, 0, VirtualAddress(0x1000)), "0x20000");
}

TEST_F(PlacementTest, WhenNothingIsFreeBelowTheBaseTheSearchGoesUpFromAThird) {
  mm().space().layout.mmap_base = VirtualAddress(0x3000);
  EXPECT_EQ(mm().MapAnywhere(2), "0x1000");
  EXPECT_EQ(mm().MapAnywhere(1), "0x2aaaaaaab000");
  EXPECT_EQ(mm().MapAnywhere(2), "0x2aaaaaaac000");
}

TEST_F(PlacementTest, Map32BitSearchesUpInTheSecondGibibyte) {
  EXPECT_EQ(mm().MapAnywhere(1, kMap32Bit), "0x40000000");
  EXPECT_EQ(mm().MapAnywhere(1, kMap32Bit), "0x40001000");
  EXPECT_EQ(mm().MapAnywhere(1ULL << 18, kMap32Bit | kMapNoReserve), "ENOMEM");
}

TEST_F(PlacementTest, Map32BitTakesNoHintAboveItsWindow) {
  EXPECT_EQ(mm().MapAnywhere(1, kMap32Bit, At(5)), "0x40000000");
  EXPECT_EQ(mm().MapAnywhere(1, kMap32Bit, VirtualAddress(0x50000000)), "0x50000000");
  EXPECT_EQ(mm().MapAnywhere(1, kMap32Bit, VirtualAddress(0x20000000)), "0x20000000");
  EXPECT_EQ(mm().MapAnywhere(2, kMap32Bit, VirtualAddress(0x7ffff000)), "0x40001000");
}

TEST_F(PlacementTest, AnonymousMemoryOfWholeHugePagesIsAligned) {
  EXPECT_EQ(mm().MapAnywhere(512), "0x7ffff7c00000");
  EXPECT_EQ(mm().MapAnywhere(512, kMapStack), "0x7ffff7a00000");
  EXPECT_EQ(mm().MapAnywhere(513), "0x7ffff77ff000");
  EXPECT_EQ(mm().MapAnywhere(511), "0x7ffff7e00000");
}

TEST_F(PlacementTest, SharedMemoryAndHintsAreNotAligned) {
  EXPECT_EQ(mm().MapAnywhere(512, kMapShared), "0x7ffff7dff000");
  EXPECT_EQ(mm().MapAnywhere(512, 0, At(1)), "A+1");
}

TEST_F(PlacementTest, WithoutRoomForThePaddingTheSearchIsPlain) {
  // All of MAP_32BIT's window but its last 513 pages.
  const VirtualRange taken{VirtualAddress(0x40000000), VirtualAddress(0x7fdff000)};
  const MmapArguments filler{taken.start, taken.size(), 0, kMapPrivate | kMapAnonymous | kMapFixed, OpenFileId(), {}};
  EXPECT_EQ(mm().TryMmap(filler), "0x40000000");
  EXPECT_EQ(mm().MapAnywhere(512, kMap32Bit), "0x7fdff000");
}

TEST_F(PlacementTest, LargeFilesOnDiskAgreeWithTheirOffsetModuloAHugePage) {
  FilesStay();
  const OpenFileId disk = world_.OpenNew("/f", 2048);
  const OpenFileId memory = world_.OpenNew("/dev/shm/f", 2048, kOpenReadWrite, FileKind::kTmpfs);
  const auto place = [&](OpenFileId file, std::uint64_t pages, std::uint64_t from) {
    return mm().TryMmap({VirtualAddress(0), Pages(pages), kProtRead, kMapPrivate, file, PageOffset(from)});
  };
  EXPECT_EQ(place(disk, 768, 0), "0x7ffff7c00000");
  EXPECT_EQ(place(disk, 1024, 3), "0x7ffff7603000");
  // Smaller, or without one whole aligned piece inside.
  EXPECT_EQ(place(disk, 2, 0), "0x7ffff7ffd000");
  EXPECT_EQ(place(disk, 512, 3), "0x7ffff7403000");
  EXPECT_EQ(place(memory, 512, 0), "0x7ffff7203000");
  world_.files.Put(disk);
  world_.files.Put(memory);
}

// The hint of a large file is looked at with the padding behind it, and what is aligned comes before the bare hint.
TEST_F(PlacementTest, AHintOfALargeFileOnDiskCountsOnlyWithRoomToAlign) {
  FilesStay();
  const OpenFileId disk = world_.OpenNew("/f", 2048);
  const auto place = [&](std::uint64_t hint) {
    return mm().TryMmap({At(hint), Pages(512), kProtRead, kMapPrivate, disk, PageOffset(0)});
  };
  mm().Map(0, 1, "r");
  EXPECT_EQ(place(0), "0x7ffff7c00000");
  EXPECT_EQ(place(4097), "A+4097");
  mm().Map(8800, 8801, "r");
  EXPECT_EQ(place(8200), "0x7ffff7a00000");
  // An end beyond 2^63 is negative, so that even one page is aligned.
  const PageOffset far(0x7fffffffffe01);
  EXPECT_EQ(mm().TryMmap({VirtualAddress(0), Pages(1), kProtRead, kMapPrivate, disk, far}), "0x7ffff7801000");
  world_.files.Put(disk);
}

// --- mmap_base

VirtualAddress BaseFor(ByteCount stack_limit) { return MmapBase(stack_limit, ByteCount(0), PageCount(0)); }

TEST(MmapBaseTest, TheGapIsTheStacksButAtLeast128MiBAndAtMostFiveSixths) {
  EXPECT_EQ(Text(BaseFor(kMiB * 8)), "0x7ffff7fff000");
  EXPECT_EQ(Text(BaseFor(ByteCount(0))), "0x7ffff7fff000");
  // 127 MiB and the guard of 1 MiB are just 128.
  EXPECT_EQ(Text(BaseFor(kMiB * 127)), "0x7ffff7fff000");
  EXPECT_EQ(Text(BaseFor(kMiB * 128)), "0x7ffff7eff000");
  EXPECT_EQ(Text(BaseFor(kMiB * 1024)), "0x7fffbfeff000");
  EXPECT_EQ(Text(BaseFor(ByteCount(kRlimInfinity))), Text(BaseFor(ByteCount(kTaskSize.value()))));
  EXPECT_EQ(Text(BaseFor(ByteCount(kRlimInfinity))), "0x155555556000");
}

TEST(MmapBaseTest, RandomPagesMoveItDownAndTheStacksRandomnessWidensTheGap) {
  EXPECT_EQ(Text(MmapBase(kMiB * 8, ByteCount(0), PageCount(1))), "0x7ffff7ffe000");
  // 8 MiB, the guard and 16 GiB of stack randomness.
  EXPECT_EQ(Text(MmapBase(kMiB * 8, kMiB * 16384, PageCount(0))), "0x7ffbff6ff000");
}

}  // namespace
}  // namespace memsim
