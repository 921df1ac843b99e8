// mmap(2): the order of its checks, what a failed MAP_FIXED leaves behind, and what it counts.

#include "server/kernel/vm/mmap.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/layout.h"
#include "server/kernel/vm/populate.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

constexpr std::uint64_t kAnonymous = kMapPrivate | kMapAnonymous;

class MmapTest : public ProgramTest {
 protected:
  std::string Call(ByteCount length, std::uint64_t flags, VirtualAddress address = VirtualAddress(0),
                   OpenFileId file = OpenFileId(), PageOffset pgoff = PageOffset(0), const std::string& prot = "rw") {
    return mm().TryMmap({address, length, Prot(prot), flags, file, pgoff});
  }
};

TEST_F(MmapTest, NoLengthIsInvalidAndALengthThatWrapsIsTooMuchMemory) {
  EXPECT_EQ(Call(ByteCount(0), kAnonymous), "EINVAL");
  EXPECT_EQ(Call(ByteCount(UINT64_MAX), kAnonymous), "ENOMEM");
  EXPECT_EQ(Call(ByteCount(kTaskSize.value() + 4096), kAnonymous), "ENOMEM");
  EXPECT_EQ(Call(ByteCount(1), kAnonymous), "0x7ffff7ffe000");
}

TEST_F(MmapTest, MapFixedChecksTheEndBeforeTheAlignment) {
  EXPECT_EQ(Call(Pages(2), kAnonymous | kMapFixed, kTaskSize - Pages(1)), "ENOMEM");
  EXPECT_EQ(Call(Pages(2), kAnonymous | kMapFixed, VirtualAddress(kTaskSize.value() - 1)), "ENOMEM");
  EXPECT_EQ(Call(Pages(1), kAnonymous | kMapFixed, VirtualAddress(kArena.value() + 1)), "EINVAL");
  EXPECT_EQ(Call(Pages(1), kAnonymous | kMapFixed, kTaskSize - Pages(1)), "0x7fffffffe000");
}

TEST_F(MmapTest, NoReplaceTellsWhenSomethingIsThereEvenBesideMapFixed) {
  mm().Map(2, 4);
  // 012345
  // ..AA..
  EXPECT_EQ(Call(Pages(2), kAnonymous | kMapFixedNoReplace, At(1)), "EEXIST");
  EXPECT_EQ(Call(Pages(1), kAnonymous | kMapFixedNoReplace | kMapFixed, At(3)), "EEXIST");
  EXPECT_EQ(Call(Pages(2), kAnonymous | kMapFixedNoReplace, At(0)), "A+0");
  EXPECT_EQ(Call(Pages(1), kAnonymous | kMapFixedNoReplace, VirtualAddress(kArena.value() + 1)), "EINVAL");
}

TEST_F(MmapTest, TheTypeOfAnAnonymousMappingIsPrivateSharedOrDroppable) {
  EXPECT_EQ(Call(Pages(1), kMapAnonymous), "EINVAL");
  EXPECT_EQ(Call(Pages(1), kMapAnonymous | kMapSharedValidate), "EINVAL");
  EXPECT_EQ(Call(Pages(1), kMapAnonymous | 0x4), "EINVAL");
  EXPECT_EQ(Call(Pages(1), kMapAnonymous | kMapDroppable | kMapLocked), "EINVAL");
  EXPECT_EQ(Call(Pages(1), kMapAnonymous | kMapDroppable | kMapGrowsDown), "EINVAL");
  EXPECT_EQ(Call(Pages(1), kMapAnonymous | kMapDroppable), "0x7ffff7ffe000");
  EXPECT_EQ(world_.committed(), 0);
}

TEST_F(MmapTest, TheOffsetOfAnonymousMemoryMeansNothing) {
  const std::uint64_t highest = (1ULL << 52) - 1;
  EXPECT_EQ(Call(Pages(1), kAnonymous | kMapFixed, At(0), OpenFileId(), PageOffset(highest)), "A+0");
  EXPECT_EQ(Call(Pages(1), kAnonymous | kMapFixed, At(1), OpenFileId(), PageOffset(7)), "A+1");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p");
}

