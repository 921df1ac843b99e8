// madvise(2), as far as machines know its advice.

#include "server/kernel/vm/madvise.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/populate.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class MadviseTest : public ProgramTest {
 protected:
  std::string Call(VirtualAddress address, ByteCount length, int advice) {
    const VmCaller caller{mm().limits(), faults_, mm().pkru()};
    const Errno error = Madvise(mm().space(), caller, address, length, advice);
    world_.Check();
    return Text(error);
  }

 private:
  FaultTally faults_;
};

TEST_F(MadviseTest, TheChecksComeInLinuxsOrder) {
  EXPECT_EQ(Call(At(0), ByteCount(0), 7), "EINVAL");
  EXPECT_EQ(Call(At(0), ByteCount(0), -1), "EINVAL");
  EXPECT_EQ(Call(VirtualAddress(kArena.value() + 1), ByteCount(0), kMadvNormal), "EINVAL");
  EXPECT_EQ(Call(At(0), ByteCount(UINT64_MAX), kMadvNormal), "EINVAL");
  EXPECT_EQ(Call(At(0), ByteCount(UINT64_MAX - 0xffff), kMadvNormal), "EINVAL");
  EXPECT_EQ(Call(At(0), ByteCount(0), kMadvNormal), "OK");
  EXPECT_EQ(Call(At(0), ByteCount(0), kMadvFree), "OK");
  EXPECT_EQ(Call(At(0), ByteCount(0), 100), "EINVAL");
  EXPECT_EQ(Call(At(0), Pages(1), kMadvNormal), "ENOMEM");
}

TEST_F(MadviseTest, NumbersThatAreNoAdviceAreInvalid) {
  mm().Map(0, 1);
  // MADV_HWPOISON and MADV_SOFT_OFFLINE need CONFIG_MEMORY_FAILURE.
  for (const int advice : {5, 7, 26, 99, 100, 101, 104}) EXPECT_EQ(mm().Advise(0, 1, advice), "EINVAL") << advice;
}

TEST_F(MadviseTest, HolesArePassedOverAndReportedAtTheEnd) {
  mm().Map(0, 2);
  mm().Map(4, 6);
  mm().Write(0, 2);
  mm().Write(4, 6);
  // 01234567
  // AA..BB..
  EXPECT_EQ(mm().Advise(1, 5, kMadvDontNeed), "ENOMEM");
  EXPECT_EQ(mm().Entries(0, 6), "w....w");
  EXPECT_EQ(mm().Advise(5, 7, kMadvDontNeed), "ENOMEM");
  EXPECT_EQ(mm().Entries(0, 6), "w.....");
  EXPECT_EQ(mm().Advise(2, 4, kMadvDontNeed), "ENOMEM");
  EXPECT_EQ(mm().Advise(0, 2, kMadvWillNeed), "OK");
  EXPECT_EQ(mm().Advise(0, 3, kMadvWillNeed), "ENOMEM");
}

TEST_F(MadviseTest, DontNeedForgetsPrivatePagesAndKeepsSharedOnes) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4);
  mm().Map(0, 2);
  mm().MapShared(2, 4);
  mm().MapFile(4, 6, "rw", file);
  mm().Write(0, 6);
  EXPECT_EQ(mm().Books(), "total 6, data 4, stack 0, exec 0, rss 4+0+2");
  EXPECT_EQ(mm().Advise(0, 6, kMadvDontNeed), "OK");
  EXPECT_EQ(mm().Books(), "total 6, data 4, stack 0, exec 0, rss 0+0+0");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..4 rw-s /dev/zero+0, 4..6 rw-p /f+0");
  // The shared pages are still there: one fault maps them around it.
  EXPECT_EQ(mm().Read(2, 4), "1 minor");
  world_.files.Put(file);
}

TEST_F(MadviseTest, DontNeedIsInvalidForLockedMemoryAndStopsThere) {
  mm().Map(0, 1);
  mm().Map(1, 2, "rw", kMapLocked);
  mm().Map(2, 3);
  mm().Write(0, 3);
  EXPECT_EQ(mm().Advise(0, 3, kMadvDontNeed), "EINVAL");
  EXPECT_EQ(mm().Entries(0, 3), ".ww");
}

TEST_F(MadviseTest, DontNeedLockedForgetsLockedPagesToo) {
  mm().Map(0, 1, "rw", kMapLocked);
  EXPECT_EQ(mm().Advise(0, 1, kMadvDontNeedLocked), "OK");
  EXPECT_EQ(mm().Entries(0, 1), ".");
}

