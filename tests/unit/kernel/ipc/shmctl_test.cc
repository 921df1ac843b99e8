#include "tests/unit/kernel/ipc/shm_fixture.h"

namespace memsim {
namespace {

class ShmctlTest : public ShmTest {
 protected:
  static constexpr User kOther{1000, 1000, {}};

  std::string Bad(std::int32_t id, ShmCommand command) {
    return Text(Control(ShmctlArguments{id, static_cast<std::int32_t>(command), true}).error());
  }
};

TEST_F(ShmctlTest, WhatIsNoCommandOrSegmentIsRefused) {
  const std::int32_t id = New(1);
  EXPECT_EQ(Control(id, static_cast<ShmCommand>(99)), "EINVAL");
  EXPECT_EQ(Control(id, static_cast<ShmCommand>(-1)), "EINVAL");
  EXPECT_EQ(Control(id, static_cast<ShmCommand>(0x102)), "EINVAL") << "x86-64 has no IPC_64";
  EXPECT_EQ(Control(-5, ShmCommand::kIpcInfo), "EINVAL");
  for (const ShmCommand command : {ShmCommand::kIpcStat, ShmCommand::kShmStat, ShmCommand::kShmStatAny,
                                   ShmCommand::kIpcRemove, ShmCommand::kShmLock, ShmCommand::kShmUnlock}) {
    EXPECT_EQ(Control(id + 1, command), "EINVAL") << static_cast<int>(command);
  }
  EXPECT_EQ(Set(id + 1, 0, 0, 0), "EINVAL");
}

TEST_F(ShmctlTest, ABadBufferIsNoticedWhereItIsUsed) {
  const std::int32_t id = New(1);
  EXPECT_EQ(Bad(id, ShmCommand::kIpcStat), "EFAULT");
  EXPECT_EQ(Bad(id + 1, ShmCommand::kIpcStat), "EINVAL");
  EXPECT_EQ(Bad(id + 1, ShmCommand::kIpcSet), "EFAULT");
  EXPECT_EQ(Bad(id, ShmCommand::kIpcInfo), "EFAULT");
  EXPECT_EQ(Bad(id, ShmCommand::kShmInfo), "EFAULT");
  EXPECT_EQ(Bad(id, ShmCommand::kShmLock), "OK");
  EXPECT_EQ(Bad(id, ShmCommand::kIpcRemove), "OK");
}

TEST_F(ShmctlTest, StatTellsByIdOrByIndex) {
  for (int i = 0; i < 64; ++i) EXPECT_EQ(Remove(New(1)), "0");
  const std::int32_t id = New(3, 0644);
  EXPECT_EQ(id, IpcIds::kIndices);
  EXPECT_EQ(Control(id, ShmCommand::kIpcStat), "0");
  EXPECT_EQ(Control(0, ShmCommand::kIpcStat), "EINVAL");
  EXPECT_EQ(Control(0, ShmCommand::kShmStat), "32768");
  EXPECT_EQ(Control(7 * IpcIds::kIndices, ShmCommand::kShmStatAny), "32768");
  const ErrnoOr<ShmctlResult> stat = Control(ShmctlArguments{id, static_cast<int>(ShmCommand::kIpcStat)});
  const auto& segment = std::get<ShmidDs>(stat->buffer);
  EXPECT_EQ(segment.permission.mode, 0644U);
  EXPECT_EQ(segment.permission.sequence(), 1U);
  EXPECT_EQ(segment.size, Pages(3));
  EXPECT_EQ(segment.creator, Pid(7));
  EXPECT_EQ(segment.change_time, ShmSegments::kBootTime);
}

TEST_F(ShmctlTest, OnlyWhoMayReadMayAskUnlessAsEverybody) {
  const std::int32_t id = New(1, 0600);
  Become(kOther);
  EXPECT_EQ(Control(id, ShmCommand::kIpcStat), "EACCES");
  EXPECT_EQ(Control(id, ShmCommand::kShmStat), "EACCES");
  EXPECT_EQ(Control(id, ShmCommand::kShmStatAny), "0");
  EXPECT_EQ(Bad(id, ShmCommand::kIpcStat), "EACCES");
}

TEST_F(ShmctlTest, InfoTellsLimitsAndUse) {
  EXPECT_EQ(Control(0, ShmCommand::kIpcInfo), "0");
  const std::int32_t first = New(3);
  New(2);
  EXPECT_EQ(Control(0, ShmCommand::kShmInfo), "1");
  EXPECT_EQ(Attach(first, 0), "A+0");
  EXPECT_EQ(mm().Write(0, 2), "2 minor");
  const ErrnoOr<ShmctlResult> info = Control(ShmctlArguments{0, static_cast<int>(ShmCommand::kShmInfo)});
  const auto& usage = std::get<ShmUsage>(info->buffer);
  EXPECT_EQ(usage.segments, 2U);
  EXPECT_EQ(usage.pages, PageCount(5));
  EXPECT_EQ(usage.resident, PageCount(2));
  const ErrnoOr<ShmctlResult> limits = Control(ShmctlArguments{0, static_cast<int>(ShmCommand::kIpcInfo)});
  EXPECT_EQ(std::get<ShmLimits>(limits->buffer).max_segments, 4096U);
  EXPECT_EQ(std::get<ShmLimits>(limits->buffer).max_size, 18446744073692774399U);
}

TEST_F(ShmctlTest, SetGivesASegmentToOthers) {
  const std::int32_t id = New(1, 0600);
  EXPECT_EQ(Set(id, UINT32_MAX, 0, 0), "EINVAL");
  EXPECT_EQ(Set(id, 0, UINT32_MAX, 0), "EINVAL");
  EXPECT_EQ(Set(id, 5, 6, 07777), "OK");
  EXPECT_EQ(Segment(id), "mode 777, 0 attached") << "nine bits";
  Become(kOther);
  EXPECT_EQ(Set(id, UINT32_MAX, 0, 0), "EPERM");
  EXPECT_EQ(Remove(id), "EPERM");
  Become({5, 1});
  EXPECT_EQ(Set(id, 1000, 1000, 0), "OK");
  EXPECT_EQ(Set(id, 5, 6, 0), "EPERM") << "given away";
  Become(kOther);
  EXPECT_EQ(Remove(id), "0");
}

TEST_F(ShmctlTest, TheBitsAboveTheModeStay) {
  const std::int32_t id = New(1, 0600);
  EXPECT_EQ(Control(id, ShmCommand::kShmLock), "0");
  EXPECT_EQ(Attach(id, 0), "A+0");
  EXPECT_EQ(Remove(id), "0");
  EXPECT_EQ(Set(id, 0, 0, 0111), "OK");
  EXPECT_EQ(Segment(id), "mode 3111, 1 attached");
  EXPECT_EQ(Control(id, ShmCommand::kShmUnlock), "0");
  EXPECT_EQ(Segment(id), "mode 1111, 1 attached");
}

TEST_F(ShmctlTest, LockedPagesCountForTheUser) {
  Become(kOther);
  mm().limits()[Resource::kMemlock].current = Pages(3).value();
  const std::int32_t two = New(2);
  const std::int32_t one = New(1);
  const std::int32_t other = New(1);
  EXPECT_EQ(Control(two, ShmCommand::kShmLock), "0");
  EXPECT_EQ(Control(one, ShmCommand::kShmLock), "0");
  EXPECT_EQ(Control(other, ShmCommand::kShmLock), "ENOMEM");
  EXPECT_EQ(Control(two, ShmCommand::kShmLock), "0") << "it is locked already";
  EXPECT_EQ(Segment(two), "mode 2600, 0 attached");
  EXPECT_EQ(Segment(other), "mode 600, 0 attached");
  // Who removes or unlocks gives the pages back to whom they were counted for.
  Become({});
  EXPECT_EQ(Control(one, ShmCommand::kShmUnlock), "0");
  Become(kOther);
  EXPECT_EQ(Control(other, ShmCommand::kShmLock), "0");
  EXPECT_EQ(Remove(two), "0");
  EXPECT_EQ(Control(one, ShmCommand::kShmLock), "0");
  EXPECT_EQ(Control(one, ShmCommand::kShmUnlock), "0");
  EXPECT_EQ(Control(one, ShmCommand::kShmUnlock), "0") << "not locked: nothing to do";
}

TEST_F(ShmctlTest, WhoMayLock) {
  const std::int32_t id = New(2, 0666);
  Become(kOther);
  EXPECT_EQ(Control(id, ShmCommand::kShmLock), "EPERM") << "whatever its mode is";
  EXPECT_EQ(Control(id, ShmCommand::kShmUnlock), "EPERM");
  Become({});
  EXPECT_EQ(Set(id, 1000, 1000, 0), "OK");
  Become(kOther);
  mm().limits()[Resource::kMemlock].current = Pages(2).value() - 1;
  EXPECT_EQ(Control(id, ShmCommand::kShmLock), "ENOMEM");
  mm().limits()[Resource::kMemlock].current = 0;
  EXPECT_EQ(Control(id, ShmCommand::kShmLock), "EPERM");
  EXPECT_EQ(Control(id, ShmCommand::kShmUnlock), "0");
  Become({});
  EXPECT_EQ(Control(id, ShmCommand::kShmLock), "0") << "CAP_IPC_LOCK knows no limit";
}

}  // namespace
}  // namespace memsim
