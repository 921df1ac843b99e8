#include "client/replay/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/replay/recording_machine.h"

namespace memsim::replay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class ReplayTest : public testing::Test {
 protected:
  TraceReport Replay(const std::string& text, FirstProcess first_process = FirstProcess::kEnds) {
    const Trace trace = ParseTrace(text);
    absl::StatusOr<TraceReport> report = ReplayTrace(trace, machine_, first_process);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : TraceReport();
  }

  static v1::Answer Errno(int number) {
    v1::Answer answer;
    answer.set_error_number(number);
    return answer;
  }

  RecordingMachine machine_;
};

TEST_F(ReplayTest, TheFirstProcessIsSpawnedWithItsLimitsAndDescriptors) {
  const TraceReport report = Replay("# limits: STACK 8388608, MEMLOCK 65536\n1000 brk(NULL) = 0\n");
  EXPECT_EQ(report.first_pid, 100U);
  EXPECT_EQ(report.equal, 1U);
  EXPECT_THAT(machine_.Of(v1::Call::kSpawn), SizeIs(1));
  EXPECT_THAT(machine_.Of(v1::Call::kOpen), SizeIs(3));
  const std::vector<v1::Call> limits = machine_.Of(v1::Call::kPrlimit64);
  ASSERT_THAT(limits, SizeIs(2));
  EXPECT_EQ(limits[0].prlimit64().new_limit().current(), 8388608U);
  EXPECT_EQ(limits[1].prlimit64().new_limit().maximum(), 65536U);
  EXPECT_EQ(machine_.Of(v1::Call::kBrk)[0].brk().pid(), 100U);
}

TEST_F(ReplayTest, EqualAnswersAreCountedAndOthersListed) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (call.has_munmap()) return Errno(22);
    return std::nullopt;
  };
  const TraceReport report = Replay(
      "1000 mmap(0x10000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x10000\n"
      "1000 munmap(0x10000, 4096) = 0\n"
      "1000 munmap(0x10001, 4096) = -1 EINVAL (Invalid argument)\n"
      "1000 munmap(0x10001, 4096) = -1 EPERM (Operation not permitted)\n");
  EXPECT_EQ(report.equal, 2U);
  ASSERT_THAT(report.differences, SizeIs(2));
  EXPECT_EQ(report.differences[0].line_number, 2);
  EXPECT_EQ(report.differences[0].call, "munmap(0x10000, 4096)");
  EXPECT_EQ(report.differences[0].kernel, "0");
  EXPECT_EQ(report.differences[0].ours, "EINVAL");
  EXPECT_EQ(report.differences[1].kernel, "EPERM");
  EXPECT_FALSE(report.WhollyEqual());
}

TEST_F(ReplayTest, ArgumentsReachTheMachineAsNumbers) {
  Replay(
      "1000 mmap(0x10000, 8192, PROT_READ|PROT_EXEC, MAP_SHARED|MAP_ANONYMOUS|0x80, -1, 0x1000) = 0x10000\n"
      "1000 mremap(0x10000, 8192, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, 0x20000) = 0x20000\n"
      "1000 madvise(0x10000, 4096, 0x66) = 0\n"
      "1000 mlock(0x10000, 4095) = 0\n"
      "1000 mlock2(0x11000, 4096, MLOCK_ONFAULT) = 0\n"
      "1000 munlock(0x12000, 4096) = 0\n"
      "1000 mlockall(MCL_CURRENT|MCL_FUTURE) = 0\n"
      "1000 munlockall() = 0\n"
      "1000 mprotect(0x10000, 4096, PROT_READ|PROT_GROWSDOWN) = 0\n");
  const v1::MmapRequest mmap = machine_.Of(v1::Call::kMmap)[0].mmap();
  EXPECT_EQ(mmap.prot(), 5U);
  EXPECT_EQ(mmap.flags(), 0xa1U);
  EXPECT_EQ(mmap.fd(), -1);
  EXPECT_EQ(mmap.offset_bytes(), 0x1000U);
  EXPECT_EQ(machine_.Of(v1::Call::kMremap)[0].mremap().new_address(), 0x20000U);
  EXPECT_EQ(machine_.Of(v1::Call::kMadvise)[0].madvise().advice(), 0x66);
  EXPECT_EQ(machine_.Of(v1::Call::kMlock)[0].mlock().address(), 0x10000U);
  EXPECT_EQ(machine_.Of(v1::Call::kMlock)[0].mlock().length_bytes(), 4095U);
  EXPECT_EQ(machine_.Of(v1::Call::kMlock2)[0].mlock2().flags(), 1U);
  EXPECT_EQ(machine_.Of(v1::Call::kMunlock)[0].munlock().address(), 0x12000U);
  EXPECT_EQ(machine_.Of(v1::Call::kMlockall)[0].mlockall().flags(), 3U);
  EXPECT_EQ(machine_.Of(v1::Call::kMunlockall).size(), 1U);
  EXPECT_EQ(machine_.Of(v1::Call::kMprotect)[0].mprotect().prot(), 0x1000001U);
}