TEST_F(MadviseTest, FreeIsForPrivateAnonymousMemoryAndKeepsItUntilItIsNeeded) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 2);
  mm().Map(0, 3);
  mm().MapShared(4, 5);
  mm().MapFile(6, 7, "rw", file);
  mm().Map(8, 9, "rw", kMapLocked);
  mm().Write(0, 7);
  EXPECT_EQ(mm().Advise(4, 5, kMadvFree), "EINVAL");
  EXPECT_EQ(mm().Advise(6, 7, kMadvFree), "EINVAL");
  EXPECT_EQ(mm().Advise(8, 9, kMadvFree), "EINVAL");
  const auto lazy = [this] { return world_.counters.Get(Counter::kPgLazyFree); };
  EXPECT_EQ(mm().Advise(0, 2, kMadvFree), "OK");
  EXPECT_EQ(lazy(), 2);
  EXPECT_EQ(mm().Advise(0, 2, kMadvFree), "OK");
  EXPECT_EQ(lazy(), 2) << "once is enough";
  EXPECT_EQ(mm().Entries(0, 3), "www");
  EXPECT_FALSE(mm().space().page_tables().Get(At(0)).dirty());
  EXPECT_EQ(mm().Write(0, 3), "0 minor");
  EXPECT_TRUE(mm().space().page_tables().Get(At(0)).dirty());
  {
    // What a child has too is left alone.
    const auto child = mm().Fork();
    EXPECT_EQ(mm().Advise(2, 3, kMadvFree), "OK");
    EXPECT_EQ(lazy(), 2);
  }
  mm().Unmap(0, 9);
  world_.files.Put(file);
}

TEST_F(MadviseTest, RemoveMakesAHoleInTheFile) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4);
  mm().MapFile(0, 4, "rw", file, 0, kMapShared);
  mm().MapFile(8, 12, "rw", file);
  mm().MapFile(16, 17, "r", world_.OpenNew("/g", 1, kOpenReadOnly), 0, kMapShared);
  mm().Map(20, 21);
  mm().Map(22, 23, "rw", kMapLocked);
  mm().Write(0, 4);
  mm().Write(8, 9);
  mm().Read(9, 12);
  EXPECT_EQ(mm().Advise(20, 21, kMadvRemove), "EINVAL");
  EXPECT_EQ(mm().Advise(22, 23, kMadvRemove), "EINVAL");
  EXPECT_EQ(mm().Advise(16, 17, kMadvRemove), "EACCES");
  EXPECT_EQ(mm().Advise(8, 9, kMadvRemove), "EACCES");
  EXPECT_EQ(mm().Advise(0, 2, kMadvRemove), "OK");
  EXPECT_EQ(mm().Entries(0, 4), "..ww");
  EXPECT_EQ(mm().Entries(8, 12), "w.rr") << "a private copy stays";
  // The hole is read from the disk as zeros.
  EXPECT_EQ(mm().Read(0, 1), "0 minor, 1 major");
  mm().Unmap(0, 23);
  world_.files.Put(file);
}

TEST_F(MadviseTest, ColdPagesCountAsUnused) {
  mm().Map(0, 2);
  mm().Map(2, 3, "rw", kMapLocked);
  mm().Write(0, 3);
  EXPECT_EQ(mm().Advise(0, 1, kMadvCold), "OK");
  EXPECT_FALSE(mm().space().page_tables().Get(At(0)).accessed());
  EXPECT_TRUE(mm().space().page_tables().Get(At(1)).accessed());
  EXPECT_EQ(mm().Advise(2, 3, kMadvCold), "EINVAL");
  EXPECT_EQ(mm().Advise(2, 3, kMadvPageOut), "EINVAL");
}

TEST_F(MadviseTest, WithoutSwapOnlyPagesOfFilesArePagedOut) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4);
  mm().Map(0, 2);
  mm().MapFile(4, 8, "rw", file, 0, kMapShared);
  mm().Write(0, 2);
  mm().Read(4, 8);
  mm().Write(7, 8);
  EXPECT_EQ(mm().Advise(0, 8, kMadvPageOut), "ENOMEM") << "of the hole";
  EXPECT_EQ(mm().Entries(0, 2), "ww");
  EXPECT_EQ(mm().Entries(4, 8), "....");
  EXPECT_FALSE(world_.files.IsCached(world_.files.file(file).inode, PageOffset(0)));
  EXPECT_TRUE(world_.files.IsCached(world_.files.file(file).inode, PageOffset(3))) << "dirty";
  EXPECT_EQ(mm().Read(4, 5), "0 minor, 1 major");
  mm().Unmap(0, 8);
  world_.files.Put(file);
}

