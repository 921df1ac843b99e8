// What accesses do: how many faults they take, what is mapped then, and which signal they end in.

#include "server/kernel/vm/page_fault.h"

#include "gtest/gtest.h"

#include "server/kernel/physical/direct_map.h"
#include "server/kernel/vm/layout.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class PageFaultTest : public ProgramTest {
 protected:
  std::int64_t Count(Counter counter) { return world_.counters.Get(counter); }
};

// --- Anonymous memory

TEST_F(PageFaultTest, ALoadMapsTheZeroPageWhichCountsNowhereAndAStoreReplacesIt) {
  mm().Map(0, 4);
  EXPECT_EQ(mm().Read(0, 4), "4 minor");
  EXPECT_EQ(mm().Entries(0, 4), "zzzz");
  EXPECT_EQ(mm().Books(), "total 4, data 4, stack 0, exec 0, rss 0+0+0");
  EXPECT_EQ(Count(Counter::kNrAnonPages), 0);
  EXPECT_EQ(mm().Read(0, 4), "0 minor");
  EXPECT_EQ(mm().Write(0, 4), "4 minor");
  EXPECT_EQ(mm().Entries(0, 4), "wwww");
  EXPECT_EQ(mm().Write(0, 4), "0 minor");
  EXPECT_EQ(Count(Counter::kNrAnonPages), 4);
  EXPECT_EQ(Count(Counter::kPgFault), 8);
}

TEST_F(PageFaultTest, AStoreToFreshMemoryTakesOneFault) {
  mm().Map(0, 4);
  EXPECT_EQ(mm().Write(0, 4), "4 minor");
  EXPECT_EQ(mm().Books(), "total 4, data 4, stack 0, exec 0, rss 4+0+0");
}

TEST_F(PageFaultTest, WriteOnlyMemoryCanBeReadAndExecuteOnlyMemoryHasAKeyAgainstIt) {
  mm().Map(0, 1, "w");
  EXPECT_EQ(mm().Read(0, 1), "1 minor");
  EXPECT_EQ(mm().Write(0, 1), "1 minor");
  mm().Map(2, 3, "x");
  EXPECT_EQ(mm().Read(2, 3), "0 minor, SIGSEGV 4 at A+2");
  EXPECT_EQ(mm().Run(2, 3), "1 minor");
  // The page that is there now changes nothing about it.
  EXPECT_EQ(mm().Read(2, 3), "0 minor, SIGSEGV 4 at A+2");
  EXPECT_EQ(mm().Write(2, 3), "0 minor, SIGSEGV 4 at A+2");
}

TEST_F(PageFaultTest, WhatIsNotAllowedIsToldApartFromWhatIsNotThere) {
  mm().Map(0, 1, "r");
  mm().Map(1, 2, "");
  mm().Map(2, 3, "rw");
  EXPECT_EQ(mm().Write(0, 1), "0 minor, SIGSEGV 2 at A+0");
  EXPECT_EQ(mm().Run(0, 1), "0 minor, SIGSEGV 2 at A+0");
  EXPECT_EQ(mm().Read(1, 2), "0 minor, SIGSEGV 2 at A+1");
  EXPECT_EQ(mm().Run(2, 3), "0 minor, SIGSEGV 2 at A+2");
  EXPECT_EQ(mm().Read(2, 5), "1 minor, SIGSEGV 1 at A+3");
  EXPECT_EQ(mm().Entries(0, 5), "..z..");
}

TEST_F(PageFaultTest, BeyondTheUserHalfNothingIsMappedAndBetweenTheHalvesTheAddressIsLost) {
  EXPECT_EQ(mm().Touch(kTaskSize, PageCount(1), AccessKind::kRead), "0 minor, SIGSEGV 1 at 0x7ffffffff000");
  EXPECT_EQ(mm().Touch(kDirectMapBase, PageCount(1), AccessKind::kWrite), "0 minor, SIGSEGV 1 at 0xffff888000000000");
  EXPECT_EQ(mm().Touch(VirtualAddress(1ULL << 47), PageCount(1), AccessKind::kRead), "0 minor, SIGSEGV 128 at 0x0");
}

TEST_F(PageFaultTest, TheRowEndsAtTheFirstSignalWithTheAddressOfTheByte) {
  mm().Map(0, 2);
  EXPECT_EQ(mm().Touch(At(0) + ByteCount(7), PageCount(3), AccessKind::kWrite), "2 minor, SIGSEGV 1 at A+2");
}

// --- Files: 16 aligned entries are filled around a load of a page in memory.

