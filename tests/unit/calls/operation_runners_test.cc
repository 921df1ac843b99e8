// Each operation: its arguments arrive where they belong, and its answer comes back whole.

#include "server/calls/operation_runners.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "tests/unit/calls/call_fixture.h"

namespace memsim {
namespace {

class OperationTest : public CallTest {
 protected:
  OperationTest() { EXPECT_EQ(Ask("spawn { comm: 'test' }"), "2"); }

  std::string Proc(const std::string& path) { return machine_->ReadProc(path).value_or("none"); }
  bool MapsHave(const std::string& line) { return Proc("2/maps").find(line) != std::string::npos; }
  bool StatusHas(const std::string& line) { return Proc("2/status").find(line) != std::string::npos; }
};

// --- Processes

TEST_F(OperationTest, SpawnHasANameEvenIfNoneIsGiven) {
  EXPECT_EQ(Ask("spawn {}"), "3");
  EXPECT_EQ(Proc("3/status").find("Name:\tspawned\n"), 0U);
  EXPECT_EQ(Proc("2/status").find("Name:\ttest\n"), 0U);
}

TEST_F(OperationTest, ForkVforkAndCloneDifferInWhatTheyShare) {
  Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 3 flags: 0x32 }");
  EXPECT_EQ(Ask("fork { pid: 2 }"), "3");
  EXPECT_EQ(Ask("vfork { pid: 2 }"), "4");
  // CLONE_VM | CLONE_SIGHAND | CLONE_THREAD.
  EXPECT_EQ(Ask("clone { pid: 2 flags: 0x10900 }"), "5");
  EXPECT_EQ(Ask("clone { pid: 2 flags: 0x10000 }"), "EINVAL");
  Ask("munmap { pid: 2 address: 0x10000000 length_bytes: 4096 }");
  EXPECT_EQ(Proc("3/maps").find("10000000-10001000 rw-p"), 0U);
  EXPECT_EQ(Proc("4/maps").find("10000000"), std::string::npos);
}

TEST_F(OperationTest, ExecveTakesAnImage) {
  EXPECT_EQ(Ask("execve { pid: 2 path: '/bin/x' start_brk: 0x500000 "
                "mappings { start: 0x400000 end: 0x401000 prot: 5 flags: 2 offset_bytes: 0x3000 path: '/bin/x' } "
                "mappings { start: 0x600000 end: 0x601000 prot: 3 flags: 1 } }"),
            "0");
  EXPECT_TRUE(MapsHave("00400000-00401000 r-xp 00003000"));
  EXPECT_TRUE(MapsHave("00600000-00601000 rw-s"));
  EXPECT_EQ(Ask("brk { pid: 2 }"), "0x500000");
  EXPECT_EQ(Ask("execve { pid: 2 }"), "ENOENT");
  EXPECT_EQ(Ask("execve { pid: 2 path: '/bin/x' mappings { start: 1 end: 2 } }"), "EINVAL");
}

TEST_F(OperationTest, AnImageHasAtMost65530Mappings) {
  v1::Call call = CallOf("execve { pid: 99 path: '/bin/x' }");
  for (int i = 0; i < 65530; ++i) call.mutable_execve()->add_mappings();
  EXPECT_EQ(AnswerText(Run(call)), "ESRCH");
  call.mutable_execve()->add_mappings();
  EXPECT_EQ(Run(call).misuse().message(), "mappings has 65531 entries; the limit is 65530");
}

TEST_F(OperationTest, ExitGroupAndWait4FindEachOther) {
  EXPECT_EQ(Ask("store_as: 1 fork { pid: 2 }"), "3");
  EXPECT_EQ(Ask("wait4 { pid: 2 child_pid_slot: 1 }"), "0");
  EXPECT_EQ(Ask("exit_group { pid_slot: 1 status: -1 }"), "0");
  EXPECT_EQ(Ask("wait4 { pid: 2 child_pid: 9 }"), "ECHILD");
  EXPECT_EQ(Ask("wait4 { pid: 2 child_pid: 3 }"), "3");
  EXPECT_EQ(Ask("wait4 { pid: 2 }"), "ECHILD");
}

TEST_F(OperationTest, Wait4ReapsAnyChildOnlyForALiteralZero) {
  EXPECT_EQ(Ask("fork { pid: 2 }"), "3");
  EXPECT_EQ(Ask("exit_group { pid: 3 }"), "0");
  // Numbers that no pid has: one too large, -1, an address from a slot.
  EXPECT_EQ(Ask("wait4 { pid: 2 child_pid: 4294967296 }"), "ECHILD");
  EXPECT_EQ(Ask("wait4 { pid: 2 child_pid: 18446744073709551615 }"), "ECHILD");
  EXPECT_EQ(Ask("store_as: 1 mmap { pid: 2 length_bytes: 4096 flags: 0x22 }").substr(0, 2), "0x");
  EXPECT_EQ(Ask("wait4 { pid: 2 child_pid_slot: 1 }"), "ECHILD");
  // The 0 of a wait that found nobody.
  EXPECT_EQ(Ask("fork { pid: 2 }"), "4");
  EXPECT_EQ(Ask("store_as: 2 wait4 { pid: 2 child_pid: 4 }"), "0");
  EXPECT_EQ(Ask("wait4 { pid: 2 child_pid_slot: 2 }"), "ECHILD");
  EXPECT_EQ(Ask("wait4 { pid: 2 }"), "3");
}

TEST_F(OperationTest, NumbersThatNoPidHasNameNoProcess) {
  for (const char* pid : {"4294967295", "4294967296", "4294967297", "18446744073709551615"}) {
    EXPECT_EQ(Ask(absl::StrCat("brk { pid: ", pid, " }")), "ESRCH") << pid;
  }
}

TEST_F(OperationTest, Prlimit64AnswersTheOldLimitsAndSetsNewOnes) {
  const v1::Answer old = Run("prlimit64 { pid: 2 resource: 3 new_limit { current: 5 maximum: 6 } }");
  EXPECT_EQ(old.resource_limit().current(), 8U << 20);
  EXPECT_EQ(old.resource_limit().maximum(), UINT64_MAX);
  const v1::Answer now = Run("prlimit64 { pid: 2 resource: 3 }");
  EXPECT_EQ(now.resource_limit().current(), 5U);
  EXPECT_EQ(now.resource_limit().maximum(), 6U);
  EXPECT_EQ(Ask("prlimit64 { pid: 2 resource: 3 new_limit { current: 7 maximum: 6 } }"), "EINVAL");
  EXPECT_EQ(Ask("prlimit64 { pid: 2 resource: 15 }"), "0");
  EXPECT_EQ(Ask("prlimit64 { pid: 2 resource: 16 }"), "EINVAL");
  // fs.nr_open.
  EXPECT_EQ(Ask("prlimit64 { pid: 2 resource: 7 new_limit { current: 1048576 maximum: 1048576 } }"), "0");
  EXPECT_EQ(Ask("prlimit64 { pid: 2 resource: 7 new_limit { current: 1 maximum: 1048577 } }"), "EPERM");
}

TEST_F(OperationTest, OnlyTheOwnersOfCapSysResourceRaiseHardLimits) {
  EXPECT_EQ(Ask("prlimit64 { pid: 2 resource: 9 new_limit { current: 5 maximum: 6 } }"), "0");
  EXPECT_EQ(Ask("prlimit64 { pid: 2 resource: 9 new_limit { current: 5 maximum: 7 } }"), "0");
  EXPECT_EQ(Ask("capset { pid: 2 effective: 0x1fffeffffff permitted: 0x1fffeffffff }"), "0");
  EXPECT_EQ(Ask("prlimit64 { pid: 2 resource: 9 new_limit { current: 5 maximum: 8 } }"), "EPERM");
  EXPECT_EQ(Ask("prlimit64 { pid: 2 resource: 9 new_limit { current: 5 maximum: 6 } }"), "0");
}

TEST_F(OperationTest, WhoGivesRootUpGivesUpWhatGoesWithIt) {
  EXPECT_EQ(Ask("setgroups { pid: 2 gids: 4 gids: 24 }"), "0");
  EXPECT_EQ(Ask("setgroups { pid: 2 gids: 4294967295 }"), "EINVAL");
  EXPECT_EQ(Ask("setfsuid { pid: 2 uid: 5 }"), "0");
  EXPECT_EQ(Ask("setfsuid { pid: 2 uid: 0 }"), "5");
  EXPECT_EQ(Ask("setfsgid { pid: 2 gid: 6 }"), "0");
  EXPECT_EQ(Ask("setfsgid { pid: 2 gid: 6 }"), "6");
  EXPECT_EQ(Ask("setregid { pid: 2 rgid: 7 egid: 8 }"), "0");
  EXPECT_EQ(Ask("setresgid { pid: 2 sgid: 9 }"), "0");
  EXPECT_EQ(Ask("setgid { pid: 2 gid: 10 }"), "0");
  EXPECT_EQ(Ask("setresuid { pid: 2 euid: 1000 }"), "0");
  // Memory locked by another than root is bounded.
  EXPECT_EQ(Ask("prlimit64 { pid: 2 resource: 8 new_limit { current: 0 maximum: 0 } }"), "0");
  EXPECT_EQ(Ask("mlockall { pid: 2 flags: 2 }"), "EPERM");
  EXPECT_EQ(Ask("setreuid { pid: 2 euid: 0 }"), "0");
  EXPECT_EQ(Ask("mlockall { pid: 2 flags: 2 }"), "0");
  EXPECT_EQ(Ask("munlockall { pid: 2 }"), "0");
  EXPECT_EQ(Ask("setuid { pid: 2 uid: 1000 }"), "0");
  EXPECT_EQ(Ask("setuid { pid: 2 uid: 0 }"), "EPERM");
  EXPECT_EQ(Ask("setgroups { pid: 2 }"), "EPERM");
  // A child is its parent's equal; a program too.
  EXPECT_EQ(Ask("fork { pid: 2 }"), "3");
  EXPECT_EQ(Ask("mlockall { pid: 3 flags: 2 }"), "EPERM");
  EXPECT_EQ(Ask("execve { pid: 3 path: '/bin/true' }"), "0");
  EXPECT_EQ(Ask("mlockall { pid: 3 flags: 2 }"), "EPERM");
  EXPECT_EQ(Ask("mmap { pid: 3 length_bytes: 4096 prot: 3 flags: 0x32 }"), "EPERM");
  EXPECT_EQ(Ask("mmap { pid: 1 length_bytes: 4096 prot: 3 flags: 0x32 }"), "0");
}

TEST_F(OperationTest, PrctlKeepsWritersFromExecuting) {
  EXPECT_EQ(Ask("prctl { pid: 2 option: 66 }"), "0");
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 8192 prot: 3 flags: 0x32 }"), "0x10000000");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 65 argument2: 4 }"), "EINVAL");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 65 argument2: 2 }"), "EINVAL");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 65 argument2: 1 argument5: 1 }"), "EINVAL");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 65 argument2: 1 }"), "0");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 65 argument2: 3 }"), "EPERM");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 66 argument3: 1 }"), "EINVAL");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 66 }"), "1");
  EXPECT_EQ(Ask("mmap { pid: 2 length_bytes: 4096 prot: 7 flags: 0x22 }"), "EACCES");
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x20000000 length_bytes: 4096 prot: 5 flags: 0x32 }"), "0x20000000");
  EXPECT_EQ(Ask("mprotect { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 5 }"), "EACCES");
  EXPECT_EQ(Ask("mprotect { pid: 2 address: 0x20000000 length_bytes: 4096 prot: 4 }"), "0");
  // Inherited, unless it was said that it is not.
  EXPECT_EQ(Ask("fork { pid: 2 }"), "3");
  EXPECT_EQ(Ask("prctl { pid: 3 option: 66 }"), "1");
  EXPECT_EQ(Ask("execve { pid: 3 path: '/bin/true' }"), "0");
  EXPECT_EQ(Ask("prctl { pid: 3 option: 66 }"), "1");
  EXPECT_EQ(Ask("prctl { pid: 1 option: 65 argument2: 3 }"), "0");
  EXPECT_EQ(Ask("fork { pid: 1 }"), "4");
  EXPECT_EQ(Ask("prctl { pid: 4 option: 66 }"), "0");
}