TEST_F(ReplayTest, CallsWaitForOneBatchUntilAnAnswerIsNeeded) {
  std::string text = "1000 brk(NULL) = 0\n";
  for (int i = 0; i < 2500; ++i) text += "1000 munmap(0x10000, 4096) = 0\n";
  Replay(text);
  // Spawn, the mknod of /dev/null, and three opens, of which each is asked for; the rest waits until the limit and the
  // end.
  EXPECT_THAT(machine_.batch_sizes, ElementsAre(1, 1, 1, 1, 1, kMaxReplayBatch, kMaxReplayBatch, 501));
}

TEST_F(ReplayTest, WhatNoMachineCanDoIsSkippedOnce) {
  const TraceReport report = Replay(
      "1000 migrate_pages(1000, 2, [0x1], [0x1]) = 0\n"
      "1000 fchmod(3, 0600) = 0\n"
      "1000 fchmod(9, 0600) = -1 EBADF (Bad file descriptor)\n"
      "1000 userfaultfd(0) = 3\n"
      "1000 prctl(PR_SET_NAME, \"x\") = 0\n"
      "1000 getpid() = 1000\n");
  EXPECT_EQ(report.equal, 0U);
  ASSERT_THAT(report.skips, SizeIs(3)) << "what failed changed nothing, and getpid is none of our business";
  EXPECT_EQ(report.skips[0].call, "migrate_pages");
  EXPECT_EQ(report.skips[1].line_number, 2);
  EXPECT_EQ(report.skips[2].call, "userfaultfd");
}

TEST_F(ReplayTest, IncoreComparesADigitAPage) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_mincore()) return std::nullopt;
    if (call.mincore().address() != 0x10000) return Errno(12);
    v1::Answer answer;
    answer.set_residency(std::string("\1\0", 2));
    return answer;
  };
  const TraceReport report = Replay(
      "1000 @incore(0x10000, 2) = 10\n"
      "1000 @incore(0x10000, 2) = 11\n"
      "1000 @incore(0x20000, 2) = -1 ENOMEM\n"
      "1000 mincore(0x10000, 8192, [1, 1]) = 0\n"
      "1000 mincore(0x20000, 8192, 0x7ffff000) = -1 ENOMEM (Cannot allocate memory)\n");
  EXPECT_EQ(report.equal, 4U);
  ASSERT_THAT(report.differences, SizeIs(1));
  EXPECT_EQ(report.differences[0].ours, "10");
  const std::vector<v1::Call> calls = machine_.Of(v1::Call::kMincore);
  EXPECT_EQ(calls[0].mincore().length_bytes(), 8192U);
  EXPECT_FALSE(calls[3].mincore().has_vec()) << "strace shows what is there, not where";
  EXPECT_EQ(calls[4].mincore().vec(), 0x7ffff000U);
}

