// pkey_alloc(2), pkey_free(2), pkey_mprotect(2), and what a key closes.

#include "server/kernel/vm/pkeys.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/vm/madvise.h"
#include "server/kernel/vm/mprotect.h"
#include "server/kernel/vm/mseal.h"
#include "tests/unit/kernel/vm/program.h"

namespace memsim {
namespace {

constexpr std::uint64_t kReadWrite = kProtRead | kProtWrite;

class PkeysTest : public ProgramTest {
 protected:
  // The key, or the error.
  std::string Alloc(std::uint64_t rights = 0, std::uint64_t flags = 0) {
    const ErrnoOr<std::uint64_t> key = PkeyAlloc(mm().space(), caller(), flags, rights);
    world_.Check();
    return key.ok() ? absl::StrCat(*key) : Text(key.error());
  }
  std::string Free(std::int64_t key) {
    const Errno error = PkeyFree(mm().space(), key);
    world_.Check();
    return Text(error);
  }
  std::string Protect(std::uint64_t first, std::uint64_t end, std::uint64_t prot, std::int64_t key) {
    const Errno error = PkeyMprotect(mm().space(), caller(), At(first), Pages(end - first), prot, key);
    world_.Check();
    return Text(error);
  }
  ProtectionKey KeyAt(std::uint64_t page) { return KeyOf(mm().VmaAt(page).flags); }

 private:
  VmCaller caller() { return {mm().limits(), faults_, mm().pkru()}; }