TEST_F(MmapTest, AFileEndsBeforeTwoToTheSixtyThird) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 1);
  const std::uint64_t limit = 0x7ffffffffffff;
  EXPECT_EQ(mm().TryMapFile(0, 1, "r", file, limit), "EOVERFLOW");
  EXPECT_EQ(mm().TryMapFile(0, 2, "r", file, limit - 1), "EOVERFLOW");
  EXPECT_EQ(mm().TryMapFile(0, 1, "r", file, limit - 1), "OK");
  world_.files.Put(file);
}

TEST_F(MmapTest, AFileIsMappedOnlyAsItWasOpened) {
  FilesStay();
  const OpenFileId read_only = world_.OpenNew("/f", 4, kOpenReadOnly);
  const OpenFileId write_only = world_.OpenNew("/f", 4, kOpenWriteOnly);
  EXPECT_EQ(mm().TryMapFile(0, 1, "rw", read_only, 0, kMapShared), "EACCES");
  EXPECT_EQ(mm().TryMapFile(0, 1, "", write_only), "EACCES");
  EXPECT_EQ(mm().TryMapFile(0, 1, "w", write_only, 0, kMapShared), "EACCES");
  EXPECT_EQ(mm().TryMapFile(0, 1, "rw", read_only), "OK");
  // Shared in name alone: it can never be written.
  EXPECT_EQ(mm().TryMapFile(1, 2, "r", read_only, 0, kMapShared), "OK");
  EXPECT_EQ(mm().TryProtect(1, 2, "rw"), "EACCES");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p /f+0, 1..2 r--s /f+0");
  world_.files.Put(read_only);
  world_.files.Put(write_only);
}

TEST_F(MmapTest, WhatCannotBeMappedIsNoDevice) {
  FilesStay();
  const OpenFileId directory = world_.OpenNew("/d", 0, kOpenReadOnly, FileKind::kDirectory);
  const OpenFileId pipe = world_.OpenNew("/p", 0, kOpenReadOnly, FileKind::kPipe);
  EXPECT_EQ(mm().TryMapFile(0, 1, "r", directory), "ENODEV");
  EXPECT_EQ(mm().TryMapFile(0, 1, "r", pipe), "ENODEV");
  // The access is looked at first, then the device, then the stack flag.
  EXPECT_EQ(mm().TryMapFile(0, 1, "rw", directory, 0, kMapShared), "EACCES");
  EXPECT_EQ(mm().TryMapFile(0, 1, "r", pipe, 0, kMapPrivate | kMapGrowsDown), "ENODEV");
  world_.files.Put(directory);
  world_.files.Put(pipe);
}

TEST_F(MmapTest, OnlyPrivateAnonymousMemoryGrowsDown) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 1);
  EXPECT_EQ(mm().TryMapFile(0, 1, "r", file, 0, kMapPrivate | kMapGrowsDown), "EINVAL");
  EXPECT_EQ(mm().TryMap(0, 1, "rw", kMapShared | kMapGrowsDown), "EINVAL");
  EXPECT_EQ(mm().TryMap(0, 1, "rw", kMapGrowsDown), "OK");
  world_.files.Put(file);
}

TEST_F(MmapTest, SharedValidateRefusesFlagsThatSharedIgnores) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 1);
  const std::uint64_t unknown = 0x400000;
  EXPECT_EQ(mm().TryMapFile(0, 1, "r", file, 0, kMapSharedValidate | unknown), "EOPNOTSUPP");
  EXPECT_EQ(mm().TryMapFile(0, 1, "r", file, 0, kMapShared | unknown), "OK");
  EXPECT_EQ(mm().TryMapFile(1, 2, "r", file, 0, kMapSharedValidate | kMapPopulate), "OK");
  world_.files.Put(file);
}

