// mlock(2), mlock2(2), munlock(2), mlockall(2), munlockall(2), and what the limit on locked memory forbids.

#include "server/kernel/vm/mlock.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/brk.h"
#include "server/kernel/vm/mremap.h"
#include "server/kernel/vm/page_fault.h"
#include "server/kernel/vm/populate.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

class MlockTest : public ProgramTest {
 protected:
  std::string Lock(VirtualAddress address, ByteCount length, std::uint64_t flags = 0) {
    return Checked(Mlock2(mm().space(), caller(), address, length, flags));
  }
  std::string Lock(std::uint64_t first, std::uint64_t end) { return Lock(At(first), Pages(end - first)); }
  std::string LockOnFault(std::uint64_t first, std::uint64_t end) {
    return Lock(At(first), Pages(end - first), kMlockOnFault);
  }
  std::string Unlock(std::uint64_t first, std::uint64_t end) {
    return Checked(Munlock(mm().space(), At(first), Pages(end - first)));
  }
  std::string LockAll(std::uint64_t flags) { return Checked(Mlockall(mm().space(), caller(), flags)); }
  std::string UnlockAll() { return Checked(Munlockall(mm().space())); }
  std::string Map(std::uint64_t first, std::uint64_t end, std::uint64_t flags = 0) {
    MmapArguments arguments;
    arguments.address = At(first);
    arguments.length = Pages(end - first);
    arguments.prot = kProtRead | kProtWrite;
    arguments.flags = kMapPrivate | kMapAnonymous | kMapFixed | flags;
    return Checked(Mmap(mm().space(), caller(), arguments).error());
  }

  std::uint64_t locked_pages() { return mm().space().statistics().locked_vm.value(); }
  void Limit(std::uint64_t pages) {
    mm().limits()[Resource::kMemlock].current = Pages(pages).value();
    capabilities_ = CapabilitySet::None();
  }
  VmCaller caller() { return {mm().limits(), faults_, mm().pkru(), capabilities_}; }

 private:
  std::string Checked(Errno error) {
    world_.Check();
    return Text(error);
  }

  FaultTally faults_;
  CapabilitySet capabilities_ = CapabilitySet::All();
};

