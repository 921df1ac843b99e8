#include "client/replay/shared_memory_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/replay/replay.h"
#include "client/replay/traced_segments.h"
#include "tests/unit/replay/recording_machine.h"

namespace memsim::replay {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(TracedSegmentsTest, NumbersAreMatchedOneToOne) {
  OneToOne numbers;
  EXPECT_TRUE(numbers.Match(1, 100));
  EXPECT_TRUE(numbers.Match(1, 100));
  EXPECT_FALSE(numbers.Match(1, 101));
  EXPECT_FALSE(numbers.Match(2, 100));
  EXPECT_TRUE(numbers.Match(2, 101));
}

TEST(TracedSegmentsTest, AnIdThatTheTraceNeverGotIsNobodysOnTheMachineToo) {
  TracedSegments segments;
  EXPECT_TRUE(segments.ids().Match(0, 7));
  EXPECT_EQ(segments.MachineId(0), 7);
  EXPECT_EQ(segments.MachineId(7), INT32_MAX) << "the machine's 7 is another segment";
  EXPECT_EQ(segments.MachineId(99999), 99999);
  EXPECT_EQ(segments.MachineId(-1), -1);
}

// The machine's segments are 5, 6, and so on.
class SharedMemoryCallsTest : public testing::Test {
 protected:
  TraceReport Replay(const std::string& text) {
    const Trace trace = ParseTrace(text);
    absl::StatusOr<TraceReport> report = ReplayTrace(trace, machine_, FirstProcess::kEnds);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : TraceReport();
  }
  // What shmctl answers, always.
  void AnswerShmctl(const v1::Answer& answer) {
    machine_.override_answer = [answer](const v1::Call& call) {
      return call.has_shmctl() ? std::optional<v1::Answer>(answer) : std::nullopt;
    };
  }