TEST_F(MmapTest, HugePagesThatNobodyReservedAreOutOfMemory) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 1);
  EXPECT_EQ(Call(Pages(512), kAnonymous | kMapHugeTlb), "ENOMEM");
  EXPECT_EQ(Call(Pages(512), kAnonymous | kMapHugeTlb | 30ULL << 26), "ENOMEM");
  EXPECT_EQ(Call(Pages(512), kAnonymous | kMapHugeTlb | 20ULL << 26), "EINVAL");
  EXPECT_EQ(mm().TryMapFile(0, 1, "r", file, 0, kMapPrivate | kMapHugeTlb), "EINVAL");
  world_.files.Put(file);
}

TEST_F(MmapTest, ProtectionBitsThatMmapDoesNotKnowAreIgnored) {
  EXPECT_EQ(mm().TryMmap({At(0), Pages(1), 0xff0, kAnonymous | kMapFixed, OpenFileId(), {}}), "A+0");
  EXPECT_EQ(mm().Maps(), "0..1 ---p");
}

// --- max_map_count

TEST_F(MmapTest, OneMappingMoreThanMaxMapCountMayExist) {
  world_.sysctls.max_map_count = 4;
  for (std::uint64_t i = 0; i < 5; ++i) EXPECT_EQ(mm().TryMap(2 * i, 2 * i + 1), "OK") << i;
  EXPECT_EQ(mm().TryMap(20, 21), "ENOMEM");
  // Even what would merge, or replace.
  EXPECT_EQ(mm().TryMap(1, 2), "ENOMEM");
  EXPECT_EQ(mm().TryMap(0, 1), "ENOMEM");
  mm().Unmap(8, 9);
  EXPECT_EQ(mm().TryMap(20, 21), "OK");
}

TEST_F(MmapTest, AtMaxMapCountNothingIsPunchedOutOfTheMiddle) {
  world_.sysctls.max_map_count = 2;
  mm().Map(0, 4);
  mm().Map(8, 9);
  EXPECT_EQ(mm().TryMap(1, 2, "r"), "ENOMEM");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p, 8..9 rw-p");
  // At the edge one cut is enough.
  EXPECT_EQ(mm().TryMap(3, 4, "r"), "OK");
  EXPECT_EQ(mm().Maps(), "0..3 rw-p, 3..4 r--p, 8..9 rw-p");
}

// --- MAP_FIXED over what is there

TEST_F(MmapTest, MapFixedReplacesPiecesWholesAndHoles) {
  // 0123456789        0123456789
  // AA..BBBBCC   ->   AXXXXXBBCC
  mm().Map(0, 2);
  mm().Map(4, 8, "r");
  mm().Map(8, 10);
  EXPECT_EQ(mm().Write(0, 2), "2 minor");
  mm().Map(1, 6, "rx");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..6 r-xp, 6..8 r--p, 8..10 rw-p");
  EXPECT_EQ(mm().Entries(0, 3), "w..");
  EXPECT_EQ(mm().Books(), "total 10, data 3, stack 0, exec 5, rss 1+0+0");
  EXPECT_EQ(world_.committed(), 3);
}

TEST_F(MmapTest, WhatWasPromisedToTheOldMappingGoesOverToTheNewOne) {
  world_.sysctls.overcommit_memory = OvercommitPolicy::kNever;
  world_.sysctls.overcommit_kbytes = 4 * 10;
  mm().Map(0, 8);
  // There is room for one promise more, and none is needed for what is replaced.
  mm().Map(2, 6, "rwx");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..6 rwxp, 6..8 rw-p");
  EXPECT_EQ(world_.committed(), 8);
  EXPECT_EQ(mm().TryMap(6, 10), "ENOMEM");
  mm().Map(6, 9);
  mm().Map(0, 9, "r");
  EXPECT_EQ(world_.committed(), 0);
}