TEST_F(ReplayTest, DescriptorsOfProcessesNameThem) {
  const TraceReport report = Replay(
      "1000 pidfd_open(1000, 0) = 3<anon_inode:[pidfd]>\n"
      "1000 process_madvise(3<anon_inode:[pidfd]>, [{iov_base=0x10000, iov_len=8192}], 1, MADV_COLD, 0) = 0\n"
      "1000 process_madvise(9, [{iov_base=0x10000, iov_len=8192}], 1, MADV_COLD, 0) = -1 EBADF (Bad descriptor)\n"
      "1000 process_madvise(3, [{iov_base=0x10000}], 1, MADV_COLD, 0) = 0\n"
      "1000 process_madvise(3) = 0\n");
  EXPECT_EQ(report.equal, 2U);
  EXPECT_THAT(report.unknown_lines, SizeIs(2));
  const std::vector<v1::Call> calls = machine_.Of(v1::Call::kProcessMadvise);
  ASSERT_THAT(calls, SizeIs(1));
  EXPECT_EQ(calls[0].process_madvise().target_pid(), 100U);
  EXPECT_EQ(calls[0].process_madvise().ranges(0).length_bytes(), 8192U);
}

TEST_F(ReplayTest, SealsSyncsAndRemapsAreCalls) {
  const TraceReport report = Replay(
      "1000 syscall_0x1ce(0x10000, 0x1000, 0) = 0\n"
      "1000 mseal(0x11000, 4096, 0) = 0\n"
      "1000 msync(0x10000, 4096, MS_SYNC|MS_INVALIDATE) = 0\n"
      "1000 remap_file_pages(0x10000, 4096, PROT_NONE, 7, MAP_FILE|MAP_NONBLOCK) = 0\n");
  EXPECT_EQ(report.equal, 4U);
  EXPECT_EQ(machine_.Of(v1::Call::kMseal)[0].mseal().length_bytes(), 4096U);
  EXPECT_EQ(machine_.Of(v1::Call::kMsync)[0].msync().flags(), 6U);
  EXPECT_EQ(machine_.Of(v1::Call::kRemapFilePages)[0].remap_file_pages().page_offset(), 7U);
  EXPECT_EQ(machine_.Of(v1::Call::kRemapFilePages)[0].remap_file_pages().flags(), 0x10000U);
}

TEST_F(ReplayTest, ProtectionKeysAreCalls) {
  const TraceReport report = Replay(
      "1000 pkey_alloc(0, PKEY_DISABLE_WRITE) = 0\n"
      "1000 pkey_mprotect(0x10000, 4096, PROT_READ, -1) = 0\n"
      "1000 pkey_free(1) = 0\n");
  EXPECT_EQ(report.equal, 3U);
  EXPECT_EQ(machine_.Of(v1::Call::kPkeyAlloc)[0].pkey_alloc().access_rights(), 2U);
  EXPECT_EQ(machine_.Of(v1::Call::kPkeyMprotect)[0].pkey_mprotect().pkey(), -1);
  EXPECT_EQ(machine_.Of(v1::Call::kPkeyMprotect)[0].pkey_mprotect().prot(), 1U);
  EXPECT_EQ(machine_.Of(v1::Call::kPkeyFree)[0].pkey_free().pkey(), 1);
}

