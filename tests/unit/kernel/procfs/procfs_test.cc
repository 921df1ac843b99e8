#include "server/kernel/procfs/procfs.h"

#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/kernel/machine_state.h"
#include "server/kernel/process/clone_flags.h"
#include "tests/unit/kernel/procfs/proc_text.h"

namespace memsim {
namespace {

class ProcfsTest : public testing::Test {
 protected:
  ProcfsTest() {
    MachineSpec spec;
    spec.memory = ByteCount(64ULL << 20);
    state_ = std::make_unique<MachineState>(spec);
    EXPECT_TRUE(state_->Boot().ok());
  }

  std::optional<std::string> Read(absl::string_view path) { return ReadProc(state_->View(), path); }
  std::string ReadTask(Pid pid, absl::string_view file) { return *Read(absl::StrCat(pid.value(), "/", file)); }

  std::unique_ptr<MachineState> state_;
};

TEST_F(ProcfsTest, EveryFileIsThereWithAndWithoutTheMountPoint) {
  for (const absl::string_view name : ProcMachineFiles()) {
    ASSERT_TRUE(Read(name).has_value()) << name;
    EXPECT_EQ(Read(absl::StrCat("/proc/", name)), Read(name));
    EXPECT_FALSE(Read(name)->empty()) << name;
  }
  for (const absl::string_view name : ProcTaskFiles()) {
    ASSERT_TRUE(Read(absl::StrCat("1/", name)).has_value()) << name;
    EXPECT_EQ(Read(absl::StrCat("/proc/1/", name)), Read(absl::StrCat("1/", name)));
    EXPECT_FALSE(Read(absl::StrCat("1/", name))->empty()) << name;
  }
}

TEST_F(ProcfsTest, WhatIsNotThereHasNoText) {
  for (const absl::string_view path : {"",
                                       "/",
                                       "/proc",
                                       "/proc/",
                                       "mem",
                                       "meminfo/",
                                       "/meminfo",
                                       "proc/meminfo",
                                       "/proc//proc/meminfo",
                                       "1",
                                       "1/",
                                       "1/map",
                                       "1/maps/",
                                       "/1/maps",
                                       "2/maps",
                                       "0/maps",
                                       "01/maps",
                                       "+1/maps",
                                       "-1/maps",
                                       " 1/maps",
                                       "1 /maps",
                                       "1x/maps",
                                       "99999999999999999999/maps",
                                       "4294967297/maps",
                                       "self/maps",
                                       "meminfo\n"}) {
    EXPECT_EQ(Read(path), std::nullopt) << path;
  }
}

TEST_F(ProcfsTest, ReadingChangesNothing) {
  const auto digest = [this] {
    Digest whole;
    state_->DigestTo(whole);
    return whole.ToHex();
  };
  const std::string before = digest();
  for (const absl::string_view name : ProcMachineFiles()) Read(name);
  for (const absl::string_view name : ProcTaskFiles()) ReadTask(kInitPid, name);
  EXPECT_EQ(digest(), before);
}

TEST_F(ProcfsTest, NoFileHasABlankLineOrAnUnfinishedOne) {
  for (const absl::string_view name : ProcMachineFiles()) {
    const std::string text = *Read(name);
    EXPECT_EQ(text.back(), '\n') << name;
    // Their tables are parted.
    if (name == "pagetypeinfo" || absl::StartsWith(name, "lock_stat")) continue;
    EXPECT_EQ(text.find("\n\n"), std::string::npos) << name;
  }
  for (const absl::string_view name : ProcTaskFiles()) {
    const std::string text = ReadTask(kInitPid, name);
    EXPECT_EQ(text.back(), '\n') << name;
    EXPECT_EQ(text.find("\n\n"), std::string::npos) << name;
  }
}

TEST_F(ProcfsTest, AThreadShowsItsProcessesMemoryUnderItsOwnPid) {
  const Pid process = *state_->tasks.Spawn("worker");
  const Pid thread = *state_->tasks.Clone(process, kCloneVm | kCloneSighand | kCloneThread | kCloneFiles);
  EXPECT_EQ(ReadTask(thread, "maps"), ReadTask(process, "maps"));
  EXPECT_EQ(ReadTask(thread, "statm"), ReadTask(process, "statm"));
  const std::string status = ReadTask(thread, "status");
  EXPECT_EQ(RowValues(status)["Tgid"], process.value());
  EXPECT_EQ(RowValues(status)["Pid"], thread.value());
  EXPECT_EQ(RowValues(status)["Threads"], 2U);
  EXPECT_EQ(RowValues(ReadTask(process, "status"))["Threads"], 2U);
}

TEST_F(ProcfsTest, AZombieHasNoMemoryLeftToShow) {
  const Pid parent = *state_->tasks.Spawn("parent");
  const Pid child = *state_->tasks.Clone(parent, 0);
  const std::vector<std::string> alive = RowNames(ReadTask(child, "status"));
  ASSERT_EQ(state_->tasks.ExitGroup(child, 0x300), Errno::kOk);

  EXPECT_EQ(ReadTask(child, "maps"), "");
  EXPECT_EQ(ReadTask(child, "statm"), "0 0 0 0 0 0 0\n");
  // Flags, exit signal and exit code as Linux shows them of a zombie.
  EXPECT_EQ(ReadTask(child, "stat"), absl::StrCat(child.value(), " (parent) Z ", parent.value(),
                                                  " 0 0 0 -1 4227084 0 0 0 0 0 0 0 0 20 0 1 0 0 0 0 "
                                                  "18446744073709551615 0 0 0 0 0 0 0 0 0 1 0 0 17 0 0 0 0 0 0 0 0 0 0 "
                                                  "0 0 0 768\n"));
  const std::string status = ReadTask(child, "status");
  EXPECT_EQ(status.rfind("Name:\tparent\nState:\tZ (zombie)\nTgid:", 0), 0U) << status;
  EXPECT_EQ(RowValues(status)["FDSize"], 0U);
  // All rows of the living but the mask of its files and those between Kthread and Threads.
  std::vector<std::string> expected;
  bool memory = false;
  for (const std::string& name : alive) {
    if (name == "VmPeak") memory = true;
    if (name == "Threads") memory = false;
    if (!memory && name != "Umask") expected.push_back(name);
  }
  EXPECT_EQ(RowNames(status), expected);

  ASSERT_EQ(*state_->tasks.Wait4(parent, child), child);
  EXPECT_EQ(Read(absl::StrCat(child.value(), "/status")), std::nullopt);
}

}  // namespace
}  // namespace memsim