TEST_F(MmapTest, PastALimitTheOldMappingStaysButIsCut) {
  mm().Map(0, 4);
  EXPECT_EQ(mm().Write(0, 4), "4 minor");
  mm().limits()[Resource::kAs].current = Pages(5).value();
  // 012345
  // AAAA     asked for [2,6): 6 pages in all
  EXPECT_EQ(mm().TryMap(2, 6), "ENOMEM");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..4 rw-p");
  EXPECT_EQ(mm().Entries(0, 4), "wwww");
  // What is replaced makes room.
  EXPECT_EQ(mm().TryMap(2, 5, "r"), "OK");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..5 r--p");
}

TEST_F(MmapTest, PastThePromiseLimitTheOldMappingStaysButIsCut) {
  mm().Map(0, 4);
  EXPECT_EQ(mm().Write(0, 4), "4 minor");
  EXPECT_EQ(mm().TryMap(1, 1ULL << 28), "ENOMEM");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..4 rw-p");
  EXPECT_EQ(mm().Entries(0, 4), "wwww");
  EXPECT_EQ(world_.committed(), 4);
}

TEST_F(MmapTest, AFileSystemThatRefusesDoesSoWhenTheOldMappingIsGone) {
  FilesStay();
  const OpenFileId disk = world_.OpenNew("/f", 4);
  const OpenFileId memory = world_.OpenNew("/dev/shm/f", 4, kOpenReadWrite, FileKind::kTmpfs);
  mm().Map(0, 4);
  // ext4 knows MAP_SYNC, but not without persistent memory.
  EXPECT_EQ(mm().TryMapFile(1, 2, "rw", disk, 0, kMapShared | kMapSync), "EOPNOTSUPP");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 2..4 rw-p");
  EXPECT_EQ(mm().TryMapFile(2, 3, "rw", disk, 0, kMapSharedValidate | kMapSync), "EOPNOTSUPP");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 3..4 rw-p");
  // tmpfs does not know it: with MAP_SHARED it is ignored, and SHARED_VALIDATE refuses it before anything is touched.
  EXPECT_EQ(mm().TryMapFile(3, 4, "rw", memory, 0, kMapSharedValidate | kMapSync), "EOPNOTSUPP");
  EXPECT_EQ(mm().TryMapFile(0, 1, "rw", memory, 0, kMapShared | kMapSync), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 rw-s /dev/shm/f+0, 3..4 rw-p");
  world_.files.Put(disk);
  world_.files.Put(memory);
}

// --- What is counted

TEST_F(MmapTest, EachKindOfMappingIsCountedAsWhatItIs) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4);
  mm().Map(0, 1, "rx");
  mm().Map(2, 4, "rw");
  mm().Map(5, 8, "rwx");
  mm().Map(10, 14, "rw", kMapGrowsDown);
  mm().MapShared(20, 25);
  mm().MapFile(30, 36, "rx", file);
  mm().MapFile(40, 47, "rw", file);
  mm().Map(50, 58, "r");
  EXPECT_EQ(mm().Books(), "total 36, data 12, stack 4, exec 7, rss 0+0+0");
  // Promised: what is private and writable, and shared memory as a whole.
  EXPECT_EQ(world_.committed(), 2 + 3 + 4 + 5 + 7);
  world_.files.Put(file);
}

TEST_F(MmapTest, NoReserveIsNotPromisedUnlessThePolicyIsNever) {
  mm().Map(0, 4, "rw", kMapNoReserve);
  EXPECT_EQ(world_.committed(), 0);
  mm().Map(4, 6, "rw", kMapShared | kMapNoReserve);
  EXPECT_EQ(world_.committed(), 0);
  EXPECT_EQ(mm().Write(4, 5), "1 minor");
  EXPECT_EQ(world_.committed(), 1);
  world_.sysctls.overcommit_memory = OvercommitPolicy::kNever;
  mm().Map(8, 11, "rw", kMapNoReserve);
  EXPECT_EQ(world_.committed(), 4);
}

