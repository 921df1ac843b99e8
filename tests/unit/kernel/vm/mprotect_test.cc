// mprotect(2): its order of checks, partial effects, promises, and what becomes of the pages.

#include "server/kernel/vm/mprotect.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/layout.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class MprotectTest : public ProgramTest {
 protected:
  std::string Call(VirtualAddress address, ByteCount length, std::uint64_t prot) {
    const VmCaller caller{mm().limits(), faults_, mm().pkru()};
    const Errno error = Mprotect(mm().space(), caller, address, length, prot);
    world_.Check();
    return Text(error);
  }

 private:
  FaultTally faults_;
};

TEST_F(MprotectTest, TheChecksComeInLinuxsOrder) {
  mm().Map(0, 1);
  const VirtualAddress unaligned(kArena.value() + 1);
  EXPECT_EQ(Call(At(0), Pages(1), kProtGrowsDown | kProtGrowsUp), "EINVAL");
  EXPECT_EQ(Call(unaligned, ByteCount(0), kProtRead), "EINVAL");
  EXPECT_EQ(Call(At(5), ByteCount(0), 0x10), "OK");
  EXPECT_EQ(Call(At(0), ByteCount(UINT64_MAX - kArena.value()), 0x10), "ENOMEM");
  EXPECT_EQ(Call(At(5), Pages(1), 0x10), "EINVAL");
  EXPECT_EQ(Call(At(5), Pages(1), kProtRead), "ENOMEM");
  EXPECT_EQ(Call(At(0), Pages(1), kProtRead | kProtSem), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 r--p");
}

TEST_F(MprotectTest, AHoleAtTheStartChangesNothingAndOneLaterEverythingBeforeIt) {
  mm().Map(2, 4);
  mm().Map(6, 8);
  // 01234567
  // ..AA..BB
  EXPECT_EQ(mm().TryProtect(1, 4, "r"), "ENOMEM");
  EXPECT_EQ(mm().Maps(), "2..4 rw-p, 6..8 rw-p");
  EXPECT_EQ(mm().TryProtect(3, 8, "r"), "ENOMEM");
  EXPECT_EQ(mm().Maps(), "2..3 rw-p, 3..4 r--p, 6..8 rw-p");
}

TEST_F(MprotectTest, WhatAFilesOwnerMayNotWriteStaysUnwritableAndWhatWasBeforeStaysChanged) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4, kOpenReadOnly);
  mm().Map(0, 2, "r");
  mm().MapFile(2, 4, "r", file, 0, kMapShared);
  EXPECT_EQ(mm().TryProtect(0, 4, "rw"), "EACCES");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..4 r--s /f+0");
  EXPECT_EQ(mm().TryProtect(2, 4, "rx"), "OK");
  world_.files.Put(file);
}

TEST_F(MprotectTest, GrowsDownReachesToTheStartOfAStackAndIsForStacksAlone) {
  mm().Map(0, 4, "rw", kMapGrowsDown);
  mm().Map(10, 12);
  EXPECT_EQ(Call(At(2), Pages(1), kProtRead | kProtGrowsDown), "OK");
  EXPECT_EQ(mm().Maps(), "0..3 r--p, 3..4 rw-p, 10..12 rw-p");
  EXPECT_EQ(Call(At(10), Pages(1), kProtRead | kProtGrowsDown), "EINVAL");
  EXPECT_EQ(Call(At(10), Pages(1), kProtRead | kProtGrowsUp), "EINVAL");
  EXPECT_EQ(Call(At(20), Pages(1), kProtRead | kProtGrowsDown), "ENOMEM");
  EXPECT_EQ(Call(At(8), Pages(1), kProtRead | kProtGrowsDown), "ENOMEM");
}

TEST_F(MprotectTest, AtMaxMapCountTheFirstCutMayStay) {
  world_.sysctls.max_map_count = 2;
  mm().Map(0, 6);
  EXPECT_EQ(mm().TryProtect(2, 4, "r"), "ENOMEM");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..6 rw-p");
  EXPECT_EQ(mm().TryProtect(3, 4, "r"), "ENOMEM");
  EXPECT_EQ(mm().TryProtect(2, 6, "r"), "OK");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..6 r--p");
}

TEST_F(MprotectTest, OneBelowMaxMapCountTheMiddleCanBeCutOut) {
  world_.sysctls.max_map_count = 3;
  mm().Map(0, 6);
  EXPECT_EQ(mm().TryProtect(2, 4, "r"), "OK");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..4 r--p, 4..6 rw-p");
}

// --- Promises