TEST_F(OperationTest, PrctlKnowsTheBoundingSetAndKeptCapabilities) {
  EXPECT_EQ(Ask("prctl { pid: 2 option: 23 argument2: 24 }"), "1");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 23 argument2: 41 }"), "EINVAL");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 24 argument2: 24 }"), "0");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 23 argument2: 24 }"), "0");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 8 argument2: 2 }"), "EINVAL");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 8 argument2: 1 }"), "0");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 7 }"), "1");
  // Without CONFIG_ANON_VMA_NAME; and what is not simulated.
  EXPECT_EQ(Ask("prctl { pid: 2 option: 0x53564d41 argument3: 4096 argument4: 4096 }"), "EINVAL");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 1 }"), "ENOSYS");
}

// --- Address spaces

TEST_F(OperationTest, MmapMunmapAndMprotectTakeTheKernelsArguments) {
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 12288 prot: 3 flags: 0x32 }"), "0x10000000");
  EXPECT_EQ(Ask("mprotect { pid: 2 address: 0x10001000 length_bytes: 4096 prot: 1 }"), "0");
  EXPECT_TRUE(MapsHave("10000000-10001000 rw-p"));
  EXPECT_TRUE(MapsHave("10001000-10002000 r--p"));
  EXPECT_EQ(Ask("munmap { pid: 2 address: 0x10000000 length_bytes: 8192 }"), "0");
  EXPECT_FALSE(MapsHave("10001000-"));
  EXPECT_EQ(Ask("mmap { pid: 2 length_bytes: 4096 prot: 1 flags: 2 fd: 7 }"), "EBADF");
  EXPECT_EQ(Ask("mmap { pid: 2 length_bytes: 4096 prot: 1 flags: 2 fd: 7 offset_bytes: 1 }"), "EINVAL");
}

