// /proc/lock_stat of a machine whose locks were held by hand.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

#include "server/kernel/cpu/lanes.h"
#include "server/kernel/cpu/lock_scope.h"
#include "server/kernel/machine.h"
#include "server/kernel/machine_state.h"
#include "server/kernel/procfs/procfs.h"
#include "tests/unit/kernel/procfs/proc_text.h"

namespace memsim {
namespace {

class LockStatTest : public testing::Test {
 protected:
  LockStatTest() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    state_ = std::make_unique<MachineState>(spec);
  }
  std::string Read(absl::string_view path = "lock_stat") { return *ReadProc(state_->View(), path); }
  void Hold(SimulatedLock& lock, std::uint64_t time, LockMode mode, LockOwner owner = {}) {
    const LockScope scope(state_->locks, lock, mode, owner);
    state_->cpus.Charge(Nanoseconds(time));
  }
  // The lines behind the header.
  std::vector<std::string> Rows(absl::string_view path = "lock_stat") {
    std::vector<std::string> lines = Lines(Read(path));
    lines.erase(lines.begin(), lines.begin() + 5);
    return lines;
  }

  std::unique_ptr<MachineState> state_;
  SimulatedLock zone_{LockClass::kZoneLock};
  SimulatedLock mmap_{LockClass::kMmapLock};
};

TEST_F(LockStatTest, TheHeaderIsLinuxs) {
  const std::vector<std::string> lines = Lines(Read());
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "lock_stat version 0.4");
  EXPECT_EQ(lines[1], std::string(221, '-'));
  EXPECT_EQ(lines[2],
            "                              class name    con-bounces    contentions   waittime-min   waittime-max "
            "waittime-total   waittime-avg    acq-bounces   acquisitions   holdtime-min   holdtime-max "
            "holdtime-total   holdtime-avg");
  EXPECT_EQ(lines[3], lines[1]);
  EXPECT_EQ(lines[4], "");
}

TEST_F(LockStatTest, ALockThatNobodyTookHasNoRow) {
  Hold(zone_, 40, LockMode::kExclusive);
  Hold(zone_, 1285, LockMode::kExclusive);
  EXPECT_EQ(Rows(),
            std::vector<std::string>{
                "                             &zone->lock:             0              0           0.00           "
                "0.00           0.00           0.00              0              2           0.04           1.29 "
                "          1.33           0.66"});
}

TEST_F(LockStatTest, ReadersAndWritersHaveRowsOfTheirOwn) {
  Hold(mmap_, 10, LockMode::kExclusive);
  Hold(mmap_, 10, LockMode::kShared);
  EXPECT_EQ(RowNames(Read()),
            (std::vector<std::string>{"lock_stat", std::string(221, '-'), "class", std::string(221, '-'),
                                      "<blank line>", "&mm->mmap_lock-W", "&mm->mmap_lock-R"}));
}

TEST_F(LockStatTest, WhoWasWaitedForStandsBelowTheClass) {
  {
    Lanes lanes(state_->locks, {CpuId(0), CpuId(1)});
    lanes.Next();
    Hold(zone_, 100, LockMode::kExclusive, {2, 0});
    lanes.Finish();
    lanes.Next();
    Hold(zone_, 10, LockMode::kExclusive, {2, 0});
    lanes.Finish();
  }
  const std::vector<std::string> rows = Rows();
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[1], "                             -----------");
  EXPECT_EQ(rows[2], "                             &zone->lock              1                               Normal");
  EXPECT_EQ(rows[4], std::string(221, '.'));
  const std::vector<std::string> instances = Rows("lock_stat.instances");
  ASSERT_EQ(instances.size(), 1U);
  EXPECT_TRUE(absl::StrContains(instances[0], "&zone->lock Normal:")) << instances[0];
}

TEST_F(LockStatTest, TheMostContendedClassComesFirst) {
  {
    Lanes lanes(state_->locks, {CpuId(0), CpuId(1)});
    for (int lane = 0; lane < 2; ++lane) {
      lanes.Next();
      Hold(zone_, 100, LockMode::kExclusive);
      if (lane == 0) Hold(mmap_, 1, LockMode::kExclusive);
      lanes.Finish();
    }
  }
  const std::string text = Read();
  EXPECT_LT(text.find("&zone->lock:"), text.find("&mm->mmap_lock:"));
}

TEST(LockStatNamesTest, AProcessNameWithTheEndOfALineStaysOnOneLine) {
  const std::unique_ptr<Machine> machine = *Machine::Create(MachineSpec());
  const Pid pid = *machine->Spawn("p");
  ExecImage image;
  image.path = "/bin/x\ny z";
  ASSERT_EQ(machine->Execve(pid, image), Errno::kOk);
  ASSERT_TRUE(machine->Brk(pid, VirtualAddress(0)).ok());
  EXPECT_TRUE(absl::StrContains(*machine->ReadProc("lock_stat.instances"), "(x\\ny z)"));
}

}  // namespace
}  // namespace memsim