  FaultTally faults_;
};

TEST_F(PkeysTest, KeysAreGivenOutFromTheLowestOn) {
  EXPECT_EQ(Alloc(0, 1), "EINVAL");
  EXPECT_EQ(Alloc(4), "EINVAL");
  EXPECT_EQ(Alloc(kPkeyDisableWrite), "1");
  EXPECT_EQ(mm().pkru().bits(), 0x55555558U);
  EXPECT_EQ(Alloc(), "2");
  EXPECT_EQ(mm().pkru().bits(), 0x55555548U);
  EXPECT_EQ(Free(1), "OK");
  EXPECT_EQ(Free(1), "EINVAL");
  EXPECT_EQ(Free(-1), "EINVAL");
  EXPECT_EQ(Free(16), "EINVAL");
  EXPECT_EQ(Free(INT64_MAX), "EINVAL");
  // What is free keeps its rights.
  EXPECT_EQ(mm().pkru().RightsOf(1), kPkeyDisableWrite);
  EXPECT_EQ(Alloc(), "1");
  for (int key = 3; key < 16; ++key) EXPECT_EQ(Alloc(), absl::StrCat(key));
  EXPECT_EQ(Alloc(), "ENOSPC");
  // Key 0 is a key like others.
  EXPECT_EQ(Free(0), "OK");
  EXPECT_EQ(Alloc(), "0");
}

TEST_F(PkeysTest, TheKeyIsCheckedBeforeTheMappings) {
  mm().Map(0, 2);
  EXPECT_EQ(Protect(0, 1, kReadWrite, 1), "EINVAL");
  EXPECT_EQ(Protect(5, 6, kReadWrite, 1), "EINVAL");
  EXPECT_EQ(Protect(5, 6, kReadWrite, 0), "ENOMEM");
  EXPECT_EQ(Protect(5, 5, kReadWrite, 1), "OK");
  EXPECT_EQ(Protect(0, 1, kReadWrite, 16), "EINVAL");
  EXPECT_EQ(Protect(0, 1, kReadWrite, -2), "EINVAL");
  EXPECT_EQ(mm().Maps(), "0..2 rw-p");
  mm().Unmap(0, 2);
}

TEST_F(PkeysTest, AKeyIsPartOfWhatAMappingIs) {
  mm().Map(0, 4);
  EXPECT_EQ(Alloc(), "1");
  EXPECT_EQ(Protect(1, 2, kReadWrite, 1), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 rw-p, 1..2 rw-p, 2..4 rw-p");
  // mprotect leaves it, and pkey_mprotect without a key too.
  EXPECT_EQ(mm().TryProtect(0, 4, "r"), "OK");
  EXPECT_EQ(mm().Maps(), "0..1 r--p, 1..2 r--p, 2..4 r--p");
  EXPECT_EQ(Protect(0, 4, kReadWrite, -1), "OK");
  EXPECT_EQ(KeyAt(1), 1U);
  EXPECT_EQ(Protect(0, 4, kReadWrite, 0), "OK");
  EXPECT_EQ(mm().Maps(), "0..4 rw-p");
  mm().Unmap(0, 4);
}

TEST_F(PkeysTest, AClosedKeyIsASignalOfItsOwnAlsoWhereThePageIs) {
  mm().Map(0, 3, "rwx");
  EXPECT_EQ(mm().Write(0, 2), "2 minor");
  EXPECT_EQ(Alloc(kPkeyDisableWrite), "1");
  EXPECT_EQ(Protect(0, 3, kReadWrite | kProtExec, 1), "OK");
  EXPECT_EQ(mm().Read(0, 2), "0 minor");
  EXPECT_EQ(mm().Write(0, 2), "0 minor, SIGSEGV 4 at A+0");
  EXPECT_EQ(mm().Write(2, 3), "0 minor, SIGSEGV 4 at A+2");
  mm().pkru().SetRights(1, kPkeyDisableAccess);
  EXPECT_EQ(mm().Read(0, 2), "0 minor, SIGSEGV 4 at A+0");
  EXPECT_EQ(mm().Write(0, 2), "0 minor, SIGSEGV 4 at A+0");
  // Instructions come from there all the same.
  EXPECT_EQ(mm().Run(0, 3), "1 minor");
  mm().pkru().SetRights(1, 0);
  EXPECT_EQ(mm().Write(0, 2), "0 minor");
  mm().Unmap(0, 3);
}

TEST_F(PkeysTest, AKeyGoesBeforeRights) {
  mm().Map(0, 1, "r");
  EXPECT_EQ(Alloc(kPkeyDisableAccess), "1");
  EXPECT_EQ(Protect(0, 1, kProtRead, 1), "OK");
  EXPECT_EQ(mm().Write(0, 1), "0 minor, SIGSEGV 4 at A+0");
  mm().pkru().SetRights(1, 0);
  EXPECT_EQ(mm().Write(0, 1), "0 minor, SIGSEGV 2 at A+0");
  mm().Unmap(0, 1);
}

TEST_F(PkeysTest, MemoryForExecutionAloneSharesAKeyThatNobodyElseHas) {
  EXPECT_EQ(Alloc(), "1");
  mm().Map(0, 1, "x");
  EXPECT_EQ(KeyAt(0), 2U);
  mm().Map(1, 3, "rw");
  mm().Protect(1, 2, "x");
  EXPECT_EQ(mm().Maps(), "0..2 --xp, 2..3 rw-p");
  EXPECT_EQ(mm().Read(0, 1), "0 minor, SIGSEGV 4 at A+0");
  // The kernel's own key is not for programs.
  EXPECT_EQ(Free(2), "EINVAL");
  EXPECT_EQ(Protect(0, 1, kProtRead, 2), "EINVAL");
  // Opened by the program, it is closed again by whoever maps.
  mm().pkru().SetRights(2, 0);
  EXPECT_EQ(mm().Read(0, 1), "1 minor");
  mm().Protect(2, 3, "x");
  EXPECT_EQ(mm().pkru().RightsOf(2), kPkeyDisableAccess);
  EXPECT_EQ(mm().Read(0, 1), "0 minor, SIGSEGV 4 at A+0");
  // What may be read again gets the key of all memory.
  mm().Protect(0, 3, "rx");
  EXPECT_EQ(KeyAt(1), 0U);
  EXPECT_EQ(mm().Read(0, 1), "0 minor");
  // A key that the program names is the program's wish, also for memory that is only executed.
  EXPECT_EQ(Protect(0, 1, kProtExec, 1), "OK");
  EXPECT_EQ(mm().Read(0, 1), "0 minor");
  mm().Protect(0, 1, "rx");
  EXPECT_EQ(KeyAt(0), 1U);
  mm().Unmap(0, 3);
}

TEST_F(PkeysTest, WithoutAFreeKeyMemoryForExecutionAloneCanBeRead) {
  for (int key = 1; key < 16; ++key) EXPECT_EQ(Alloc(), absl::StrCat(key));
  mm().Map(0, 1, "x");
  EXPECT_EQ(KeyAt(0), 0U);
  EXPECT_EQ(mm().Read(0, 1), "1 minor");
  EXPECT_EQ(Free(9), "OK");
  mm().Map(1, 2, "x");
  EXPECT_EQ(KeyAt(1), 9U);
  EXPECT_EQ(mm().Maps(), "0..1 --xp, 1..2 --xp");
  mm().Unmap(0, 2);
}

TEST_F(PkeysTest, TheKernelDoesNotFillWhatTheCallerMayNotAccess) {
  mm().Map(0, 2);
  EXPECT_EQ(Alloc(kPkeyDisableWrite), "1");
  EXPECT_EQ(Protect(0, 1, kReadWrite, 1), "OK");
  EXPECT_EQ(mm().Advise(0, 1, kMadvPopulateWrite), "EINVAL");
  EXPECT_EQ(mm().Advise(0, 1, kMadvPopulateRead), "OK");
  EXPECT_EQ(mm().Entries(0, 2), "z.");
  mm().Map(4, 6, "x", kMapPopulate);
  EXPECT_EQ(mm().Entries(4, 6), "..");
  mm().Unmap(0, 6);
}

TEST_F(PkeysTest, SealedMemoryThatAKeyClosesToStoresIsNotDiscarded) {
  mm().Map(0, 1);
  EXPECT_EQ(mm().Write(0, 1), "1 minor");
  EXPECT_EQ(Alloc(), "1");
  EXPECT_EQ(Protect(0, 1, kReadWrite, 1), "OK");
  EXPECT_EQ(Mseal(mm().space(), At(0), Pages(1), 0), Errno::kOk);
  mm().pkru().SetRights(1, kPkeyDisableWrite);
  EXPECT_EQ(mm().Advise(0, 1, kMadvDontNeed), "EPERM");
  mm().pkru().SetRights(1, 0);
  EXPECT_EQ(mm().Advise(0, 1, kMadvDontNeed), "OK");
}

TEST_F(PkeysTest, ForkCopiesTheKeysAndTheirMappings) {
  EXPECT_EQ(Alloc(kPkeyDisableWrite), "1");
  mm().Map(0, 1);
  EXPECT_EQ(Protect(0, 1, kReadWrite, 1), "OK");
  mm().Map(1, 2, "x");
  const std::unique_ptr<Program> child = mm().Fork();
  EXPECT_EQ(KeyOf(child->VmaAt(0).flags), 1U);
  EXPECT_TRUE(child->space().keys.IsAllocated(1));
  EXPECT_TRUE(child->space().keys.IsExecuteOnly(child->VmaAt(1).flags));
  EXPECT_EQ(Free(1), "OK");
  EXPECT_TRUE(child->space().keys.IsAllocated(1));
  mm().Unmap(0, 2);
}

TEST_F(PkeysTest, AHugePageIsClosedAsAWhole) {
  FilesStay();
  mm().Map(0, 1024);
  EXPECT_EQ(mm().Advise(0, 1024, kMadvHugePage), "OK");
  EXPECT_EQ(mm().Write(0, 1024), "2 minor");
  EXPECT_EQ(Alloc(kPkeyDisableAccess), "1");
  EXPECT_EQ(Protect(0, 512, kReadWrite, 1), "OK");
  EXPECT_EQ(mm().Read(0, 512), "0 minor, SIGSEGV 4 at A+0");
  EXPECT_EQ(mm().Write(512, 1024), "0 minor");
  mm().Unmap(0, 1024);
}

}  // namespace
}  // namespace memsim