TEST_F(MadviseTest, WillNeedReadsAFileAhead) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 8);
  const InodeId inode = world_.files.file(file).inode;
  world_.files.PunchHole(inode, PageOffset(0), PageOffset(8));
  mm().MapFile(0, 8, "r", file);
  EXPECT_EQ(mm().Advise(2, 4, kMadvWillNeed), "OK");
  EXPECT_FALSE(world_.files.IsCached(inode, PageOffset(1)));
  EXPECT_TRUE(world_.files.IsCached(inode, PageOffset(2)));
  EXPECT_FALSE(world_.files.IsCached(inode, PageOffset(4)));
  EXPECT_EQ(mm().Read(2, 4), "1 minor");
  mm().Unmap(0, 8);
  world_.files.Put(file);
}

TEST_F(MadviseTest, MergeableIsAFlagOfPrivateMemoryAlone) {
  mm().Map(0, 4);
  mm().MapShared(4, 6);
  EXPECT_EQ(mm().Advise(1, 5, kMadvMergeable), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..4 rw-p, 4..6 rw-s /dev/zero+0");
  EXPECT_EQ(mm().Advise(0, 6, kMadvUnmergeable), "OK");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p, 4..6 rw-s /dev/zero+0");
}

TEST_F(MadviseTest, AdviceThatIsAFlagSplitsAndTakingItBackMerges) {
  const std::pair<int, int> opposites[] = {{kMadvRandom, kMadvNormal},
                                           {kMadvSequential, kMadvNormal},
                                           {kMadvDontFork, kMadvDoFork},
                                           {kMadvDontDump, kMadvDoDump},
                                           {kMadvWipeOnFork, kMadvKeepOnFork}};
  mm().Map(0, 6);
  for (const auto& [advice, opposite] : opposites) {
    EXPECT_EQ(mm().Advise(2, 4, advice), "OK") << advice;
    EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..4 rw-p, 4..6 rw-p") << advice;
    EXPECT_EQ(mm().Advise(2, 4, opposite), "OK") << advice;
    EXPECT_EQ(mm().Maps(), "0..6 rw-p") << advice;
  }
}

TEST_F(MadviseTest, RandomAndSequentialExcludeEachOther) {
  mm().Map(0, 1);
  EXPECT_EQ(mm().Advise(0, 1, kMadvRandom), "OK");
  EXPECT_EQ(mm().Advise(0, 1, kMadvSequential), "OK");
  EXPECT_EQ(mm().VmaAt(0).flags & (kVmRandRead | kVmSeqRead), kVmSeqRead);
}

TEST_F(MadviseTest, OnlyPrivateAnonymousMemoryIsWipedOnFork) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 4);
  mm().MapShared(0, 1);
  mm().MapFile(2, 3, "rw", file);
  EXPECT_EQ(mm().Advise(0, 1, kMadvWipeOnFork), "EINVAL");
  EXPECT_EQ(mm().Advise(2, 3, kMadvWipeOnFork), "EINVAL");
  mm().Map(4, 5, "rw", kMapDroppable);
  EXPECT_EQ(mm().Advise(4, 5, kMadvKeepOnFork), "EINVAL");
  EXPECT_EQ(mm().Advise(4, 5, kMadvDoDump), "EINVAL");
  world_.files.Put(file);
}

TEST_F(MadviseTest, OutOfMappingsIsSaidAsTryAgain) {
  mm().Map(0, 6);
  world_.sysctls.max_map_count = 1;
  EXPECT_EQ(mm().Advise(2, 4, kMadvRandom), "EAGAIN");
  EXPECT_EQ(mm().Advise(0, 6, kMadvRandom), "OK");
}

TEST_F(MadviseTest, PopulateTouchesEveryPageForItsCaller) {
  mm().Map(0, 4);
  EXPECT_EQ(mm().Advise(0, 2, kMadvPopulateRead), "OK");
  EXPECT_EQ(mm().Advise(1, 4, kMadvPopulateWrite), "OK");
  EXPECT_EQ(mm().Entries(0, 4), "zwww");
  EXPECT_EQ(mm().faults().minor_faults, 5U);
}

TEST_F(MadviseTest, PopulateSaysWhyItCannot) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 1);
  mm().Map(0, 1);
  mm().Map(1, 2, "r");
  mm().Map(2, 3, "");
  mm().MapFile(4, 6, "rw", file);
  EXPECT_EQ(mm().Advise(0, 2, kMadvPopulateWrite), "EINVAL");
  EXPECT_EQ(mm().Entries(0, 2), "w.");
  EXPECT_EQ(mm().Advise(2, 3, kMadvPopulateRead), "EINVAL");
  EXPECT_EQ(mm().Advise(1, 4, kMadvPopulateRead), "EINVAL");
  EXPECT_EQ(mm().Advise(3, 4, kMadvPopulateRead), "ENOMEM");
  EXPECT_EQ(mm().Advise(4, 6, kMadvPopulateRead), "EFAULT");
  EXPECT_EQ(mm().Advise(4, 5, kMadvPopulateRead), "OK");
  world_.files.Put(file);
}