TEST_F(ReplayTest, PoliciesAreComparedWithTheirNodes) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_get_mempolicy()) return std::nullopt;
    if (call.get_mempolicy().has_policy()) return Errno(14);
    v1::Answer answer;
    answer.mutable_memory_policy()->set_policy(2);
    answer.mutable_memory_policy()->add_nodemask(1);
    return answer;
  };
  const TraceReport report = Replay(
      "1000 mbind(0x10000, 4096, MPOL_BIND, [0x00000000000001, 0], 64, MPOL_MF_STRICT) = 0\n"
      "1000 set_mempolicy(MPOL_PREFERRED, NULL, 0) = 0\n"
      "1000 get_mempolicy([MPOL_BIND], [0x1], 64, 0x10000, MPOL_F_ADDR) = 0\n"
      "1000 get_mempolicy([MPOL_BIND], [0x2], 64, 0x10000, MPOL_F_ADDR) = 0\n"
      "1000 get_mempolicy([MPOL_BIND], NULL, 0, 0x10000, MPOL_F_ADDR) = 0\n"
      "1000 get_mempolicy(0x20000, 0x30000, 64, NULL, 0) = -1 EFAULT (Bad address)\n");
  EXPECT_EQ(report.equal, 5U);
  EXPECT_EQ(report.differences.size(), 1U);
  const v1::MbindRequest mbind = machine_.Of(v1::Call::kMbind)[0].mbind();
  EXPECT_EQ(mbind.mode(), 2U);
  ASSERT_EQ(mbind.nodemask_size(), 1);
  EXPECT_EQ(mbind.nodemask(0), 1U);
  EXPECT_FALSE(mbind.has_nodemask_address());
  EXPECT_EQ(mbind.maxnode(), 64U);
  EXPECT_EQ(mbind.flags(), 1U);
  EXPECT_EQ(machine_.Of(v1::Call::kSetMempolicy)[0].set_mempolicy().nodemask_address(), 0U);
  EXPECT_EQ(machine_.Of(v1::Call::kGetMempolicy)[3].get_mempolicy().nodemask(), 0x30000U);
}

TEST_F(ReplayTest, PersonalitiesAndCachestatAreCalls) {
  const TraceReport report = Replay(
      "1000 personality(PER_LINUX|ADDR_NO_RANDOMIZE) = 0 (PER_LINUX)\n"
      "1000 cachestat(0x3, 0x7ffff7fbbff0, 0x7ffff7fbdfd8, 0) = 0\n"
      "1000 cachestat(3</f>, {off=4096, len=8192}, {nr_cache=1}, 0) = 0\n");
  EXPECT_EQ(report.equal, 2U);
  EXPECT_EQ(report.skips.size(), 0U);
  EXPECT_EQ(machine_.Of(v1::Call::kPersonality)[0].personality().persona(), 0x40000U);
  const std::vector<v1::Call> calls = machine_.Of(v1::Call::kCachestat);
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_EQ(calls[0].cachestat().fd(), 3);
  EXPECT_EQ(calls[0].cachestat().stat_address(), 0x7ffff7fbdfd8U);
  EXPECT_EQ(calls[1].cachestat().length_bytes(), 8192U);
  EXPECT_FALSE(calls[1].cachestat().has_range_address());
}

TEST_F(ReplayTest, FilesWithoutANameGetTheTracesDescriptor) {
  const TraceReport report = Replay(
      "1000 memfd_create(\"m\", MFD_CLOEXEC) = 7</memfd:m>(deleted)\n"
      "1000 memfd_create(\"m\", 0x100) = -1 EINVAL (Invalid argument)\n"
      "1000 memfd_create(NULL, 0) = -1 EFAULT (Bad address)\n"
      "1000 fcntl(7</memfd:m>(deleted), F_ADD_SEALS, F_SEAL_WRITE) = 0\n"
      "1000 fcntl(7</memfd:m>(deleted), F_GET_SEALS) = 0x9 (seals F_SEAL_SEAL|F_SEAL_WRITE)\n"
      "1000 fallocate(7</memfd:m>(deleted), FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 4096, 8192) = 0\n");
  EXPECT_EQ(report.equal, 1U);
  EXPECT_THAT(report.differences, SizeIs(2)) << "the recording machine knows neither flags nor names";
  EXPECT_FALSE(machine_.Of(v1::Call::kMemfdCreate)[2].memfd_create().has_name());
  const std::vector<v1::Call> copies = machine_.Of(v1::Call::kDup);
  ASSERT_FALSE(copies.empty());
  EXPECT_EQ(copies.back().dup().new_fd(), 7);
  EXPECT_EQ(machine_.Of(v1::Call::kFcntl)[0].fcntl().argument(), 8U);
  EXPECT_EQ(machine_.Of(v1::Call::kFallocate)[0].fallocate().mode(), 3U);
  EXPECT_EQ(machine_.Of(v1::Call::kFallocate)[0].fallocate().fd(), 7);
}

