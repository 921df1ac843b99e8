// rmap_walk: who maps a frame, through anon_vmas and through the mappings of a file.

#include "server/kernel/inspect/reverse_map.h"

#include "gmock/gmock.h"

#include "server/kernel/process/clone_flags.h"
#include "tests/unit/kernel/traced_machine.h"

namespace memsim {
namespace {

using ::testing::ElementsAre;

class ReverseMapTest : public TracedMachine {
 protected:
  void Touch(Pid pid, VirtualAddress address, AccessKind kind = AccessKind::kWrite) {
    ASSERT_TRUE(machine_->Touch(pid, address, kind, PageCount(1)).ok());
  }
  ReverseMap Who(Pid pid, VirtualAddress address) { return *machine_->RmapWalk(pid, address); }
  Pid Fork(Pid pid) { return *machine_->Clone(pid, 0); }
};

TEST_F(ReverseMapTest, APageOfOneProcess) {
  const VirtualAddress address = Map(4) + kPageSize;
  Touch(pid_, address);
  const ReverseMap map = Who(pid_, address);
  EXPECT_EQ(map.use, FrameUse::kAnonymous);
  EXPECT_NE(map.object, 0U);
  EXPECT_EQ(map.visited_vmas, 1U);
  EXPECT_EQ(map.map_count, 1U);
  ASSERT_EQ(map.mappings.size(), 1U);
  EXPECT_THAT(map.mappings[0].pids, ElementsAre(pid_));
  EXPECT_EQ(map.mappings[0].address, address);
  EXPECT_EQ(map.mappings[0].entry, map.frame.value() << 12 | 0x8000000000000067)
      << "present, writable, user, accessed, dirty, no-execute";
  EXPECT_EQ(machine_->RmapWalk(map.frame).mapping_count, 1U) << "the same by its number";
}

TEST_F(ReverseMapTest, ForkSharesAPageUntilSomebodyWrites) {
  const VirtualAddress address = Map(1);
  Touch(pid_, address);
  const Pid child = Fork(pid_);
  const Pid grandchild = Fork(child);
  const PageFrameNumber frame = Who(pid_, address).frame;
  ReverseMap map = machine_->RmapWalk(frame);
  ASSERT_EQ(map.mappings.size(), 3U);
  EXPECT_EQ(map.mappings[0].pids.front(), pid_);
  EXPECT_EQ(map.mappings[1].pids.front(), child);
  EXPECT_EQ(map.mappings[2].pids.front(), grandchild);
  EXPECT_EQ(map.mappings[2].entry & 2, 0U) << "write-protected";
  Touch(child, address);
  map = machine_->RmapWalk(frame);
  EXPECT_EQ(map.mapping_count, 2U);
  EXPECT_EQ(map.visited_vmas, 3U) << "the child's mapping may still have pages of its parent";
  EXPECT_EQ(Who(child, address).visited_vmas, 2U) << "the copy can be the child's and its child's";
}

// folio_move_anon_rmap: the last owner's anon_vma takes the page.
TEST_F(ReverseMapTest, APageThatItsLastOwnerReusesIsFoundThroughThatOneAlone) {
  const VirtualAddress address = Map(1);
  Touch(pid_, address);
  const Pid child = Fork(pid_);
  const PageFrameNumber frame = Who(child, address).frame;
  Touch(pid_, address);
  EXPECT_EQ(machine_->RmapWalk(frame).visited_vmas, 2U);
  Touch(child, address);
  const ReverseMap map = machine_->RmapWalk(frame);
  EXPECT_EQ(map.visited_vmas, 1U);
  ASSERT_EQ(map.mappings.size(), 1U);
  EXPECT_EQ(map.mappings[0].pids.front(), child);
}

TEST_F(ReverseMapTest, ThreadsAreOneProcessAndThoseWhoShareMemoryAreToldTogether) {
  const VirtualAddress address = Map(1);
  Touch(pid_, address);
  ASSERT_TRUE(machine_->Clone(pid_, kCloneVm | kCloneFiles | kCloneSighand | kCloneThread).ok());
  const Pid shared = *machine_->Clone(pid_, kCloneVm | kCloneVfork);
  const ReverseMap map = Who(shared, address);
  ASSERT_EQ(map.mappings.size(), 1U);
  EXPECT_THAT(map.mappings[0].pids, ElementsAre(pid_, shared));
}

TEST_F(ReverseMapTest, AFilesPageIsFoundThroughAllMappingsThatSpanIt) {
  ASSERT_EQ(machine_->Mknod("/data", FileKind::kRegular, ToBytes(PageCount(16))), Errno::kOk);
  const int fd = *machine_->Open(pid_, "/data", kOpenReadWrite);
  const auto map_file = [&](std::uint64_t flags, std::uint64_t pages, std::uint64_t first) {
    return *machine_->Mmap(pid_, VirtualAddress(0), ToBytes(PageCount(pages)), kReadWrite, flags, fd,
                           ToBytes(PageCount(first)));
  };
  const VirtualAddress shared = map_file(kMapShared, 16, 0);
  const VirtualAddress copied = map_file(kMapPrivate, 4, 2);
  map_file(kMapShared, 2, 8);
  Touch(pid_, shared + ToBytes(PageCount(3)));
  ReverseMap map = Who(pid_, shared + ToBytes(PageCount(3)));
  EXPECT_EQ(map.use, FrameUse::kFile);
  EXPECT_EQ(map.index, PageOffset(3));
  EXPECT_EQ(map.visited_vmas, 2U) << "the third mapping lies behind the page";
  EXPECT_EQ(map.mapping_count, 1U);
  Touch(pid_, copied + kPageSize, AccessKind::kRead);
  map = Who(pid_, shared + ToBytes(PageCount(3)));
  EXPECT_EQ(map.mapping_count, 2U);
  EXPECT_EQ(map.mapping_count, map.map_count);
  Touch(pid_, copied + kPageSize);
  map = Who(pid_, shared + ToBytes(PageCount(3)));
  EXPECT_EQ(map.mapping_count, 1U) << "a copy is another page";
  EXPECT_EQ(map.visited_vmas, 2U);
}

TEST_F(ReverseMapTest, MovedMemoryIsFoundWhereItIs) {
  const VirtualAddress address = Map(2);
  Touch(pid_, address);
  const PageFrameNumber frame = Who(pid_, address).frame;
  const auto moved = machine_->Mremap(pid_, address, ToBytes(PageCount(2)), ToBytes(PageCount(2)),
                                      kMremapMayMove | kMremapFixed, VirtualAddress(1ULL << 44));
  ASSERT_TRUE(moved.ok());
  EXPECT_EQ(machine_->RmapWalk(frame).mappings.at(0).address, VirtualAddress(1ULL << 44));
}

TEST_F(ReverseMapTest, WhatIsNoPageOfProcessesSaysWhatItIs) {
  const VirtualAddress address = Map(1);
  Touch(pid_, address, AccessKind::kRead);
  EXPECT_EQ(Who(pid_, address).use, FrameUse::kZeroPage);
  EXPECT_EQ(Who(pid_, address).mapping_count, 0U) << "nobody keeps track of it";
  const PageFrameNumber taken = *machine_->AllocPages(kGfpKernel, 1);
  EXPECT_EQ(machine_->RmapWalk(taken).use, FrameUse::kCaller);
  EXPECT_EQ(machine_->RmapWalk(taken + PageCount(1)).use, FrameUse::kCaller);
  EXPECT_EQ(machine_->RmapWalk(machine_->DescribeMm(pid_)->pgd).use, FrameUse::kPageTable);
  EXPECT_EQ(machine_->RmapWalk(PageFrameNumber(0)).use, FrameUse::kNone);
  EXPECT_EQ(machine_->RmapWalk(PageFrameNumber(UINT64_MAX)).use, FrameUse::kNone);
  ASSERT_EQ(machine_->FreePages(taken, 1), std::nullopt);
  EXPECT_EQ(machine_->RmapWalk(taken).use, FrameUse::kFree);
}

TEST_F(ReverseMapTest, AnAddressMustHaveAPage) {
  const VirtualAddress address = Map(1);
  EXPECT_EQ(machine_->RmapWalk(pid_, address).error(), Errno::kFault);
  EXPECT_EQ(machine_->RmapWalk(pid_, VirtualAddress(UINT64_MAX)).error(), Errno::kFault);
  EXPECT_EQ(machine_->RmapWalk(Pid(99), address).error(), Errno::kSrch);
}

TEST_F(ReverseMapTest, TheWalkTakesTimeByWhatItVisits) {
  const VirtualAddress address = Map(1);
  Touch(pid_, address);
  Fork(pid_);
  const Nanoseconds before = machine_->now();
  EXPECT_EQ(Who(pid_, address).visited_vmas, 2U);
  EXPECT_EQ(machine_->now() - before, kDefaultCosts.rmap_vma * 2);
}

}  // namespace
}  // namespace memsim
