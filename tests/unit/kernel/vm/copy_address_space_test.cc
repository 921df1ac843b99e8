// fork's copy of an address space, and the stores after it.

#include "server/kernel/vm/copy_address_space.h"

#include "gtest/gtest.h"

#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class CopyAddressSpaceTest : public ProgramTest {
 protected:
  std::int64_t Count(Counter counter) { return world_.counters.Get(counter); }
};

TEST_F(CopyAddressSpaceTest, BothSidesBecomeReadOnlyAndTheLastOwnerKeepsThePage) {
  mm().Map(0, 4);
  mm().Write(0, 4);
  const auto child = mm().Fork();
  EXPECT_EQ(mm().Entries(0, 4), "rrrr");
  EXPECT_EQ(child->Entries(0, 4), "rrrr");
  EXPECT_EQ(child->Read(0, 4), "0 minor");
  EXPECT_EQ(child->Write(0, 2), "2 minor");
  EXPECT_EQ(Count(Counter::kPgCopyOnWrite), 2);
  // The parent is alone with what the child copied, and shares the rest.
  EXPECT_EQ(mm().Write(0, 4), "4 minor");
  EXPECT_EQ(Count(Counter::kPgCopyOnWrite), 4);
  EXPECT_EQ(Count(Counter::kPgReuse), 2);
  EXPECT_EQ(child->Write(0, 4), "2 minor");
  EXPECT_EQ(Count(Counter::kPgReuse), 4);
  EXPECT_EQ(Count(Counter::kNrAnonPages), 8);
}

TEST_F(CopyAddressSpaceTest, AfterTheChildIsGoneTheParentFaultsButCopiesNothing) {
  mm().Map(0, 2);
  mm().Write(0, 2);
  mm().Fork().reset();
  EXPECT_EQ(mm().Entries(0, 2), "rr");
  EXPECT_EQ(mm().Write(0, 2), "2 minor");
  EXPECT_EQ(Count(Counter::kPgCopyOnWrite), 0);
}

TEST_F(CopyAddressSpaceTest, ThreeGenerationsShareUntilTheyWrite) {
  mm().Map(0, 1);
  mm().Write(0, 1);
  const auto child = mm().Fork();
  const auto grandchild = child->Fork();
  EXPECT_EQ(Count(Counter::kNrAnonPages), 1);
  EXPECT_EQ(child->Write(0, 1), "1 minor");
  EXPECT_EQ(grandchild->Write(0, 1), "1 minor");
  EXPECT_EQ(mm().Write(0, 1), "1 minor");
  EXPECT_EQ(Count(Counter::kNrAnonPages), 3);
  EXPECT_EQ(Count(Counter::kPgCopyOnWrite), 2);
}

TEST_F(CopyAddressSpaceTest, DontForkIsLeftOutAndWipeOnForkComesEmpty) {
  mm().Map(0, 6);
  mm().Write(0, 6);
  mm().Advise(1, 2, kMadvDontFork);
  mm().Advise(3, 4, kMadvWipeOnFork);
  const auto child = mm().Fork();
  EXPECT_EQ(child->Maps(), "0..1 rw-p, 2..3 rw-p, 3..4 rw-p, 4..6 rw-p");
  EXPECT_EQ(child->Entries(0, 6), "r.r.rr");
  EXPECT_EQ(child->Books(), "total 5, data 5, stack 0, exec 0, rss 4+0+0");
  EXPECT_EQ(child->VmaAt(3).anon.own, AnonVmaId());
  // What the child does not have stays the parent's alone.
  EXPECT_EQ(mm().Entries(0, 6), "rwrwrr");
  EXPECT_EQ(child->Read(3, 4), "1 minor");
  EXPECT_EQ(child->Entries(3, 4), "z");
}

TEST_F(CopyAddressSpaceTest, WhatAFaultFindsAgainInAFileIsNotCopied) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 32);
  mm().MapFile(0, 32, "r", file);
  mm().MapShared(100, 132);
  mm().Read(0, 32);
  mm().Write(100, 132);
  const auto child = mm().Fork();
  EXPECT_EQ(child->Books(), "total 64, data 0, stack 0, exec 0, rss 0+0+0");
  EXPECT_EQ(child->table_pages(), PageCount(1));
  EXPECT_EQ(child->Read(0, 32), "2 minor");
  // Its pages are in memory, so they are mapped around the first load.
  EXPECT_EQ(child->Read(100, 132), "3 minor");
  world_.files.Put(file);
}