TEST_F(MmapTest, TheAddressSpaceLimitIsReachedButNotPassed) {
  mm().limits()[Resource::kAs].current = Pages(8).value();
  EXPECT_EQ(mm().TryMap(0, 7, "r"), "OK");
  EXPECT_EQ(mm().TryMap(10, 12, "r"), "ENOMEM");
  EXPECT_EQ(mm().TryMap(10, 11, "r"), "OK");
}

TEST_F(MmapTest, TheDataLimitCountsPrivateWritableMemoryAlone) {
  mm().limits()[Resource::kData].current = Pages(4).value();
  EXPECT_EQ(mm().TryMap(0, 3), "OK");
  EXPECT_EQ(mm().TryMap(10, 12), "ENOMEM");
  EXPECT_EQ(mm().TryMap(10, 12, "r"), "OK");
  EXPECT_EQ(mm().TryMap(20, 30, "rw", kMapShared), "OK");
  EXPECT_EQ(mm().TryMap(40, 50, "rw", kMapGrowsDown), "OK");
  EXPECT_EQ(mm().TryMap(3, 4), "OK");
  EXPECT_EQ(mm().TryMap(60, 61), "ENOMEM");
}

TEST_F(MmapTest, PopulateTouchesEveryPageUnlessNonblock) {
  mm().Map(0, 4, "rw", kMapPopulate);
  EXPECT_EQ(mm().faults().minor_faults, 4U);
  EXPECT_EQ(mm().Entries(0, 4), "wwww");
  mm().Map(10, 12, "r", kMapPopulate);
  EXPECT_EQ(mm().Entries(10, 12), "zz");
  mm().Map(20, 22, "rw", kMapPopulate | kMapNonblock);
  mm().Map(30, 32, "", kMapPopulate);
  EXPECT_EQ(mm().faults().minor_faults, 6U);
  mm().Map(40, 42, "rw", kMapLocked);
  EXPECT_EQ(mm().faults().minor_faults, 8U);
  EXPECT_EQ(mm().space().statistics().locked_vm, PageCount(2));
}

TEST_F(MmapTest, TheZeroDeviceIsAnonymousMemoryThatKeepsItsName) {
  FilesStay();
  const OpenFileId zero = world_.OpenNew("/dev/zero", 0, kOpenReadWrite, FileKind::kZeroDevice);
  mm().MapFile(0, 2, "rw", zero, 5);
  EXPECT_EQ(mm().Maps(), "0..2 rw-p /dev/zero+5");
  EXPECT_EQ(mm().Read(0, 1), "1 minor");
  EXPECT_EQ(mm().Write(1, 2), "1 minor");
  EXPECT_EQ(mm().Entries(0, 2), "zw");
  // Mapped shared, it is a new piece of shared memory.
  mm().MapFile(4, 6, "rw", zero, 0, kMapShared);
  EXPECT_EQ(mm().Write(4, 6), "2 minor");
  EXPECT_EQ(mm().Books(), "total 4, data 2, stack 0, exec 0, rss 1+0+2");
  world_.files.Put(zero);
}

TEST_F(MmapTest, OneCallPopulatesNoMoreThanItsLimit) {
  const std::uint64_t limit = kMaxPopulatedPages.value();
  std::uint64_t faults = 0;
  for (const std::uint64_t pages : {limit - 1, limit, limit + 1}) {
    for (const std::uint64_t flags : {kMapPopulate, kMapLocked}) {
      mm().Map(0, pages, "r", flags);
      EXPECT_EQ(mm().faults().minor_faults - faults, std::min(pages, limit)) << pages;
      EXPECT_EQ(mm().Entries(limit - 1, limit + 1), pages < limit ? ".." : "z.");
      faults = mm().faults().minor_faults;
      mm().Unmap(0, pages);
    }
  }
}

}  // namespace
}  // namespace memsim