TEST_F(PageFaultTest, ALoadMapsTheSixteenPagesAroundIt) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 128);
  mm().MapFile(0, 64, "r", file);
  EXPECT_EQ(mm().Read(20, 21), "1 minor");
  EXPECT_EQ(mm().Entries(0, 64), std::string(16, '.') + std::string(16, 'r') + std::string(32, '.'));
  EXPECT_EQ(mm().Books(), "total 64, data 0, stack 0, exec 0, rss 0+16+0");
  EXPECT_EQ(mm().Read(0, 64), "3 minor");
  EXPECT_EQ(Count(Counter::kNrMapped), 64);
  world_.files.Put(file);
}

TEST_F(PageFaultTest, TheWindowStartsAtTheMappingAndThenFollowsItsFirstEntry) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 128);
  // Entries 5..69: the first fault fills 5..20, the next 21..31, then whole sixteens.
  mm().MapFile(5, 69, "r", file);
  EXPECT_EQ(mm().Read(5, 6), "1 minor");
  EXPECT_EQ(mm().Entries(5, 22), std::string(16, 'r') + ".");
  EXPECT_EQ(mm().Read(5, 69), "4 minor");
  world_.files.Put(file);
}

TEST_F(PageFaultTest, TheWindowEndsWithTheTableTheMappingAndTheFile) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 20);
  mm().MapFile(507, 531, "r", file);
  // The mapping's start and the table's end leave five entries.
  EXPECT_EQ(mm().Read(507, 508), "1 minor");
  EXPECT_EQ(mm().Entries(507, 513), "rrrrr.");
  // 512..527, of which the file has 15.
  EXPECT_EQ(mm().Read(512, 513), "1 minor");
  EXPECT_EQ(mm().Entries(507, 531), std::string(20, 'r') + "....");
  EXPECT_EQ(mm().Read(526, 529), "0 minor, SIGBUS 2 at A+527");
  world_.files.Put(file);
}

TEST_F(PageFaultTest, APageThatIsNotInMemoryIsAMajorFaultAndBringsItsNeighbours) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 0);
  ASSERT_TRUE(world_.files.SetSize(world_.files.file(file).inode, Pages(128)) == std::nullopt);
  mm().MapFile(0, 128, "r", file);
  EXPECT_EQ(mm().Read(64, 65), "0 minor, 1 major");
  EXPECT_EQ(Count(Counter::kPgMajFault), 1);
  // 32 pages were read, 48..79, and then the fault began anew and found its sixteen.
  EXPECT_EQ(mm().Entries(63, 81), "." + std::string(16, 'r') + ".");
  EXPECT_EQ(mm().Read(48, 80), "1 minor");
  EXPECT_EQ(mm().Read(80, 81), "0 minor, 1 major");
  world_.files.Put(file);
}

TEST_F(PageFaultTest, ProgramsAreReadOnwardsToTheEndOfTheirMapping) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 0);
  const InodeId inode = world_.files.file(file).inode;
  ASSERT_TRUE(world_.files.SetSize(inode, Pages(128)) == std::nullopt);
  const auto cached = [&] {
    std::string picture;
    for (std::uint64_t i = 0; i < 48; ++i) picture += world_.files.IsCached(inode, PageOffset(i)) ? '#' : '.';
    return picture;
  };
  mm().MapFile(0, 8, "rx", file, 2);
  EXPECT_EQ(mm().Read(1, 2), "0 minor, 1 major");
  EXPECT_EQ(cached(), "..." + std::string(7, '#') + std::string(38, '.'));
  // Sequential reading does not look back either.
  mm().MapFile(16, 64, "r", file);
  EXPECT_EQ(mm().Advise(16, 64, kMadvSequential), "OK");
  EXPECT_EQ(mm().Read(28, 29), "0 minor, 1 major");
  EXPECT_EQ(cached(), "..." + std::string(7, '#') + ".." + std::string(32, '#') + "....");
  world_.files.Put(file);
}

// The kernel's reserve of a page table is installed only where a page is found that is not the file's last.
TEST_F(PageFaultTest, ALoadBeyondTheFileMapsWhatIsAroundItUnlessThatIsTheLastPageInANewTable) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 2);
  mm().MapFile(0, 3, "r", file);
  EXPECT_EQ(mm().Read(2, 3), "0 minor, SIGBUS 2 at A+2");
  EXPECT_EQ(mm().Entries(0, 3), "rr.");
  const PageCount tables = mm().table_pages();
  mm().MapFile(1024, 1026, "r", file, 1);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(mm().Read(1025, 1026), "0 minor, SIGBUS 2 at A+1025");
    EXPECT_EQ(mm().Entries(1024, 1026), "..");
    EXPECT_EQ(mm().table_pages(), tables);
  }
  mm().Map(1030, 1031);
  EXPECT_EQ(mm().Write(1030, 1031), "1 minor");
  EXPECT_EQ(mm().Read(1025, 1026), "0 minor, SIGBUS 2 at A+1025");
  EXPECT_EQ(mm().Entries(1024, 1026), "r.");
  // A store looks for its own page alone.
  mm().MapFile(3072, 3074, "rw", file, 1);
  EXPECT_EQ(mm().Write(3073, 3074), "0 minor, SIGBUS 2 at A+3073");
  EXPECT_EQ(mm().Entries(3072, 3074), "..");
  world_.files.Put(file);
}

