// A program whose outcome is known, on this host's kernel. Skipped where that is not one to compare with.

#include "tests/conformance/differential/host_kernel.h"

#include <cerrno>

#include "gtest/gtest.h"

#include "server/kernel/vm/mman_flags.h"
#include "tests/conformance/differential/calls.h"
#include "tests/conformance/differential/host_traits.h"
#include "tests/conformance/differential/simulated_side.h"

namespace memsim::differential {
namespace {

class HostKernelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const absl::Status status = CheckHostKernel(); !status.ok()) GTEST_SKIP() << status;
    absl::StatusOr<std::unique_ptr<HostKernel>> made = HostKernel::Create(MEMSIM_NATIVE_LAUNCHER);
    if (!made.ok()) GTEST_SKIP() << made.status();
    kernel_ = *std::move(made);
  }

  StepOutcome Do(absl::string_view call, std::array<std::uint64_t, 6> arguments, std::size_t process = 0,
                 std::size_t new_process = 1) {
    StepOutcome outcome;
    kernel_->BeginStep({FindCall(call), 0, arguments}, process, new_process);
    const absl::Status done = kernel_->FinishStep(outcome);
    EXPECT_TRUE(done.ok()) << done;
    return outcome;
  }

  static constexpr std::uint64_t kBase = kArenaBase.value();
  std::unique_ptr<HostKernel> kernel_;
};

TEST_F(HostKernelTest, AStepIsSeenWhole) {
  Program program;
  program.files.push_back({FileSystemKind::kTmpfs, ByteCount(8192)});
  program.descriptors.push_back({0, 2});
  ASSERT_TRUE(kernel_->Start(program).ok());
  StepOutcome outcome =
      Do("mmap", {kBase, 8192, kProtRead | kProtWrite, kMapPrivate | kMapAnonymous | kMapFixed, ~0ULL, 0});
  EXPECT_EQ(outcome.value, static_cast<std::int64_t>(kBase));
  EXPECT_EQ(outcome.minor_faults, 0U);
  ASSERT_EQ(outcome.processes[0]->maps.size(), 1U);
  EXPECT_EQ(ToText(outcome.processes[0]->maps[0]), "100000000000-100000002000 rw-p 00000000");
  EXPECT_EQ(outcome.processes[0]->vm_data, 8U);
  EXPECT_EQ(outcome.processes[0]->rss_anon, 0U);
  // The region, all of it.
  EXPECT_EQ(outcome.processes[0]->rss_shmem, kRegionSize.value() >> 10);

  outcome = Do("@touch_write", {kBase + 4096, 2});
  EXPECT_EQ(outcome.minor_faults, 1U);
  EXPECT_EQ(outcome.signal, (SignalSeen{11, 1, kBase + 8192}));
  EXPECT_EQ(outcome.incore.substr(0, 4), "01--");
  EXPECT_EQ(outcome.processes[0]->rss_anon, 4U);
  EXPECT_EQ(Do("munmap", {kBase + 1, 4096}).value, -EINVAL);
  EXPECT_EQ(Do("pwrite64", {10, kRegionBase.value(), 100, 8192}).value, 100);
  kernel_->End();
}

TEST_F(HostKernelTest, ProcessesAreForkedSeenAndReaped) {
  ASSERT_TRUE(kernel_->Start(Program()).ok());
  EXPECT_EQ(Do("wait4", {}).value, -ECHILD);
  StepOutcome outcome = Do("fork", {});
  EXPECT_EQ(outcome.value, 1);
  ASSERT_TRUE(outcome.processes[1].has_value());
  EXPECT_EQ(outcome.processes[1]->rss_shmem, kRegionSize.value() >> 10);
  EXPECT_EQ(Do("wait4", {}).value, 0);
  outcome = Do("exit_group", {}, 1);
  EXPECT_FALSE(outcome.processes[1].has_value());
  EXPECT_TRUE(outcome.processes[0].has_value());
  EXPECT_EQ(Do("wait4", {}).value, 1);
}

// As a machine begins, too: the end of one program leaves nothing to the next.
TEST_F(HostKernelTest, EveryProgramBeginsAlike) {
  SimulatedSide machine(SimulatedSide::SpecOfHost());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(kernel_->Start(Program()).ok());
    ASSERT_TRUE(machine.Start(Program()).ok());
    const Step read{FindCall("@touch_read"), 0, {kBase, 1}};
    StepOutcome simulated;
    machine.BeginStep(read, 0, 1);
    ASSERT_TRUE(machine.FinishStep(simulated).ok());
    EXPECT_EQ(Compare(Do("@touch_read", {kBase, 1}), simulated), "");
    Do("brk", {kHeapStart.value() + 8192});
    Do("fork", {});
    kernel_->End();
    machine.End();
  }
}

TEST_F(HostKernelTest, WithoutALauncherThereIsNoKernel) {
  const absl::Status status = HostKernel::Create("/nowhere/native_launcher").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace memsim::differential