TEST_F(OperationTest, MincoreAnswersAByteAPage) {
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 12288 prot: 3 flags: 0x32 }"), "0x10000000");
  EXPECT_EQ(Ask("touch { pid: 2 address: 0x10001000 access: ACCESS_KIND_WRITE }"), "1");
  EXPECT_EQ(Run("mincore { pid: 2 address: 0x10000000 length_bytes: 12288 }").residency(), std::string("\0\1\0", 3));
  const v1::Answer hole = Run("mincore { pid: 2 address: 0x10001000 length_bytes: 16384 }");
  EXPECT_EQ(AnswerText(hole), "ENOMEM");
  EXPECT_EQ(hole.residency(), std::string("\1\0", 2));
  EXPECT_EQ(Ask("mincore { pid: 2 address: 0x10000000 length_bytes: 4096 vec: 8 }"), "EFAULT");
  EXPECT_EQ(Ask("mincore { pid: 9 }"), "ESRCH");
}

TEST_F(OperationTest, SealedMemoryStaysWhatItIs) {
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 8192 prot: 3 flags: 0x32 }"), "0x10000000");
  EXPECT_EQ(Ask("mseal { pid: 2 address: 0x10000000 length_bytes: 4096 flags: 1 }"), "EINVAL");
  EXPECT_EQ(Ask("mseal { pid: 2 address: 0x10000000 length_bytes: 4096 }"), "0");
  EXPECT_EQ(Ask("munmap { pid: 2 address: 0x10000000 length_bytes: 8192 }"), "EPERM");
}

