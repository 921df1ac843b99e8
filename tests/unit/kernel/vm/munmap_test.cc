// munmap(2): its arguments, what it cuts, and what it gives back.

#include "server/kernel/vm/munmap.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/layout.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class MunmapTest : public ProgramTest {};

TEST_F(MunmapTest, OnlyAlignedNonEmptyRangesOfTheUserHalfAreTaken) {
  EXPECT_EQ(mm().TryUnmap(VirtualAddress(kArena.value() + 1), Pages(1)), "EINVAL");
  EXPECT_EQ(mm().TryUnmap(At(0), ByteCount(0)), "EINVAL");
  EXPECT_EQ(mm().TryUnmap(At(0), ByteCount(UINT64_MAX)), "EINVAL");
  EXPECT_EQ(mm().TryUnmap(kTaskSize + Pages(1), Pages(1)), "EINVAL");
  EXPECT_EQ(mm().TryUnmap(kTaskSize, Pages(1)), "EINVAL");
  EXPECT_EQ(mm().TryUnmap(kTaskSize - Pages(1), Pages(2)), "EINVAL");
  EXPECT_EQ(mm().TryUnmap(kTaskSize - Pages(1), Pages(1)), "OK");
  EXPECT_EQ(mm().TryUnmap(VirtualAddress(0), ByteCount(kTaskSize.value())), "OK");
}

TEST_F(MunmapTest, ARangeTakesPiecesWholesAndHolesAndCountsWholePages) {
  mm().Map(0, 4);
  mm().Map(6, 7, "r");
  mm().Map(9, 12);
  // 0123456789ab      0123456789ab
  // AAAA..B..CCC  ->  AA........CC
  EXPECT_EQ(mm().TryUnmap(At(2), ByteCount((7 << kPageShift) + 1)), "OK");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 10..12 rw-p");
  EXPECT_EQ(world_.committed(), 4);
  mm().Unmap(2, 10);
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 10..12 rw-p");
}

TEST_F(MunmapTest, TheMiddleOfAMappingLeavesTwo) {
  mm().Map(0, 5);
  mm().Write(0, 5);
  mm().Unmap(2, 3);
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 3..5 rw-p");
  EXPECT_EQ(mm().Entries(0, 5), "ww.ww");
  EXPECT_EQ(mm().Books(), "total 4, data 4, stack 0, exec 0, rss 4+0+0");
  // What fills the hole joins both again: they have one anon_vma.
  mm().Map(2, 3);
  EXPECT_EQ(mm().Maps(), "0..5 rw-p");
}

TEST_F(MunmapTest, AtMaxMapCountOnlyTheMiddleIsRefused) {
  world_.sysctls.max_map_count = 2;
  mm().Map(0, 6);
  mm().Map(10, 12);
  EXPECT_EQ(mm().TryUnmap(At(2), Pages(1)), "ENOMEM");
  EXPECT_EQ(mm().Maps(), "0..6 rw-p, 10..12 rw-p");
  mm().Unmap(0, 1);
  mm().Unmap(5, 6);
  EXPECT_EQ(mm().Maps(), "1..5 rw-p, 10..12 rw-p");
  mm().Unmap(10, 12);
  // One below the limit.
  mm().Unmap(2, 3);
  EXPECT_EQ(mm().Maps(), "1..2 rw-p, 3..5 rw-p");
}

TEST_F(MunmapTest, DirtyPagesOfASharedFileStayDirtyWithTheFile) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4);
  mm().MapFile(0, 4, "rw", file, 0, kMapShared);
  EXPECT_EQ(mm().Write(0, 2), "2 minor");
  mm().Unmap(0, 4);
  EXPECT_EQ(world_.counters.Get(Counter::kNrDirty), 2);
  EXPECT_EQ(world_.counters.Get(Counter::kNrMapped), 0);
  EXPECT_EQ(mm().Books(), "total 0, data 0, stack 0, exec 0, rss 0+0+0");
  world_.files.Put(file);
}

TEST_F(MunmapTest, SharedMemoryLivesAsLongAsAnybodyMapsIt) {
  mm().MapShared(0, 4);
  EXPECT_EQ(mm().Write(0, 3), "3 minor");
  const auto child = mm().Fork();
  mm().Unmap(0, 4);
  EXPECT_EQ(world_.counters.Get(Counter::kNrShmem), 3);
  EXPECT_EQ(world_.committed(), 4);
  child->Unmap(0, 4);
  EXPECT_EQ(world_.counters.Get(Counter::kNrShmem), 0);
  EXPECT_EQ(world_.committed(), 0);
}

// --- Page tables: one leaf holds 512 pages of the arena, one middle table all of it.

TEST_F(MunmapTest, TablesThatServeNobodyElseAreFreed) {
  mm().Map(0, 1);
  mm().Map(1024, 1025);
  mm().Write(0, 1);
  mm().Write(1024, 1025);
  // The root, one upper and one middle table, two leaves.
  EXPECT_EQ(mm().table_pages(), PageCount(5));
  mm().Unmap(1024, 1025);
  EXPECT_EQ(mm().table_pages(), PageCount(4));
  mm().Unmap(0, 1);
  EXPECT_EQ(mm().table_pages(), PageCount(1));
}

TEST_F(MunmapTest, ATableThatANeighbourUsesStays) {
  mm().Map(0, 1);
  mm().Map(5, 6);
  mm().Map(10, 11);
  mm().Write(5, 6);
  mm().Unmap(5, 6);
  EXPECT_EQ(mm().table_pages(), PageCount(4));
  // The one below is enough, and so is the one above.
  mm().Unmap(10, 11);
  EXPECT_EQ(mm().table_pages(), PageCount(4));
  mm().Map(511, 512);
  mm().Unmap(0, 1);
  EXPECT_EQ(mm().table_pages(), PageCount(4));
  mm().Unmap(511, 512);
  EXPECT_EQ(mm().table_pages(), PageCount(1));
}

TEST_F(MunmapTest, AllTablesUnderARangeOfManyAreFreed) {
  mm().Map(0, 1);
  mm().Map(512, 512 * 9);
  mm().Write(0, 1);
  for (std::uint64_t leaf = 1; leaf < 9; ++leaf) mm().Write(leaf * 512 + 7, leaf * 512 + 8);
  EXPECT_EQ(mm().table_pages(), PageCount(12));
  mm().Unmap(512, 512 * 9);
  EXPECT_EQ(mm().table_pages(), PageCount(4));
}

}  // namespace
}  // namespace memsim