  RecordingMachine machine_;
};

TEST_F(SharedMemoryCallsTest, ArgumentsReachTheMachineAsNumbersAndIdsAsItsOwn) {
  const TraceReport report = Replay(
      "1000 shmget(0x61002213, 12289, IPC_CREAT|IPC_EXCL|0600) = 1\n"
      "1000 shmget(IPC_PRIVATE, 18446744073709551615, IPC_CREAT|SHM_HUGETLB|0600) = 0\n"
      "1000 shmat(1, 0x100000010000, SHM_RDONLY|SHM_RND) = 0\n"
      "1000 shmat(-1, NULL, 0) = 0\n"
      "1000 shmdt(0x100000010000) = 0\n"
      "1000 shmctl(0, IPC_RMID, NULL) = 0\n"
      "1000 shmctl(0, 0x63 /* SHM_??? */, NULL) = 0\n"
      "1000 shmctl(5, SHM_LOCK, NULL) = 0\n"
      "1000 shmctl(1, IPC_SET, {shm_perm={uid=1, gid=2, mode=0640}}) = 0\n");
  EXPECT_EQ(report.equal, 9U);
  EXPECT_THAT(report.differences, IsEmpty());
  const std::vector<v1::Call> gets = machine_.Of(v1::Call::kShmget);
  ASSERT_THAT(gets, SizeIs(2));
  EXPECT_EQ(gets[0].shmget().key(), 0x61002213);
  EXPECT_EQ(gets[0].shmget().size_bytes(), 12289U);
  EXPECT_EQ(gets[0].shmget().flags(), 03600U);
  EXPECT_EQ(gets[1].shmget().size_bytes(), UINT64_MAX);
  EXPECT_EQ(gets[1].shmget().flags(), 05600U);
  const std::vector<v1::Call> attaches = machine_.Of(v1::Call::kShmat);
  EXPECT_EQ(attaches[0].shmat().shmid(), 5);
  EXPECT_EQ(attaches[0].shmat().address(), 0x100000010000U);
  EXPECT_EQ(attaches[0].shmat().flags(), 030000U);
  EXPECT_EQ(attaches[1].shmat().shmid(), -1);
  EXPECT_EQ(machine_.Of(v1::Call::kShmdt)[0].shmdt().address(), 0x100000010000U);
  const std::vector<v1::Call> controls = machine_.Of(v1::Call::kShmctl);
  EXPECT_EQ(controls[0].shmctl().shmid(), 6);
  EXPECT_EQ(controls[0].shmctl().command(), 0);
  EXPECT_EQ(controls[1].shmctl().command(), 0x63);
  EXPECT_EQ(controls[2].shmctl().shmid(), INT32_MAX) << "the trace has no segment 5";
  EXPECT_EQ(controls[3].shmctl().uid(), 1U);
  EXPECT_EQ(controls[3].shmctl().gid(), 2U);
  EXPECT_EQ(controls[3].shmctl().mode(), 0640U);
  EXPECT_FALSE(controls[3].shmctl().bad_buffer());
}

TEST_F(SharedMemoryCallsTest, AnotherSegmentThanTheKernelsIsADifference) {
  machine_.override_answer = [](const v1::Call& call) -> std::optional<v1::Answer> {
    if (!call.has_shmget()) return std::nullopt;
    v1::Answer answer;
    answer.set_value(static_cast<std::uint64_t>(call.shmget().key()));
    return answer;
  };
  const TraceReport report = Replay(
      "1000 shmget(0x7, 1, 0600) = 0\n"
      "1000 shmget(0x7, 1, 0600) = 0\n"
      "1000 shmget(0x7, 1, 0600) = 1\n"
      "1000 shmget(0x8, 1, 0600) = 0\n"
      "1000 shmget(0x9, 1, 0600) = -1 EACCES (Permission denied)\n");
  EXPECT_EQ(report.equal, 2U);
  ASSERT_THAT(report.differences, SizeIs(3));
  EXPECT_EQ(report.differences[0].kernel, "segment 1");
  EXPECT_EQ(report.differences[0].ours, "the machine's segment 7");
  EXPECT_EQ(report.differences[2].kernel, "EACCES");
}

constexpr char kStat[] =
    "1000 shmget(0x5, 8192, 0600) = 0\n"
    "1000 shmctl(0, IPC_STAT, {shm_perm={uid=1, gid=2, mode=0600, key=5, cuid=3, cgid=4}, shm_segsz=8192, "
    "shm_cpid=7603, shm_lpid=0, shm_nattch=3, shm_atime=1795222749, shm_dtime=0, shm_ctime=1795222749}) = 0\n";

v1::Answer SameAsKernel() {
  v1::Answer answer;
  v1::ShmidDs& segment = *answer.mutable_shmid_ds();
  segment.set_uid(1);
  segment.set_gid(2);
  segment.set_mode(0600);
  segment.set_key(5);
  segment.set_creator_uid(3);
  segment.set_creator_gid(4);
  segment.set_size_bytes(8192);
  segment.set_creator_pid(100);
  segment.set_attach_count(3);
  segment.set_attach_time_s(1);
  segment.set_change_time_s(2);
  return answer;
}

TEST_F(SharedMemoryCallsTest, WhatTheKernelWroteIsCompared) {
  AnswerShmctl(SameAsKernel());
  EXPECT_EQ(Replay(kStat).equal, 2U);
  for (const char* const field : {"uid", "gid", "mode", "key", "creator_uid", "creator_gid", "size_bytes", "last_pid",
                                  "attach_count", "detach_time_s"}) {
    v1::Answer other = SameAsKernel();
    v1::ShmidDs& segment = *other.mutable_shmid_ds();
    const auto* descriptor = segment.GetDescriptor()->FindFieldByName(field);
    const auto& reflection = *segment.GetReflection();
    switch (descriptor->cpp_type()) {
      case google::protobuf::FieldDescriptor::CPPTYPE_INT32:
        reflection.SetInt32(&segment, descriptor, 77);
        break;
      case google::protobuf::FieldDescriptor::CPPTYPE_UINT32:
        reflection.SetUInt32(&segment, descriptor, 77);
        break;
      default:
        reflection.SetUInt64(&segment, descriptor, 77);
    }
    AnswerShmctl(other);
    const TraceReport report = Replay(kStat);
    EXPECT_EQ(report.equal, 1U) << field;
    ASSERT_THAT(report.differences, SizeIs(1)) << field;
  }
}

TEST_F(SharedMemoryCallsTest, PidsOfSegmentsAreMatchedOneToOne) {
  AnswerShmctl(SameAsKernel());
  const std::string text(kStat);
  const std::string other = text.substr(text.find('\n') + 1);
  std::string changed = other;
  changed.replace(changed.find("7603"), 4, "7604");
  const TraceReport report = Replay(text + other + changed);
  EXPECT_EQ(report.equal, 3U);
  ASSERT_THAT(report.differences, SizeIs(1));
  EXPECT_THAT(report.differences[0].kernel, HasSubstr("shm_cpid 7604"));
  EXPECT_THAT(report.differences[0].ours, HasSubstr("shm_cpid 100"));
}

TEST_F(SharedMemoryCallsTest, AStructureThatIsNotToldWholeLeavesTheResult) {
  v1::Answer answer = SameAsKernel();
  answer.mutable_shmid_ds()->set_uid(9);
  AnswerShmctl(answer);
  EXPECT_EQ(Replay("1000 shmctl(0, IPC_STAT, {shm_perm={uid=0, ...}, ...}) = 0\n"
                   "1000 shmctl(0, IPC_STAT, 0x7ffe0000) = 0\n")
                .equal,
            2U);
}

TEST_F(SharedMemoryCallsTest, AnIndexIsTheMachinesOfTheSegmentThatItMeans) {
  v1::Answer answer = SameAsKernel();
  answer.set_value(5);
  AnswerShmctl(answer);
  const TraceReport report = Replay(
      "1000 shmget(IPC_PRIVATE, 4096, 0600) = 3\n"
      "1000 shmctl(17, SHM_STAT, 0x7ffe0000) = 3\n"
      "1000 shmctl(18, SHM_STAT, 0x7ffe0000) = -1 EINVAL (Invalid argument)\n");
  EXPECT_EQ(report.equal, 2U);
  EXPECT_THAT(report.differences, SizeIs(1));
  EXPECT_EQ(machine_.Of(v1::Call::kShmctl)[0].shmctl().shmid(), 5);
  EXPECT_EQ(machine_.Of(v1::Call::kShmctl)[1].shmctl().shmid(), 18);
}

TEST_F(SharedMemoryCallsTest, OfLimitsTheTextIsComparedAndNotTheHostsHighestIndex) {
  v1::Answer answer;
  answer.mutable_shm_limits()->set_max_segments(4096);
  AnswerShmctl(answer);
  const TraceReport report = Replay(
      "1000 shmctl(0, IPC_INFO, {shmmni=4096}) = 9\n"
      "1000 shmctl(0, IPC_INFO, {shmmni=4095}) = 9\n"
      "1000 shmctl(0, SHM_INFO, 0x7ffe0000) = 9\n");
  EXPECT_EQ(report.equal, 2U);
  ASSERT_THAT(report.differences, SizeIs(1));
  EXPECT_EQ(report.differences[0].kernel, "ok, shmmni 4095");
}

TEST_F(SharedMemoryCallsTest, ABufferThatCouldNotBeReadIsNone) {
  Replay(
      "1000 shmctl(0, IPC_STAT, NULL) = -1 EFAULT (Bad address)\n"
      "1000 shmctl(0, IPC_SET, 0xffff) = -1 EFAULT (Bad address)\n"
      "1000 shmctl(0, IPC_STAT, 0xffff) = -1 EFAULT (Bad address)\n"
      "1000 shmctl(0, IPC_STAT, 0x7ffe0000) = -1 EACCES (Permission denied)\n");
  const std::vector<v1::Call> controls = machine_.Of(v1::Call::kShmctl);
  ASSERT_THAT(controls, SizeIs(4));
  EXPECT_TRUE(controls[0].shmctl().bad_buffer());
  EXPECT_TRUE(controls[1].shmctl().bad_buffer());
  EXPECT_TRUE(controls[2].shmctl().bad_buffer());
  EXPECT_FALSE(controls[3].shmctl().bad_buffer());
}

TEST_F(SharedMemoryCallsTest, WhatIsNoCallIsNotUnderstood) {
  const TraceReport report = Replay(
      "1000 shmget(\"key\", 1, 0) = 0\n"
      "1000 shmat() = 0\n"
      "1000 shmdt(what) = 0\n"
      "1000 shmctl(0) = 0\n"
      "1000 shmctl(0, IPC_SET, {what=1}) = 0\n");
  EXPECT_THAT(report.unknown_lines, SizeIs(4));
  EXPECT_THAT(report.skips, SizeIs(1));
}

}  // namespace
}  // namespace memsim::replay