TEST_F(OperationTest, SharedPagesAreSyncedAndShownElsewhere) {
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 8192 prot: 3 flags: 0x31 }"), "0x10000000");
  EXPECT_EQ(Ask("remap_file_pages { pid: 2 address: 0x10000000 length_bytes: 4096 page_offset: 1 }"), "0");
  EXPECT_TRUE(MapsHave("10000000-10001000 rw-s 00001000"));
  EXPECT_EQ(Ask("msync { pid: 2 address: 0x10000000 length_bytes: 8192 flags: 4 }"), "0");
  EXPECT_EQ(Ask("msync { pid: 2 address: 0x10000000 length_bytes: 8192 flags: 8 }"), "EINVAL");
}

TEST_F(OperationTest, ProcessMadviseCountsTheBytesBeforeAnError) {
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 8192 prot: 3 flags: 0x32 }"), "0x10000000");
  const std::string ranges =
      "ranges { address: 0x10000000 length_bytes: 8192 } ranges { address: 0x20000000 length_bytes: 4096 }";
  EXPECT_EQ(Ask(absl::StrCat("process_madvise { pid: 1 target_pid: 2 advice: 20 ", ranges, " }")), "8192");
  EXPECT_EQ(Ask(absl::StrCat("process_madvise { pid: 1 target_pid: 2 advice: 20 flags: 1 ", ranges, " }")), "EINVAL");
  // Of another process only hints; of one's own anything.
  EXPECT_EQ(Ask(absl::StrCat("process_madvise { pid: 1 target_pid: 2 advice: 4 ", ranges, " }")), "EINVAL");
  EXPECT_EQ(Ask(absl::StrCat("process_madvise { pid: 2 target_pid: 2 advice: 4 ", ranges, " }")), "8192");
  EXPECT_EQ(Ask("process_madvise { pid: 2 target_pid: 2 advice: 4 ranges { address: 1 length_bytes: 1 } }"), "EINVAL");
  EXPECT_EQ(Ask("process_madvise { pid: 1 target_pid: 99 advice: 20 }"), "ESRCH");
  EXPECT_EQ(Ask("process_madvise { pid: 1 target_pid: 2 advice: 20 }"), "0");
  EXPECT_EQ(Ask("fork { pid: 2 }"), "3");
  EXPECT_EQ(Ask("setuid { pid: 3 uid: 1000 }"), "0");
  EXPECT_EQ(Ask(absl::StrCat("process_madvise { pid: 3 target_pid: 2 advice: 20 ", ranges, " }")), "EPERM");
  v1::Call call;
  call.mutable_process_madvise()->set_pid(2);
  call.mutable_process_madvise()->set_target_pid(2);
  for (int i = 0; i < 1025; ++i) call.mutable_process_madvise()->add_ranges();
  EXPECT_EQ(AnswerText(Run(call)), "EINVAL");
}

TEST_F(OperationTest, MremapTakesTwoLengthsAndANewAddressOrItsSlot) {
  EXPECT_EQ(Ask("store_as: 1 mmap { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 3 flags: 0x32 }"),
            "0x10000000");
  EXPECT_EQ(Ask("mremap { pid: 2 address_slot: 1 old_length_bytes: 4096 new_length_bytes: 8192 flags: 3 "
                "new_address: 0x20000000 }"),
            "0x20000000");
  EXPECT_EQ(Ask("mremap { pid: 2 address: 0x20000000 old_length_bytes: 8192 new_length_bytes: 8192 flags: 3 "
                "new_address_slot: 1 new_address: 0x5000 }"),
            "0x10005000");
  EXPECT_TRUE(MapsHave("10005000-10007000 rw-p"));
}