TEST_F(ReplayTest, TheFirstProcessIsWhoTheHeaderSays) {
  Replay("# uid: 1000, every capability but CAP_SYS_RESOURCE CAP_SYS_NICE, CAP_NONSENSE\n1000 brk(NULL) = 0\n");
  const std::vector<v1::Call> dropped = machine_.Of(v1::Call::kPrctl);
  ASSERT_THAT(dropped, SizeIs(2));
  EXPECT_EQ(dropped[0].prctl().option(), 24);
  EXPECT_EQ(dropped[0].prctl().argument2(), 24U);
  EXPECT_EQ(dropped[1].prctl().argument2(), 23U);
  const std::vector<v1::Call> set = machine_.Of(v1::Call::kCapset);
  ASSERT_THAT(set, SizeIs(1));
  EXPECT_EQ(set[0].capset().effective(), 0x1fffe7fffffU);
  EXPECT_EQ(set[0].capset().permitted(), 0x1fffe7fffffU);
  ASSERT_THAT(machine_.Of(v1::Call::kSetuid), SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kSetuid)[0].setuid().uid(), 1000U);
}

TEST_F(ReplayTest, WhoAProcessIsIsFollowed) {
  const TraceReport report = Replay(
      "1000 setgid(5) = 0\n"
      "1000 setregid(-1, 6) = 0\n"
      "1000 setresgid(1, 2, -1) = 0\n"
      "1000 setfsgid(7) = 2\n"
      "1000 setfsuid(8) = 0\n"
      "1000 setgroups(2, [4, 24]) = 0\n"
      "1000 setreuid(9, -1) = 0\n"
      "1000 setresuid(-1, 10, -1) = 0\n"
      "1000 setuid(11) = -1 EPERM (Operation not permitted)\n"
      "1000 prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) = 0\n"
      "1000 prctl(PR_SET_NAME, \"x\") = 0\n"
      "1000 setuid(zork) = 0\n");
  EXPECT_EQ(report.equal, 1U);
  EXPECT_THAT(report.unknown_lines, SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kSetgid)[0].setgid().gid(), 5U);
  EXPECT_FALSE(machine_.Of(v1::Call::kSetregid)[0].setregid().has_rgid());
  EXPECT_EQ(machine_.Of(v1::Call::kSetregid)[0].setregid().egid(), 6U);
  EXPECT_EQ(machine_.Of(v1::Call::kSetresgid)[0].setresgid().egid(), 2U);
  EXPECT_EQ(machine_.Of(v1::Call::kSetfsgid)[0].setfsgid().gid(), 7U);
  EXPECT_EQ(machine_.Of(v1::Call::kSetfsuid)[0].setfsuid().uid(), 8U);
  EXPECT_EQ(machine_.Of(v1::Call::kSetgroups)[0].setgroups().gids_size(), 2);
  EXPECT_EQ(machine_.Of(v1::Call::kSetreuid)[0].setreuid().ruid(), 9U);
  EXPECT_EQ(machine_.Of(v1::Call::kSetresuid)[0].setresuid().euid(), 10U);
  // What was refused changed nothing.
  EXPECT_THAT(machine_.Of(v1::Call::kSetuid), testing::IsEmpty());
  EXPECT_EQ(machine_.Of(v1::Call::kPrctl)[0].prctl().argument2(), 1U);
}