TEST_F(MlockTest, LocksTheWholePagesAroundARangeAndFillsThem) {
  mm().Map(0, 5);
  EXPECT_EQ(Lock(At(1) + ByteCount(4095), ByteCount(2)), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..3 rw-p, 3..5 rw-p");
  EXPECT_EQ(mm().Entries(0, 5), ".ww..");
  EXPECT_EQ(locked_pages(), 2U);
  EXPECT_EQ(Lock(0, 5), "OK");
  EXPECT_EQ(mm().Maps(), "0..5 rw-p");
  EXPECT_EQ(mm().Entries(0, 5), "wwwww");
  EXPECT_EQ(Unlock(2, 3), "OK");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p, 2..3 rw-p, 3..5 rw-p");
  EXPECT_EQ(locked_pages(), 4U);
  EXPECT_EQ(Unlock(0, 5), "OK");
  EXPECT_EQ(mm().Maps(), "0..5 rw-p");
  EXPECT_EQ(locked_pages(), 0U);
}

// mprotect_fixup: what a program has locked takes no fault when it writes.
TEST_F(MlockTest, PrivateLockedMemoryThatBecomesWritableIsFilled) {
  FilesStay();
  mm().Map(0, 2, "r");
  EXPECT_EQ(Lock(0, 2), "OK");
  EXPECT_EQ(mm().Entries(0, 2), "zz");
  mm().Protect(0, 1, "rw");
  EXPECT_EQ(mm().Entries(0, 2), "wz");
  EXPECT_EQ(mm().faults().minor_faults, 1U);
  EXPECT_EQ(mm().faults().major_faults, 0U);
  // Locked on fault, it waits for its fault all the same.
  mm().Map(2, 3, "r");
  EXPECT_EQ(LockOnFault(2, 3), "OK");
  mm().Protect(2, 3, "rw");
  EXPECT_EQ(mm().Entries(2, 3), ".");
  // With mmap_lock held for writing nothing begins anew: what must be read is a major fault.
  const OpenFileId file = world_.OpenNew("/f", 0);
  ASSERT_TRUE(world_.files.SetSize(world_.files.file(file).inode, Pages(1)) == std::nullopt);
  mm().MapFile(4, 5, "", file);
  EXPECT_EQ(Lock(4, 5), "ENOMEM");
  mm().Protect(4, 5, "rw");
  EXPECT_EQ(mm().Entries(4, 5), "w");
  EXPECT_EQ(mm().faults().major_faults, 1U);
  world_.files.Put(file);
}

TEST_F(MlockTest, TheChecksComeInLinuxsOrder) {
  mm().Map(0, 4);
  EXPECT_EQ(Lock(At(0), Pages(4), 2), "EINVAL");
  EXPECT_EQ(Lock(At(0), ByteCount(0)), "OK");
  EXPECT_EQ(Lock(At(2), ByteCount(UINT64_MAX - 4095)), "EINVAL");
  // Rounded up, the length is none at all.
  EXPECT_EQ(Lock(At(0), ByteCount(UINT64_MAX)), "OK");
  EXPECT_EQ(Lock(At(1), ByteCount(UINT64_MAX - 4095)), "EINVAL");
  EXPECT_EQ(Text(Munlock(mm().space(), At(1), ByteCount(UINT64_MAX - 4095))), "EINVAL");
  EXPECT_EQ(Lock(9, 10), "ENOMEM");
  Limit(0);
  EXPECT_EQ(Lock(At(0), Pages(1), 2), "EINVAL");
  EXPECT_EQ(Lock(9, 10), "EPERM");
  EXPECT_EQ(LockAll(kMclCurrent), "EPERM");
  EXPECT_EQ(LockAll(0), "EINVAL");
  EXPECT_EQ(Unlock(0, 1), "OK");
  EXPECT_EQ(locked_pages(), 0U);
}

TEST_F(MlockTest, AHoleEndsItAndWhatCameBeforeIsLocked) {
  mm().Map(0, 2);
  mm().Map(3, 4);
  EXPECT_EQ(Lock(0, 4), "ENOMEM");
  EXPECT_EQ(locked_pages(), 2U);
  // Nothing is filled by a call that failed.
  EXPECT_EQ(mm().Entries(0, 4), "....");
  EXPECT_EQ(Unlock(1, 4), "ENOMEM");
  EXPECT_EQ(locked_pages(), 1U);
}

TEST_F(MlockTest, FillsByTheRightsOfEachMapping) {
  FilesStay();
  mm().Map(0, 1, "r");
  mm().MapShared(1, 2);
  mm().MapFile(2, 4, "rw", world_.OpenNew("/f", 2));
  EXPECT_EQ(Lock(0, 4), "OK");
  EXPECT_EQ(mm().Entries(0, 4), "zwww");
  mm().MapFile(6, 8, "r", world_.OpenNew("/short", 1));
  // A page behind the end of its file can be had by nobody.
  EXPECT_EQ(Lock(6, 8), "ENOMEM");
  EXPECT_EQ(locked_pages(), 6U);
}

TEST_F(MlockTest, MemoryClosedToAllAccessIsLockedAllTheSame) {
  mm().Map(0, 1);
  mm().Map(1, 2, "");
  mm().Map(2, 3);
  EXPECT_EQ(Lock(0, 3), "ENOMEM");
  EXPECT_EQ(locked_pages(), 3U);
  // The call ends at the page that it cannot have.
  EXPECT_EQ(mm().Entries(0, 3), "w..");
}

TEST_F(MlockTest, OnFaultLocksWhatIsTouchedLater) {
  mm().Map(0, 4);
  EXPECT_EQ(LockOnFault(0, 4), "OK");
  EXPECT_EQ(mm().Entries(0, 4), "....");
  EXPECT_EQ(locked_pages(), 4U);
  EXPECT_EQ(Lock(1, 2), "OK");
  EXPECT_EQ(mm().Entries(0, 4), ".w..");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..2 rw-p, 2..4 rw-p");
  EXPECT_EQ(locked_pages(), 4U);
}

TEST_F(MlockTest, TheLimitCountsWhatIsLockedAlreadyOnce) {
  mm().Map(0, 8);
  Limit(3);
  // So long that it wraps, it is too long before it is wrong.
  EXPECT_EQ(Lock(At(2), ByteCount(UINT64_MAX - 4095)), "ENOMEM");
  EXPECT_EQ(Lock(0, 4), "ENOMEM");
  EXPECT_EQ(Lock(0, 3), "OK");
  EXPECT_EQ(Lock(1, 3), "OK");
  EXPECT_EQ(Lock(1, 4), "ENOMEM");
  EXPECT_EQ(Unlock(0, 1), "OK");
  EXPECT_EQ(Lock(1, 4), "OK");
  EXPECT_EQ(LockAll(kMclCurrent), "ENOMEM");
  EXPECT_EQ(locked_pages(), 3U);
}

TEST_F(MlockTest, WithoutRoomForAnotherMappingItFailsAtTheSplit) {
  mm().Map(0, 4);
  world_.sysctls.max_map_count = static_cast<std::uint32_t>(mm().space().map_count());
  EXPECT_EQ(Lock(1, 2), "ENOMEM");
  EXPECT_EQ(locked_pages(), 0U);
  EXPECT_EQ(Lock(0, 4), "OK");
  EXPECT_EQ(Unlock(1, 2), "ENOMEM");
  EXPECT_EQ(locked_pages(), 4U);
}

TEST_F(MlockTest, WithoutMemoryToFillItSaysTryAgain) {
  const std::uint64_t more_than_there_is = 32768;
  mm().Map(0, more_than_there_is, "rw", kMapNoReserve);
  EXPECT_EQ(Lock(0, more_than_there_is), "EAGAIN");
  EXPECT_EQ(locked_pages(), more_than_there_is);
  EXPECT_EQ(mm().Entries(0, 1), "w");
}

TEST_F(MlockTest, AllThatIsMappedNow) {
  mm().Map(0, 2);
  mm().Map(4, 5, "");
  mm().Map(8, 9);
  EXPECT_EQ(LockAll(kMclOnFault), "EINVAL");
  EXPECT_EQ(LockAll(8), "EINVAL");
  EXPECT_EQ(LockAll(kMclCurrent), "OK");
  // Holes, and what nobody may touch, are passed over.
  EXPECT_EQ(mm().Entries(0, 9), "ww......w");
  EXPECT_EQ(locked_pages(), 4U);
  mm().Map(10, 11);
  EXPECT_EQ(mm().Entries(10, 11), ".");
  EXPECT_EQ(UnlockAll(), "OK");
  EXPECT_EQ(locked_pages(), 0U);
}

TEST_F(MlockTest, AllThatWillBeMapped) {
  mm().Map(0, 2);
  EXPECT_EQ(LockAll(kMclFuture), "OK");
  EXPECT_EQ(locked_pages(), 0U);
  mm().Map(4, 6);
  EXPECT_EQ(mm().Entries(0, 6), "....ww");
  EXPECT_EQ(locked_pages(), 2U);
  const VirtualAddress heap = mm().Brk(VirtualAddress(0));
  EXPECT_EQ(mm().Brk(heap + Pages(2)), heap + Pages(2));
  EXPECT_EQ(locked_pages(), 4U);
  EXPECT_EQ(mm().Touch(heap, PageCount(2), AccessKind::kWrite), "0 minor");
  EXPECT_EQ(LockAll(kMclFuture | kMclOnFault), "OK");
  mm().Map(8, 9);
  EXPECT_EQ(mm().Entries(8, 9), ".");
  EXPECT_EQ(locked_pages(), 5U);
  // Without MCL_FUTURE the promise is taken back.
  EXPECT_EQ(LockAll(kMclCurrent), "OK");
  mm().Map(12, 13);
  EXPECT_EQ(mm().Entries(12, 13), ".");
}

TEST_F(MlockTest, TheLimitKeepsNewMemoryFromBeingLocked) {
  mm().Map(0, 2);
  const VirtualAddress heap = mm().Brk(VirtualAddress(0));
  Limit(2);
  EXPECT_EQ(Lock(0, 2), "OK");
  EXPECT_EQ(Map(4, 5, kMapLocked), "EAGAIN");
  const ErrnoOr<VirtualAddress> grown =
      Mremap(mm().space(), caller(), {At(0), Pages(2), Pages(3), kMremapMayMove, VirtualAddress(0)});
  EXPECT_EQ(Text(grown), "EAGAIN");
  EXPECT_EQ(LockAll(kMclFuture), "OK");
  EXPECT_EQ(Map(4, 5), "EAGAIN");
  EXPECT_EQ(Brk(mm().space(), caller(), heap + Pages(1)), heap);
  Limit(0);
  EXPECT_EQ(Map(4, 5, kMapLocked), "EPERM");
  EXPECT_EQ(Map(4, 5), "EAGAIN");
}

TEST_F(MlockTest, ALockedStackGrowsNoFurtherThanTheLimit) {
  mm().Map(400, 401, "rw", kMapGrowsDown);
  EXPECT_EQ(Lock(400, 401), "OK");
  Limit(2);
  TouchProgress progress;
  progress.next = At(399);
  progress.left = PageCount(1);
  EXPECT_EQ(Touch(mm().space(), caller(), progress), TouchStatus::kDone);
  EXPECT_EQ(locked_pages(), 2U);
  progress.next = At(398);
  progress.left = PageCount(1);
  EXPECT_EQ(Touch(mm().space(), caller(), progress), TouchStatus::kSignal);
}

TEST_F(MlockTest, AChildHasNothingLocked) {
  mm().Map(0, 2);
  EXPECT_EQ(Lock(0, 2), "OK");
  EXPECT_EQ(LockAll(kMclFuture), "OK");
  const std::unique_ptr<Program> child = mm().Fork();
  EXPECT_EQ(child->space().statistics().locked_vm, PageCount(0));
  child->Map(4, 5);
  EXPECT_EQ(child->Entries(4, 5), ".");
}

TEST_F(MlockTest, MoreThanOneCallMayFillIsRefusedWhole) {
  const std::uint64_t too_many = kMaxPopulatedPages.value() + 1;
  mm().Map(0, too_many, "rw", kMapNoReserve);
  EXPECT_EQ(Lock(0, too_many), "ENOSYS");
  EXPECT_EQ(LockAll(kMclCurrent), "ENOSYS");
  EXPECT_EQ(locked_pages(), 0U);
  EXPECT_EQ(LockOnFault(0, too_many), "OK");
  EXPECT_EQ(LockAll(kMclCurrent | kMclOnFault), "OK");
  EXPECT_EQ(locked_pages(), too_many);
}

}  // namespace
}  // namespace memsim