TEST_F(OperationTest, BrkAndMadviseTakeTheKernelsArguments) {
  EXPECT_EQ(Ask("execve { pid: 2 path: '/bin/x' }"), "0");
  EXPECT_EQ(Ask("store_as: 1 brk { pid: 2 }"), "0x555555567000");
  EXPECT_EQ(Ask("brk { pid: 2 address_slot: 1 address: 0x2000 }"), "0x555555569000");
  EXPECT_EQ(Ask("brk { pid: 2 address: 1 }"), "0x555555569000");
  EXPECT_EQ(Ask("touch { pid: 2 address_slot: 1 access: ACCESS_KIND_WRITE page_count: 2 }"), "2");
  EXPECT_EQ(Ask("madvise { pid: 2 address_slot: 1 length_bytes: 4096 advice: 4 }"), "0");
  EXPECT_EQ(Ask("touch { pid: 2 address_slot: 1 access: ACCESS_KIND_WRITE page_count: 2 }"), "1");
  EXPECT_EQ(Ask("madvise { pid: 2 address_slot: 1 length_bytes: 4096 advice: -1 }"), "EINVAL");
}

TEST_F(OperationTest, WhatLocksMemoryTakesTheKernelsArguments) {
  Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 16384 prot: 3 flags: 0x32 } store_as: 1");
  EXPECT_EQ(Ask("mlock { pid: 2 address_slot: 1 length_bytes: 4096 }"), "0");
  EXPECT_EQ(Ask("mlock2 { pid: 2 address_slot: 1 address: 4096 length_bytes: 4096 flags: 1 }"), "0");
  EXPECT_TRUE(StatusHas("VmLck:\t       8 kB"));
  EXPECT_EQ(Ask("touch { pid: 2 address_slot: 1 page_count: 2 access: ACCESS_KIND_WRITE }"), "1");
  EXPECT_EQ(Ask("munlock { pid: 2 address_slot: 1 length_bytes: 4096 }"), "0");
  EXPECT_TRUE(StatusHas("VmLck:\t       4 kB"));
  EXPECT_EQ(Ask("mlockall { pid: 2 flags: 8 }"), "EINVAL");
  EXPECT_EQ(Ask("mlockall { pid: 2 flags: 3 }"), "0");
  EXPECT_EQ(Ask("touch { pid: 2 address_slot: 1 page_count: 4 access: ACCESS_KIND_WRITE }"), "0");
  EXPECT_EQ(Ask("munlockall { pid: 2 }"), "0");
  EXPECT_TRUE(StatusHas("VmLck:\t       0 kB"));
}

TEST_F(OperationTest, PrctlForbidsHugePages) {
  EXPECT_EQ(Ask("prctl { pid: 2 option: 41 argument2: 1 argument3: 2 }"), "0");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 42 }"), "3");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 41 argument2: 1 }"), "0");
  EXPECT_TRUE(StatusHas("THP_enabled:\t0"));
  EXPECT_EQ(Ask("prctl { pid: 2 option: 42 argument2: 1 }"), "EINVAL");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 41 argument4: 1 }"), "EINVAL");
  EXPECT_EQ(Ask("prctl { pid: 2 option: 41 argument5: 1 }"), "EINVAL");
}

TEST_F(OperationTest, TouchTellsFaultsAndSignals) {
  Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 8192 prot: 1 flags: 0x32 }");
  EXPECT_EQ(Ask("touch { pid: 2 address: 0x10000000 }"), "1");
  EXPECT_EQ(Ask("touch { pid: 2 address: 0x10000007 page_count: 3 }"), "1, signal 11 code 1 at 0x10002007");
  EXPECT_EQ(Ask("touch { pid: 2 address: 0x10000000 access: ACCESS_KIND_WRITE }"), "0, signal 11 code 2 at 0x10000000");
  EXPECT_EQ(Ask("touch { pid: 2 address: 0x10000000 access: ACCESS_KIND_EXECUTE }"),
            "0, signal 11 code 2 at 0x10000000");
  EXPECT_EQ(Ask("touch { pid: 2 address: 0x800000000000 }"), "0, signal 11 code 128 at 0x0");
  EXPECT_EQ(Ask("touch { pid: 9 address: 1 }"), "ESRCH");
}

TEST_F(OperationTest, TouchCountsMajorFaultsApart) {
  Ask("mknod { path: '/f' }");
  EXPECT_EQ(Ask("open { pid: 2 path: '/f' flags: 2 }"), "0");
  EXPECT_EQ(Ask("ftruncate { pid: 2 fd: 0 length_bytes: 0x40000 }"), "0");
  Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 0x40000 prot: 1 flags: 0x12 fd: 0 }");
  const v1::Answer answer = Run("touch { pid: 2 address: 0x10000000 page_count: 16 }");
  EXPECT_EQ(answer.fault_counts().major_faults(), 1U);
  EXPECT_EQ(answer.fault_counts().minor_faults(), answer.value());
  EXPECT_EQ(Run("touch { pid: 2 address: 0x10000000 }").detail_case(), v1::Answer::DETAIL_NOT_SET);
}

TEST_F(OperationTest, AStoreToTheVdsoFindsItsCopyAtOnce) {
  Run("spawn { comm: 'sh' } store_as: 1");
  EXPECT_EQ(Ask("execve { pid_slot: 1 path: '/sbin/init' }"), "0");
  EXPECT_EQ(Ask("mprotect { pid_slot: 1 address: 0x7ffff7ffd000 length_bytes: 8192 prot: 7 }"), "0");
  EXPECT_EQ(Ask("touch { pid_slot: 1 address: 0x7ffff7ffd000 access: ACCESS_KIND_WRITE }"), "1");
  EXPECT_EQ(Ask("touch { pid_slot: 1 address: 0x7ffff7ffe000 }"), "1");
  EXPECT_EQ(Ask("touch { pid_slot: 1 address: 0x7ffff7ffe000 access: ACCESS_KIND_WRITE }"), "1")
      << "it was read before";
}

