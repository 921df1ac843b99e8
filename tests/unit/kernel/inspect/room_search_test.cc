// get_unmapped_area tells where mmap would go, and maps nothing.

#include "server/kernel/inspect/room_search.h"

#include "tests/unit/kernel/traced_machine.h"

namespace memsim {
namespace {

class RoomSearchTest : public TracedMachine {
 protected:
  RoomSearch Search(std::uint64_t pages, VirtualAddress hint = VirtualAddress(0), std::uint64_t flags = 0) {
    return machine_->GetUnmappedArea(pid_, hint, ToBytes(PageCount(pages)), kPrivateAnonymous | flags, -1,
                                     ByteCount(0));
  }
};

TEST_F(RoomSearchTest, TheAnswerIsWhereMmapGoesTheNextTime) {
  Map(3);
  for (const std::uint64_t pages : {1U, 7U, 512U, 1024U, 4U}) {
    const RoomSearch search = Search(pages);
    ASSERT_TRUE(search.address.ok());
    EXPECT_EQ(Map(pages), *search.address) << pages;
  }
}

TEST_F(RoomSearchTest, AGapWithRoomEndsTheSearchFromTheTop) {
  const RoomSearch search = Search(1);
  ASSERT_EQ(search.trail.steps.size(), 1U);
  const PlacementStep& step = search.trail.steps.front();
  EXPECT_EQ(step.kind, PlacementStepKind::kTopDown);
  EXPECT_TRUE(step.found);
  EXPECT_EQ(step.length, kPageSize);
  ASSERT_EQ(step.gaps.size(), 1U);
  EXPECT_TRUE(step.gaps[0].fits);
  EXPECT_EQ(step.gaps[0].range.end, VirtualAddress(0x7ffff7fff000));
}

// Below a stack the 256 pages of its guard gap are free, but nobody's.
TEST_F(RoomSearchTest, AGapThatAStackGuardsIsLookedAtAndPassedOver) {
  const VirtualAddress top = Map(1, kReadWrite, kPrivateAnonymous | kMapGrowsDown);
  const VirtualAddress below = Map(1);
  ASSERT_EQ(top - below, ToBytes(PageCount(257)));
  // The hole is 256 pages wide: long enough for one page, were it not guarded.
  const RoomSearch search = Search(1);
  const PlacementStep& step = search.trail.steps.front();
  ASSERT_EQ(step.gap_count, 2U);
  EXPECT_EQ(step.gaps[0].range, (VirtualRange{below + kPageSize, top}));
  EXPECT_EQ(step.gaps[0].guard, ToBytes(PageCount(256)));
  EXPECT_FALSE(step.gaps[0].fits);
  EXPECT_TRUE(step.gaps[1].fits);
  EXPECT_EQ(*search.address, below - kPageSize);
}

TEST_F(RoomSearchTest, AHintIsTriedFirst) {
  const VirtualAddress hint(1ULL << 44);
  RoomSearch search = Search(1, hint);
  ASSERT_EQ(search.trail.steps.size(), 1U);
  EXPECT_EQ(search.trail.steps[0].kind, PlacementStepKind::kHint);
  EXPECT_TRUE(search.trail.steps[0].found);
  EXPECT_EQ(*search.address, hint);
  ASSERT_TRUE(machine_->Mmap(pid_, hint, kPageSize, kReadWrite, kPrivateAnonymous, -1, ByteCount(0)).ok());
  search = Search(1, hint);
  ASSERT_EQ(search.trail.steps.size(), 2U);
  EXPECT_FALSE(search.trail.steps[0].found);
  EXPECT_EQ(search.trail.steps[1].kind, PlacementStepKind::kTopDown);
}

TEST_F(RoomSearchTest, WhatIsDemandedIsNotSearchedFor) {
  const RoomSearch search = Search(1, VirtualAddress(1ULL << 44), kMapFixed);
  EXPECT_EQ(*search.address, VirtualAddress(1ULL << 44));
  EXPECT_TRUE(search.trail.steps.empty());
  EXPECT_EQ(Search(1, VirtualAddress((1ULL << 44) + 1), kMapFixed).address.error(), Errno::kInval);
}

TEST_F(RoomSearchTest, WithoutRoomAllIsTriedAndNothingFound) {
  const RoomSearch search = Search(kTaskSize.value() >> kPageShift);
  EXPECT_EQ(search.address.error(), Errno::kNoMem);
  ASSERT_EQ(search.trail.steps.size(), 2U) << "bottom-up is the last resort";
  EXPECT_EQ(search.trail.steps[1].kind, PlacementStepKind::kBottomUp);
  EXPECT_FALSE(search.trail.steps[1].found);
}

TEST_F(RoomSearchTest, Mistakes) {
  EXPECT_EQ(Search(0).address.error(), Errno::kInval);
  EXPECT_EQ(machine_->GetUnmappedArea(Pid(99), VirtualAddress(0), kPageSize, kPrivateAnonymous, -1, ByteCount(0))
                .address.error(),
            Errno::kSrch);
  EXPECT_EQ(machine_->GetUnmappedArea(pid_, VirtualAddress(0), kPageSize, kMapPrivate, 5, ByteCount(0)).address.error(),
            Errno::kBadF);
  EXPECT_EQ(machine_->GetUnmappedArea(pid_, VirtualAddress(0), kPageSize, kPrivateAnonymous, -1, ByteCount(1))
                .address.error(),
            Errno::kInval);
}

TEST_F(RoomSearchTest, NothingIsMapped) {
  const std::string maps = *machine_->ReadProc("2/maps");
  Search(5);
  EXPECT_EQ(*machine_->ReadProc("2/maps"), maps);
}

}  // namespace
}  // namespace memsim