TEST_F(ReplayTest, WhatTheServerRefusesIsSkippedWithItsWords) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_madvise()) return std::nullopt;
    v1::Answer answer;
    answer.mutable_misuse()->set_message("no such operation");
    return answer;
  };
  const TraceReport report = Replay("1000 madvise(0x10000, 4096, MADV_FREE) = 0\n");
  ASSERT_THAT(report.skips, SizeIs(1));
  EXPECT_THAT(report.skips[0].reason, testing::HasSubstr("no such operation"));
}

TEST_F(ReplayTest, ArgumentsThatNobodyUnderstandsMakeTheLineUnknown) {
  const TraceReport report = Replay(
      "1000 mmap(NULL, 4096, PROT_FISH, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000\n"
      "1000 munmap(0x1000) = 0\n"
      "1000 mm\n"
      "1000 @touch(0x1000, Q) = 1\n");
  ASSERT_THAT(report.unknown_lines, SizeIs(4));
  EXPECT_EQ(report.unknown_lines[0].line_number, 1);
  EXPECT_EQ(report.unknown_lines[2].line_number, 3) << "in order of lines, whoever found it";
}

TEST_F(ReplayTest, AMappingOfAFileThatCannotBeOpenedIsSkippedAndNotEqual) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (call.has_open() && call.open().path() == "/refused") return Errno(36);
    if (call.has_dup() && call.dup().new_fd() == 5000) return Errno(9);
    return std::nullopt;
  };
  const TraceReport report = Replay(
      "1000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</refused>, 0) = 0\n"
      "1000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 5000</a>, 0) = 0\n"
      "1000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 5000</a>, 0) = 0\n"
      "1000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 7, 0) = 0\n");
  EXPECT_EQ(report.equal, 1U) << "a descriptor without a file's name is for the machine to judge";
  EXPECT_THAT(report.differences, IsEmpty());
  ASSERT_THAT(report.skips, SizeIs(3)) << "what failed to open is not taken for open the next time";
  EXPECT_EQ(report.skips[0].reason, "open answered ENAMETOOLONG");
  EXPECT_EQ(report.skips[1].reason, "dup answered EBADF");
  EXPECT_THAT(machine_.Of(v1::Call::kMmap), SizeIs(1));
}

TEST_F(ReplayTest, ALineIsInOneCountEvenIfItsFileCannotBeMade) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (call.has_mknod() && call.mknod().path() == "/a") return Errno(28);
    return std::nullopt;
  };
  // The mapping itself succeeds as in the trace.
  const TraceReport report = Replay("1000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</a>, 0) = 0\n");
  EXPECT_EQ(report.equal, 0U);
  ASSERT_THAT(report.skips, SizeIs(1));
  EXPECT_EQ(report.skips[0].reason, "answered ENOSPC");
}

TEST_F(ReplayTest, ACallThatDidNotReturnHasNothingToCompare) {
  const TraceReport report = Replay("1000 munmap(0x10000, 4096) = ?\n");
  EXPECT_EQ(report.equal + report.differences.size() + report.skips.size() + report.unknown_lines.size(), 0U);
  EXPECT_FALSE(report.WhollyEqual());
}