TEST_F(OperationTest, TouchRefusesWhatNoMachineMayDo) {
  EXPECT_EQ(Refusal("touch { pid: 2 page_count: 1048577 }"), "page_count is 1048577; it must be at most 1048576");
  EXPECT_EQ(Ask("touch { pid: 2 page_count: 1048576 }"), "0, signal 11 code 1 at 0x0");
  v1::Call call = CallOf("touch { pid: 2 }");
  call.mutable_touch()->set_access(static_cast<v1::AccessKind>(9));
  EXPECT_EQ(Run(call).misuse().message(), "access is 9; it must be READ, WRITE or EXECUTE");
}

// --- System V shared memory

TEST_F(OperationTest, SharedMemoryTakesTheKernelsArguments) {
  EXPECT_EQ(Ask("shmget { pid: 2 key: 42 size_bytes: 8192 flags: 01600 } store_as: 1"), "0");
  EXPECT_EQ(Ask("shmget { pid: 2 key: 42 size_bytes: 8193 flags: 0600 }"), "EINVAL");
  EXPECT_EQ(Ask("shmget { pid: 2 size_bytes: 4096 } store_as: 2"), "1");
  EXPECT_EQ(Ask("shmat { pid: 2 shmid_slot: 1 address: 0x10000123 flags: 030000 } store_as: 3"), "0x10000000");
  EXPECT_TRUE(MapsHave("10000000-10002000 r--s 00000000 00:01 0"));
  EXPECT_EQ(Ask("shmat { pid: 2 shmid: 1 address_slot: 3 address: 0x2000 }"), "0x10002000");
  EXPECT_EQ(Ask("shmdt { pid: 2 address_slot: 3 address: 0x2000 }"), "0");
  EXPECT_EQ(Ask("shmctl { pid: 2 shmid_slot: 2 command: 0 }"), "0");
  EXPECT_EQ(Ask("shmctl { pid: 2 shmid_slot: 2 command: 0 }"), "EINVAL");
  EXPECT_EQ(Ask("shmctl { pid: 2 shmid: -1 command: 2 }"), "EINVAL");
  EXPECT_EQ(Ask("shmctl { pid: 2 shmid: 5 shmid_slot: 3 command: 2 }"), "EINVAL") << "a number that is no int";
  EXPECT_EQ(Ask("shmctl { pid: 2 shmid_slot: 1 command: 2 bad_buffer: true }"), "EFAULT");
  EXPECT_EQ(Ask("shmctl { pid: 2 shmid_slot: 1 command: 1 uid: 5 gid: 6 mode: 0644 }"), "0");
}

TEST_F(OperationTest, ShmctlTellsWhatTheKernelWrites) {
  Ask("shmget { pid: 2 key: -7 size_bytes: 5000 flags: 01640 }");
  Ask("shmat { pid: 2 shmid: 0 address: 0x10000000 }");
  Ask("shmctl { pid: 2 shmid: 0 command: 1 uid: 5 gid: 6 mode: 0644 }");
  Ask("touch { pid: 2 address: 0x10000000 page_count: 2 access: ACCESS_KIND_WRITE }");
  const v1::ShmidDs segment = Run(CallOf("shmctl { pid: 2 shmid: 0 command: 13 }")).shmid_ds();
  EXPECT_EQ(segment.key(), -7);
  EXPECT_EQ(segment.uid(), 5U);
  EXPECT_EQ(segment.gid(), 6U);
  EXPECT_EQ(segment.creator_uid(), 0U);
  EXPECT_EQ(segment.creator_gid(), 0U);
  EXPECT_EQ(segment.mode(), 0644U);
  EXPECT_EQ(segment.sequence_number(), 0U);
  EXPECT_EQ(segment.size_bytes(), 5000U);
  EXPECT_EQ(segment.attach_count(), 1U);
  EXPECT_EQ(segment.creator_pid(), 2U);
  EXPECT_EQ(segment.last_pid(), 2U);
  EXPECT_EQ(segment.attach_time_s(), 1767225600U);
  EXPECT_EQ(segment.detach_time_s(), 0U);
  EXPECT_EQ(segment.change_time_s(), 1767225600U);
  const v1::ShmLimits limits = Run(CallOf("shmctl { pid: 2 command: 3 }")).shm_limits();
  EXPECT_EQ(limits.max_size_bytes(), 18446744073692774399U);
  EXPECT_EQ(limits.min_size_bytes(), 1U);
  EXPECT_EQ(limits.max_segments(), 4096U);
  EXPECT_EQ(limits.max_segments_per_process(), 4096U);
  EXPECT_EQ(limits.max_pages(), 18446744073692774399U);
  const v1::ShmUsage usage = Run(CallOf("shmctl { pid: 2 command: 14 }")).shm_usage();
  EXPECT_EQ(usage.segments(), 1U);
  EXPECT_EQ(usage.pages(), 2U);
  EXPECT_EQ(usage.resident_pages(), 2U);
}