TEST_F(PageFaultTest, AStoreBeyondAPrivateFileLeavesTheMappingItsAnonVma) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 0);
  mm().MapFile(0, 1, "rw", file);
  mm().MapFile(1, 2, "rw", file, 0, kMapShared);
  EXPECT_EQ(mm().Read(0, 1), "0 minor, SIGBUS 2 at A+0");
  EXPECT_EQ(mm().VmaAt(0).anon.own, AnonVmaId());
  EXPECT_EQ(mm().Write(0, 1), "0 minor, SIGBUS 2 at A+0");
  EXPECT_NE(mm().VmaAt(0).anon.own, AnonVmaId());
  EXPECT_EQ(mm().Write(1, 2), "0 minor, SIGBUS 2 at A+1");
  EXPECT_EQ(mm().VmaAt(1).anon.own, AnonVmaId());
  world_.files.Put(file);
}

TEST_F(PageFaultTest, AStoreToASharedFileTakesAFaultAPageEvenAfterALoad) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 32);
  mm().MapFile(0, 32, "rw", file, 0, kMapShared);
  EXPECT_EQ(mm().Read(0, 32), "2 minor");
  EXPECT_EQ(mm().Entries(0, 4), "rrrr");
  EXPECT_EQ(mm().Write(0, 32), "32 minor");
  EXPECT_EQ(mm().Write(0, 32), "0 minor");
  EXPECT_EQ(Count(Counter::kNrDirty), 32);
  world_.files.Put(file);
}

TEST_F(PageFaultTest, AStoreToAPrivateFileCopiesThePage) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 32);
  mm().MapFile(0, 32, "rw", file);
  EXPECT_EQ(mm().Write(0, 1), "1 minor");
  EXPECT_EQ(mm().Books(), "total 32, data 32, stack 0, exec 0, rss 1+0+0");
  EXPECT_EQ(mm().Read(0, 32), "2 minor");
  EXPECT_EQ(mm().Books(), "total 32, data 32, stack 0, exec 0, rss 1+31+0");
  EXPECT_EQ(mm().Write(0, 32), "31 minor");
  EXPECT_EQ(mm().Books(), "total 32, data 32, stack 0, exec 0, rss 32+0+0");
  EXPECT_EQ(Count(Counter::kNrDirty), 0);
  world_.files.Put(file);
}

// --- Shared memory

TEST_F(PageFaultTest, SharedMemoryIsWritableFromTheFirstLoadAndHolesAreNotFilledAround) {
  mm().MapShared(0, 4);
  EXPECT_EQ(mm().Read(0, 2), "2 minor");
  EXPECT_EQ(mm().Entries(0, 4), "ww..");
  EXPECT_EQ(mm().Write(0, 4), "2 minor");
  EXPECT_EQ(mm().Books(), "total 4, data 0, stack 0, exec 0, rss 0+0+4");
  EXPECT_EQ(Count(Counter::kNrShmem), 4);
}

TEST_F(PageFaultTest, MemoryThatCannotBeHadLeavesTheAccessUndoneAndCanBeTriedAgain) {
  // Everything the allocator gives to an ordinary request.
  std::vector<PageFrameNumber> taken;
  mm().Map(0, 4);
  mm().Write(0, 1);
  while (const auto frame = world_.pages.AllocPages(kGfpHighuserMovable, Order(0), PageOwner::kCaller)) {
    taken.push_back(*frame);
  }
  EXPECT_EQ(mm().Write(0, 2), "0 minor, out of memory");
  EXPECT_EQ(mm().Entries(0, 2), "w.");
  // The zero page is there already.
  EXPECT_EQ(mm().Read(1, 2), "1 minor");
  EXPECT_EQ(mm().Write(1, 2), "0 minor, out of memory");
  EXPECT_EQ(mm().Entries(0, 2), "wz");
  for (const PageFrameNumber frame : taken) world_.pages.FreePages(frame, Order(0));
  EXPECT_EQ(mm().Write(1, 2), "1 minor");
}

}  // namespace
}  // namespace memsim