TEST_F(ReplayTest, AServiceThatFailsEndsTheReplay) {
  machine_.status = absl::UnavailableError("gone");
  const Trace trace = ParseTrace("1000 brk(NULL) = 0\n");
  EXPECT_EQ(ReplayTrace(trace, machine_).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(ReplayTest, TouchesCompareFaultsAndSignals) {
  int touches = 0;
  machine_.override_answer = [&touches](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_touch()) return std::nullopt;
    v1::Answer answer;
    switch (touches++) {
      case 0:
        EXPECT_EQ(call.touch().access(), v1::ACCESS_KIND_WRITE);
        answer.set_value(1);
        break;
      case 1:
        EXPECT_EQ(call.touch().access(), v1::ACCESS_KIND_READ);
        answer.mutable_signal()->set_number(11);
        answer.mutable_signal()->set_code(1);
        break;
      case 2:
        answer.mutable_fault_counts()->set_major_faults(1);
        break;
      default:
        answer.set_value(2);
    }
    return answer;
  };
  const TraceReport report = Replay(
      "1000 @touch(0x100000000000, W) = 1\n"
      "1000 @touch(0x100000001000, R) = SIGSEGV SEGV_MAPERR\n"
      "1000 @touch(0x100000001000, R) = 0 +1 major\n"
      "1000 @touch(0x100000001000, R) = 1\n");
  EXPECT_EQ(report.equal, 3U);
  ASSERT_THAT(report.differences, SizeIs(1));
  EXPECT_EQ(report.differences[0].ours, "2");
}

TEST_F(ReplayTest, MapsStatusAndSmapsAreReadFromProc) {
  machine_.proc["100/maps"] =
      "555555554000-555555556000 r--p 00000000 fd:00 1234                       /usr/bin/x\n"
      "100000000000-100000001000 rw-p 00000000 00:00 0 \n"
      "100000002000-100000003000 rw-s 00001000 00:01 5                          /dev/zero (deleted)\n";
  machine_.proc["100/status"] = "Name:\tx\nVmLck:\t      16 kB\n";
  machine_.proc["100/smaps"] =
      "100000000000-100000001000 rw-p 00000000 00:00 0 \nRss:                   4 kB\nVmFlags: rd wr mr mw me ac \n";
  const TraceReport report = Replay(
      "1000 @maps(0x100000000000, 0x110000000000) = \"100000000000-100000001000 rw-p 00000000\", "
      "\"100000002000-100000003000 rw-s 00001000 /dev/zero (deleted)\"\n"
      "1000 @maps(0x200000000000, 0x210000000000) = none\n"
      "1000 @status(\"VmLck\") = 16 kB\n"
      "1000 @smaps(0x100000000800, \"Rss\") = 4 kB\n"
      "1000 @smaps(0x100000000800, \"VmFlags\") = rd wr mr mw me ac\n"
      "1000 @smaps(0x100000001000, \"Rss\") = none\n");
  EXPECT_THAT(report.differences, IsEmpty());
  EXPECT_THAT(report.skips, IsEmpty());
  EXPECT_EQ(report.equal, 6U);
}

TEST_F(ReplayTest, AProcFileThatIsNotThereSkipsTheLine) {
  const TraceReport report = Replay("1000 @smaps(0x100000000800, \"Rss\") = 4 kB\n");
  ASSERT_THAT(report.skips, SizeIs(1));
  EXPECT_EQ(report.skips[0].reason, "no /proc/PID/smaps");
}

TEST_F(ReplayTest, FaultsAreComparedByTheirDifferences) {
  int reads = 0;
  machine_.override_answer = [this, &reads](const v1::Call& call) -> std::optional<v1::Answer> {
    if (call.has_munmap()) {
      machine_.proc["100/stat"] = "100 (a) b) R 1 1 1 0 -1 0 " + std::to_string(10 + 4 * ++reads) + " 0 0 0 0";
    }
    return std::nullopt;
  };
  machine_.proc["100/stat"] = "100 (a) b) R 1 1 1 0 -1 0 10 0 0 0 0";
  const TraceReport report = Replay(
      "1000 @faults() = 434 0\n"
      "1000 munmap(0x10000, 4096) = 0\n"
      "1000 @faults() = 438 0\n"
      "1000 munmap(0x10000, 4096) = 0\n"
      "1000 @faults() = 443 0\n"
      "1000 clone(child_stack=NULL, flags=SIGCHLD) = 1001\n"
      "1000 munmap(0x10000, 4096) = 0\n"
      "1000 @faults() = 999 0\n");
  // The first is where counting begins, and the last comes after a fork, whose own faults nobody tells.
  EXPECT_EQ(report.equal, 3U + 1U);
  ASSERT_THAT(report.differences, SizeIs(1));
  EXPECT_EQ(report.differences[0].kernel, "+5 +0");
  EXPECT_EQ(report.differences[0].ours, "+4 +0");
}

TEST_F(ReplayTest, LimitsAreComparedWithWhatStoodBefore) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_prlimit64()) return std::nullopt;
    v1::Answer answer;
    answer.mutable_resource_limit()->set_current(8 << 20);
    answer.mutable_resource_limit()->set_maximum(~std::uint64_t{0});
    return answer;
  };
  const TraceReport report = Replay(
      "1000 prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0\n"
      "1000 prlimit64(0, RLIMIT_AS, NULL, {rlim_cur=RLIM64_INFINITY, rlim_max=RLIM64_INFINITY}) = 0\n"
      "1000 prlimit64(0, RLIMIT_DATA, {rlim_cur=64*1024, rlim_max=RLIM64_INFINITY}, NULL) = 0\n"
      "1000 setrlimit(RLIMIT_MEMLOCK, {rlim_cur=1, rlim_max=2}) = 0\n"
      "1000 prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=1024, rlim_max=1024}) = 0\n");
  EXPECT_EQ(report.equal, 3U);
  ASSERT_THAT(report.differences, SizeIs(1));
  EXPECT_EQ(report.differences[0].kernel, "0 {unlimited, unlimited}");
  EXPECT_EQ(report.differences[0].ours, "0 {8388608, unlimited}");
  const std::vector<v1::Call> calls = machine_.Of(v1::Call::kPrlimit64);
  ASSERT_THAT(calls, SizeIs(4));
  EXPECT_FALSE(calls[0].prlimit64().has_new_limit());
  EXPECT_EQ(calls[2].prlimit64().new_limit().current(), 64U * 1024);
}