// Both give up mmap_lock to read. madvise tries the fault again, which is a major one; MAP_POPULATE begins anew, and
// finds the page.
TEST_F(MadviseTest, PopulatingWhatMustBeReadTakesAMajorFaultUnlessMmapDoesIt) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 0);
  const OpenFileId other = world_.OpenNew("/g", 0);
  for (const OpenFileId cold : {file, other}) {
    ASSERT_TRUE(world_.files.SetSize(world_.files.file(cold).inode, Pages(4)) == std::nullopt);
  }
  mm().MapFile(0, 4, "r", file);
  EXPECT_EQ(mm().Advise(0, 1, kMadvPopulateRead), "OK");
  EXPECT_EQ(mm().faults().minor_faults, 0U);
  EXPECT_EQ(mm().faults().major_faults, 1U);
  EXPECT_EQ(mm().Entries(0, 4), "rrrr");
  mm().MapFile(4, 8, "r", other, 0, kMapPrivate | kMapPopulate);
  EXPECT_EQ(mm().Entries(4, 8), "rrrr");
  // The other three are found where the first one's fault put them.
  EXPECT_EQ(mm().faults().minor_faults, 1U);
  EXPECT_EQ(mm().faults().major_faults, 1U);
  EXPECT_EQ(world_.counters.Get(Counter::kPgMajFault), 2);
  world_.files.Put(other);
  world_.files.Put(file);
}

TEST_F(MadviseTest, WillNeedReadsWhatTheFileHasInTheRange) {
  FilesStay();
  const OpenFileId file = world_.OpenNew("/f", 0);
  ASSERT_TRUE(world_.files.SetSize(world_.files.file(file).inode, Pages(6)) == std::nullopt);
  mm().MapFile(0, 8, "r", file);
  mm().Map(10, 12);
  EXPECT_EQ(mm().Advise(4, 8, kMadvWillNeed), "OK");
  EXPECT_EQ(mm().Advise(10, 12, kMadvWillNeed), "OK");
  EXPECT_EQ(mm().Entries(0, 12), "............");
  EXPECT_EQ(mm().Read(5, 6), "1 minor");
  EXPECT_EQ(mm().Entries(0, 8), "....rr..");
  EXPECT_EQ(mm().Read(3, 4), "0 minor, 1 major");
  world_.files.Put(file);
}

// What ftruncate left unread is waited for: a minor fault of a program, and a major one where the kernel says that it
// tried before.
TEST_F(MadviseTest, AnUnreadPageIsAMajorFaultOfPopulateAlone) {
  FilesStay();
  for (const bool populate : {false, true}) {
    const OpenFileId file = world_.OpenNew(populate ? "/g" : "/f", 0);
    const InodeId inode = world_.files.file(file).inode;
    ASSERT_TRUE(world_.files.SetSize(inode, Pages(2)) == std::nullopt);
    ASSERT_TRUE(world_.files.SetSize(inode, ByteCount(5000)) != std::nullopt);
    mm().MapFile(populate ? 4 : 0, populate ? 5 : 1, "r", file, 1);
    if (populate) {
      EXPECT_EQ(mm().Advise(4, 5, kMadvPopulateRead), "OK");
      EXPECT_EQ(mm().faults().major_faults, 1U);
    } else {
      EXPECT_EQ(mm().Read(0, 1), "1 minor");
    }
    world_.files.Put(file);
  }
}

TEST_F(MadviseTest, PopulatingEndsAtAHoleHoweverFarTheRangeGoes) {
  mm().Map(0, 2, "r");
  EXPECT_EQ(mm().Advise(0, kMaxPopulatedPages.value() + 1, kMadvPopulateRead), "ENOMEM");
  EXPECT_EQ(mm().Entries(0, 3), "zz.");
}

TEST_F(MadviseTest, PopulatingMoreThanOneCallMayIsRefusedWhole) {
  const std::uint64_t limit = kMaxPopulatedPages.value();
  mm().Map(0, limit + 1, "r");
  EXPECT_EQ(mm().Advise(0, limit + 1, kMadvPopulateRead), "ENOSYS");
  EXPECT_EQ(mm().faults().minor_faults, 0U);
  EXPECT_EQ(mm().Advise(0, limit - 1, kMadvPopulateRead), "OK");
  EXPECT_EQ(mm().Entries(limit - 2, limit), "z.");
  EXPECT_EQ(mm().Advise(0, limit, kMadvPopulateRead), "OK");
  EXPECT_EQ(mm().Entries(limit - 1, limit + 1), "z.");
}

}  // namespace
}  // namespace memsim