TEST_F(MprotectTest, BecomingWritablePromisesAndGivingItUpUntouchedTakesThatBack) {
  mm().Map(0, 4, "r");
  EXPECT_EQ(world_.committed(), 0);
  mm().Protect(0, 3, "rw");
  EXPECT_EQ(world_.committed(), 3);
  mm().Protect(1, 3, "r");
  EXPECT_EQ(world_.committed(), 1);
  mm().Write(0, 1);
  mm().Protect(0, 1, "r");
  EXPECT_EQ(world_.committed(), 1);
  // It is promised already.
  mm().Protect(0, 1, "rw");
  EXPECT_EQ(world_.committed(), 1);
}

TEST_F(MprotectTest, SharedAndUnreservedMemoryIsNotPromisedAgain) {
  mm().MapShared(0, 2, "r");
  mm().Map(4, 6, "r", kMapNoReserve);
  EXPECT_EQ(world_.committed(), 2);
  mm().Protect(0, 2, "rw");
  mm().Protect(4, 6, "rw");
  EXPECT_EQ(world_.committed(), 2);
}

TEST_F(MprotectTest, APromiseThatCannotBeKeptLeavesTheMappingAsItWas) {
  world_.sysctls.overcommit_memory = OvercommitPolicy::kNever;
  world_.sysctls.overcommit_kbytes = 40;
  mm().Map(0, 10, "r");
  EXPECT_EQ(mm().TryProtect(0, 10, "rw"), "ENOMEM");
  EXPECT_EQ(mm().Maps(), "0..10 r--p");
  EXPECT_EQ(mm().TryProtect(0, 9, "rw"), "OK");
  EXPECT_EQ(mm().Maps(), "0..9 rw-p, 9..10 r--p");
}

TEST_F(MprotectTest, TheDataLimitHoldsWhenMemoryTurnsIntoData) {
  mm().limits()[Resource::kData].current = Pages(4).value();
  mm().Map(0, 8, "r");
  EXPECT_EQ(mm().TryProtect(0, 5, "rw"), "ENOMEM");
  EXPECT_EQ(mm().TryProtect(0, 4, "rw"), "OK");
  EXPECT_EQ(mm().TryProtect(4, 5, "rw"), "ENOMEM");
  EXPECT_EQ(mm().Books(), "total 8, data 4, stack 0, exec 0, rss 0+0+0");
}

// --- Pages

TEST_F(MprotectTest, PagesOfOnesOwnAreWritableAgainAtOnce) {
  mm().Map(0, 3);
  mm().Write(0, 2);
  mm().Read(2, 3);
  mm().Protect(0, 3, "r");
  EXPECT_EQ(mm().Entries(0, 3), "rrz");
  EXPECT_EQ(mm().Write(0, 1), "0 minor, SIGSEGV 2 at A+0");
  mm().Protect(0, 3, "rw");
  EXPECT_EQ(mm().Entries(0, 3), "wwz");
  EXPECT_EQ(mm().Write(0, 3), "1 minor");
}

TEST_F(MprotectTest, ClosedPagesStayResidentAndOpenWithoutFaults) {
  mm().Map(0, 2);
  mm().Write(0, 2);
  mm().Protect(0, 2, "");
  EXPECT_EQ(mm().Entries(0, 2), "nn");
  EXPECT_EQ(mm().Books(), "total 2, data 0, stack 0, exec 0, rss 2+0+0");
  EXPECT_EQ(mm().Read(0, 1), "0 minor, SIGSEGV 2 at A+0");
  mm().Protect(0, 2, "rw");
  EXPECT_EQ(mm().Write(0, 2), "0 minor");
}

TEST_F(MprotectTest, PagesThatForkSharedWaitForTheFaultThatCopies) {
  mm().Map(0, 1);
  mm().Write(0, 1);
  const auto child = mm().Fork();
  mm().Protect(0, 1, "r");
  mm().Protect(0, 1, "rw");
  EXPECT_EQ(mm().Entries(0, 1), "r");
  EXPECT_EQ(mm().Write(0, 1), "1 minor");
}

TEST_F(MprotectTest, CleanPagesOfASharedFileWaitForTheFaultThatMakesThemDirty) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4);
  mm().MapFile(0, 2, "rw", file, 0, kMapShared);
  EXPECT_EQ(mm().Write(0, 1), "1 minor");
  EXPECT_EQ(mm().Read(1, 2), "1 minor");
  mm().Protect(0, 2, "r");
  mm().Protect(0, 2, "rw");
  EXPECT_EQ(mm().Entries(0, 2), "wr");
  EXPECT_EQ(mm().Write(0, 2), "1 minor");
  world_.files.Put(file);
}

TEST_F(MprotectTest, SharedMemoryHasNothingToWriteBackAndIsWritableAtOnce) {
  mm().MapShared(0, 2);
  EXPECT_EQ(mm().Read(0, 2), "2 minor");
  mm().Protect(0, 2, "r");
  EXPECT_EQ(mm().Entries(0, 2), "rr");
  mm().Protect(0, 2, "rw");
  EXPECT_EQ(mm().Write(0, 2), "0 minor");
}

}  // namespace
}  // namespace memsim