TEST_F(CopyAddressSpaceTest, APrivateFileWithACopyIsCopiedWithItsCleanPages) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 16);
  mm().MapFile(0, 16, "rw", file);
  mm().Read(0, 16);
  mm().Write(3, 4);
  const auto child = mm().Fork();
  EXPECT_EQ(child->Books(), "total 16, data 16, stack 0, exec 0, rss 1+15+0");
  EXPECT_EQ(child->Read(0, 16), "0 minor");
  world_.files.Put(file);
}

TEST_F(CopyAddressSpaceTest, TheZeroPageIsCopiedWhereThereAreOthers) {
  mm().Map(0, 2);
  mm().Map(10, 12);
  mm().Read(0, 2);
  mm().Read(10, 11);
  mm().Write(11, 12);
  const auto child = mm().Fork();
  // Without an anon_vma nothing is copied.
  EXPECT_EQ(child->Entries(0, 2), "..");
  EXPECT_EQ(child->Entries(10, 12), "zr");
  EXPECT_EQ(child->Books(), "total 4, data 4, stack 0, exec 0, rss 1+0+0");
}

TEST_F(CopyAddressSpaceTest, LocksAreNotInheritedNorIsWhatNewMappingsGet) {
  mm().Map(0, 2, "rw", kMapLocked);
  mm().space().def_flags = kVmLocked | kVmNoHugePage;
  const auto child = mm().Fork();
  EXPECT_EQ(child->space().statistics().locked_vm, PageCount(0));
  EXPECT_EQ(child->VmaAt(0).flags & kVmLockedMask, 0U);
  EXPECT_EQ(child->space().def_flags, kVmNoHugePage);
  EXPECT_EQ(mm().space().statistics().locked_vm, PageCount(2));
}

TEST_F(CopyAddressSpaceTest, TheChildIsPromisedWhatTheParentIs) {
  mm().Map(0, 4);
  mm().Map(10, 12, "r");
  mm().MapShared(20, 23);
  const auto child = mm().Fork();
  EXPECT_EQ(world_.committed(), 4 + 4 + 3);
}

TEST_F(CopyAddressSpaceTest, WithoutThePromiseTheForkFailsAndNothingIsLeftOfIt) {
  world_.sysctls.overcommit_memory = OvercommitPolicy::kNever;
  world_.sysctls.overcommit_kbytes = 4 * 16;
  mm().Map(0, 4);
  mm().Map(10, 15, "rw", kMapGrowsDown);
  mm().Write(0, 4);
  // 9 are promised; of 15 in all, the first mapping's 4 fit and the second's 5 do not.
  EXPECT_EQ(mm().Fork(), nullptr);
  EXPECT_EQ(world_.committed(), 9);
  EXPECT_EQ(Count(Counter::kNrAnonPages), 4);
  mm().Unmap(10, 12);
  EXPECT_NE(mm().Fork(), nullptr);
}

TEST_F(CopyAddressSpaceTest, WhatIsKeptFromAForkGoesByTheParentsSize) {
  World world(ByteCount(64ULL << 20), PageCount(100));
  Program parent(world);
  parent.Map(0, 4);
  parent.Map(100, 164, "r");
  world.sysctls.overcommit_memory = OvercommitPolicy::kNever;
  // 68 pages keep back 2, so 8 promises need a limit of 11.
  world.sysctls.overcommit_kbytes = 4 * 10;
  EXPECT_EQ(parent.Fork(), nullptr);
  world.sysctls.overcommit_kbytes = 4 * 11;
  EXPECT_NE(parent.Fork(), nullptr);
}

TEST_F(CopyAddressSpaceTest, AddressSpacesThatComeAndGoLeaveNoAnonVmaBehind) {
  mm().Map(0, 1);
  mm().Write(0, 1);
  const std::uint64_t before = world_.anon_vmas.HostMemoryBytes();
  std::unique_ptr<Program> last;
  for (int i = 0; i < 200; ++i) {
    // Each is the child of the one before, which then exits.
    auto next = last == nullptr ? mm().Fork() : last->Fork();
    EXPECT_EQ(next->Write(0, 1), "1 minor");
    EXPECT_LE(next->VmaAt(0).anon.chain.size(), 3U);
    last = std::move(next);
  }
  EXPECT_LE(world_.anon_vmas.HostMemoryBytes(), before + 4096);
}

}  // namespace
}  // namespace memsim