TEST_F(ReplayTest, LimitsThatAreNoneAreNotUnderstoodAndThoseThatNobodyToldAreSkipped) {
  const TraceReport report = Replay(
      "1000 prlimit64(0, RLIMIT_STACK, {rlim_cur=zork, rlim_max=1}, NULL) = 0\n"
      "1000 prlimit64(0, RLIMIT_STACK, {rlim_cur=1}, NULL) = 0\n"
      "1000 prlimit64(0, RLIMIT_STACK, NULL, zork) = 0\n"
      "1000 prlimit64(0, RLIMIT_STACK, NULL) = 0\n"
      "1000 prlimit64(0, RLIMIT_ZORK, NULL, NULL) = 0\n"
      "1000 setrlimit(RLIMIT_STACK, zork) = 0\n"
      "1000 prlimit64(0, RLIMIT_STACK, 0x7ffe00, NULL) = -1 EFAULT (Bad address)\n"
      "1000 setrlimit(RLIMIT_STACK, 0x7ffe00) = 0\n"
      "1000 setrlimit(RLIMIT_STACK, NULL) = -1 EFAULT (Bad address)\n"
      "1000 prlimit64(0, RLIMIT_STACK, NULL, 0x7ffe00) = 0\n");
  EXPECT_THAT(report.unknown_lines, SizeIs(6));
  EXPECT_THAT(report.skips, SizeIs(3));
  EXPECT_EQ(report.equal, 1U) << "the old limit is not told, and the call has no other";
}

TEST(Replay, AnInterruptionIsLookedForBeforeEachLine) {
  const Trace trace = ParseTrace("1 brk(NULL) = 0x1000\n1 brk(NULL) = 0x1000\n1 brk(NULL) = 0x1000\n");
  for (int lines = 0; lines <= 3; ++lines) {
    RecordingMachine machine;
    int asked = 0;
    const auto report = ReplayTrace(trace, machine, FirstProcess::kEnds, [&] { return asked++ == lines; });
    EXPECT_EQ(absl::IsCancelled(report.status()), lines < 3) << lines;
    EXPECT_EQ(asked, lines < 3 ? lines + 1 : 3);
  }
}

}  // namespace
}  // namespace memsim::replay