TEST_F(OperationTest, SealedFilesAreMappedReadOnlyForGood) {
  EXPECT_EQ(Ask("memfd_create { pid: 2 name: 'm' flags: 2 }"), "0");
  EXPECT_EQ(Ask("fallocate { pid: 2 fd: 0 length_bytes: 8192 }"), "0");
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 3 flags: 0x11 fd: 0 }"), "0x10000000");
  EXPECT_TRUE(MapsHave("/memfd:m (deleted)"));
  EXPECT_EQ(Ask("fcntl { pid: 2 fd: 0 command: 1033 argument: 8 }"), "EBUSY");
  EXPECT_EQ(Ask("munmap { pid: 2 address: 0x10000000 length_bytes: 4096 }"), "0");
  EXPECT_EQ(Ask("fcntl { pid: 2 fd: 0 command: 1033 argument: 8 }"), "0");
  EXPECT_EQ(Ask("fcntl { pid: 2 fd: 0 command: 1034 }"), "8");
  EXPECT_EQ(Ask("mmap { pid: 2 length_bytes: 4096 prot: 3 flags: 1 fd: 0 }"), "EPERM");
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 1 flags: 0x11 fd: 0 }"), "0x10000000");
  EXPECT_EQ(Ask("mprotect { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 3 }"), "EACCES");
  EXPECT_EQ(Ask("mmap { pid: 2 address: 0x10000000 length_bytes: 4096 prot: 3 flags: 0x12 fd: 0 }"), "0x10000000");
  EXPECT_EQ(Ask("fcntl { pid: 2 fd: 0 command: 0 argument: 5 }"), "5");
  EXPECT_EQ(Ask("fcntl { pid: 2 fd: 0 command: 1030 argument: 4294967296 }"), "EINVAL");
  EXPECT_EQ(Ask("fcntl { pid: 2 fd: 9 command: 1 }"), "EBADF");
  EXPECT_EQ(Ask("fallocate { pid: 2 fd: 9 length_bytes: 1 }"), "EBADF");
}

// --- Pages

TEST_F(OperationTest, PagesComeAndGoByFrameAndByAddress) {
  const v1::Answer block = Run("store_as: 1 alloc_pages { gfp_mask: 0xcc0 order: 2 }");
  EXPECT_GT(block.value(), 0U);
  EXPECT_EQ(block.value() % 4, 0U);
  EXPECT_EQ(Ask("free_pages { frame_number_slot: 1 order: 2 }"), "0");
  EXPECT_EQ(Ask("alloc_pages { gfp_mask: 0xcc0 order: 11 }"), "EINVAL");
  const v1::Answer page = Run("store_as: 2 get_zeroed_page { gfp_mask: 0xcc0 }");
  EXPECT_EQ(page.value() >> 32, 0xffff8880U);
  EXPECT_EQ(Ask("free_pages { address_slot: 2 }"), "0");
}

TEST_F(OperationTest, AGfpMaskHas32Bits) {
  EXPECT_EQ(Refusal("alloc_pages { gfp_mask: 0x100000000 }"),
            "gfp_mask is 4294967296; it has 32 bits: write at most 0xffffffff");
  EXPECT_EQ(Refusal("get_zeroed_page { gfp_mask: 0x100000000 }"),
            "gfp_mask is 4294967296; it has 32 bits: write at most 0xffffffff");
}

TEST_F(OperationTest, EveryWrongFreeIsToldWhatIsWrong) {
  const auto refusal = [this](const std::string& arguments) {
    const v1::Answer answer = Run(absl::StrCat("free_pages { ", arguments, " }"));
    EXPECT_EQ(answer.error_number(), 22) << arguments;
    return v1::FreeRefusal_Name(answer.free_refusal());
  };
  const std::uint64_t block = Run("store_as: 1 alloc_pages { gfp_mask: 0xcc0 order: 2 }").value();
  EXPECT_EQ(refusal("frame_number_slot: 1 order: 1"), "FREE_REFUSAL_WRONG_ORDER");
  EXPECT_EQ(refusal(absl::StrCat("order: 2 frame_number: ", block + 1)), "FREE_REFUSAL_NOT_BLOCK_START");
  EXPECT_EQ(refusal("frame_number: 0"), "FREE_REFUSAL_NO_SUCH_FRAME");
  EXPECT_EQ(refusal("frame_number: 18446744073709551615"), "FREE_REFUSAL_NO_SUCH_FRAME");
  EXPECT_EQ(refusal("address: 4096"), "FREE_REFUSAL_NO_SUCH_FRAME");
  EXPECT_EQ(refusal("address: 0xffff888000000001"), "FREE_REFUSAL_NO_SUCH_FRAME");
  EXPECT_EQ(Ask("free_pages { frame_number_slot: 1 order: 2 }"), "0");
  EXPECT_EQ(refusal("frame_number_slot: 1 order: 2"), "FREE_REFUSAL_ALREADY_FREE");
  // Some page of the kernel's own: the machine has few, so they lie close to each other.
  bool in_use = false;
  for (std::uint64_t frame = block; frame-- > 0 && !in_use;) {
    in_use = Run(absl::StrCat("free_pages { frame_number: ", frame, " }")).free_refusal() == v1::FREE_REFUSAL_IN_USE;
  }
  for (std::uint64_t frame = block; frame < 16384 && !in_use; ++frame) {
    in_use = Run(absl::StrCat("free_pages { frame_number: ", frame, " }")).free_refusal() == v1::FREE_REFUSAL_IN_USE;
  }
  EXPECT_TRUE(in_use);
}

// --- Files

TEST_F(OperationTest, FilesAreMadeOpenedWrittenSoughtCutAndClosed) {
  EXPECT_EQ(Ask("mknod { path: '/f' size_bytes: 100 }"), "0");
  EXPECT_EQ(Ask("mknod { path: '/f' }"), "EEXIST");
  EXPECT_EQ(Ask("open { pid: 2 path: '/f' flags: 2 }"), "0");
  EXPECT_EQ(Ask("write { pid: 2 fd: 0 length_bytes: 10 }"), "10");
  EXPECT_EQ(Ask("lseek { pid: 2 fd: 0 whence: 1 }"), "10");
  EXPECT_EQ(Ask("write { pid: 2 fd: 0 length_bytes: 5 offset_bytes: 200 }"), "5");
  EXPECT_EQ(Ask("lseek { pid: 2 fd: 0 offset_bytes: -5 whence: 2 }"), "200");
  EXPECT_EQ(Ask("ftruncate { pid: 2 fd: 0 length_bytes: 50 }"), "0");
  EXPECT_EQ(Ask("lseek { pid: 2 fd: 0 whence: 2 }"), "50");
  EXPECT_EQ(Ask("close { pid: 2 fd: 0 }"), "0");
  EXPECT_EQ(Ask("close { pid: 2 fd: 0 }"), "EBADF");
}

TEST_F(OperationTest, SysctlsAreWritten) {
  EXPECT_EQ(Ask("write_proc { pid: 2 path: '/proc/sys/vm/max_map_count' text: '1000 ' }"), "5");
  EXPECT_EQ(Proc("sys/vm/max_map_count"), "1000\n");
  EXPECT_EQ(Ask("write_proc { pid: 2 path: 'sys/vm/max_map_count' text: '-1' }"), "EINVAL");
  EXPECT_EQ(Ask("write_proc { pid: 2 path: 'meminfo' text: '1' }"), "EIO");
  EXPECT_EQ(Ask("write_proc { path: 'sys/vm/max_map_count' text: '1' }"), "ESRCH");
}

TEST_F(OperationTest, DupTakesTheLowestDescriptorOrTheOneThatIsNamed) {
  Ask("mknod { path: '/f' }");
  Ask("open { pid: 2 path: '/f' flags: 2 }");
  EXPECT_EQ(Ask("dup { pid: 2 fd: 0 }"), "1");
  EXPECT_EQ(Ask("dup { pid: 2 fd: 0 minimum_fd: 7 }"), "7");
  EXPECT_EQ(Ask("dup { pid: 2 fd: 0 new_fd: 5 }"), "5");
  EXPECT_EQ(Ask("dup { pid: 2 fd: 3 }"), "EBADF");
}

TEST_F(OperationTest, NamesAreTakenAwayAndChanged) {
  Ask("mknod { path: '/f' }");
  EXPECT_EQ(Ask("rename { old_path: '/f' new_path: '/g' }"), "0");
  EXPECT_EQ(Ask("unlink { path: '/f' }"), "ENOENT");
  EXPECT_EQ(Ask("unlink { path: '/g' }"), "0");
  EXPECT_EQ(Ask("open { pid: 2 path: '/g' }"), "ENOENT");
}

TEST_F(OperationTest, EveryKindOfFileCanBeMadeAndNoOther) {
  const google::protobuf::EnumDescriptor& kinds = *v1::FileKind_descriptor();
  for (int i = 0; i < kinds.value_count(); ++i) {
    EXPECT_EQ(Ask(absl::StrCat("mknod { path: '/kind", i, "' kind: ", kinds.value(i)->name(), " }")), "0");
  }
  v1::Call call = CallOf("mknod { path: '/other' }");
  call.mutable_mknod()->set_kind(static_cast<v1::FileKind>(99));
  EXPECT_EQ(Run(call).misuse().message(), "kind is 99, which is no FileKind");
  EXPECT_EQ(Ask("mknod { path: '/mapped' kind: FILE_KIND_TMPFS size_bytes: 4096 }"), "0");
}

}  // namespace
}  // namespace memsim
