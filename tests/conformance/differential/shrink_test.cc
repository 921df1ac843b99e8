// The shrinker and what it runs on, with a simulated machine in the kernel's place: so a difference must be planted.

#include "tests/conformance/differential/shrink.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/mman_flags.h"
#include "tests/conformance/differential/calls.h"
#include "tests/conformance/differential/check_seed.h"
#include "tests/conformance/differential/generator.h"
#include "tests/conformance/differential/program_run.h"
#include "tests/conformance/differential/simulated_side.h"
#include "tests/conformance/differential/trace_text.h"

namespace memsim::differential {
namespace {

class ShrinkTest : public ::testing::Test {
 protected:
  static MachineSpec Spec() {
    MachineSpec spec;
    spec.address_randomization = AddressRandomization::kOff;
    return spec;
  }

  bool Differs(const Program& program) {
    const absl::StatusOr<RunReport> report = RunProgram(program, kernel_, simulated_);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() && report->mismatch.has_value();
  }

  // The first seed on which the planted difference shows.
  Program FirstThatDiffers() {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      const Program program = DrawProgram(seed);
      if (Differs(program)) return program;
    }
    ADD_FAILURE() << "no seed shows the planted difference";
    return {};
  }

  Program Smallest(const Program& program) {
    return Shrink(program, [this](const Program& candidate) { return Differs(candidate); });
  }

  SimulatedSide kernel_{Spec()};
  SimulatedSide simulated_{Spec()};
};

TEST_F(ShrinkTest, TwoMachinesAgree) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const SeedReport report = CheckSeed(seed, HostTraits(), {kernel_, simulated_});
    EXPECT_EQ(report.verdict, SeedVerdict::kAgreed) << report.text;
    EXPECT_GT(report.steps, 0U);
  }
}

TEST_F(ShrinkTest, AWrongResultOfOneCallShrinksToThatCall) {
  simulated_.set_falsify([](const Step& step, StepOutcome& outcome) {
    if (step.call == FindCall("munmap") && outcome.value == 0) outcome.value = -1;
  });
  const Program smallest = Smallest(FirstThatDiffers());
  ASSERT_EQ(smallest.steps.size(), 1U);
  EXPECT_EQ(smallest.steps[0].call, FindCall("munmap"));
  EXPECT_EQ(smallest.steps[0].arguments[1], kPageSize.value());
  EXPECT_TRUE(smallest.files.empty());
  EXPECT_EQ(smallest.steps[0].process, 0U);
}

// Locked, by mmap or by a call of its own, and written to.
TEST_F(ShrinkTest, AWrongStateKeepsWhatLeadsToIt) {
  simulated_.set_falsify([](const Step& step, StepOutcome& outcome) {
    const std::optional<ProcessState>& first = outcome.processes[0];
    const bool locked = first.has_value() && first->vm_lck > 0;
    if (locked && step.call == FindCall("@touch_write") && !outcome.signal.has_value()) ++outcome.minor_faults;
  });
  const Program smallest = Smallest(FirstThatDiffers());
  ASSERT_GE(smallest.steps.size(), 2U);
  ASSERT_LE(smallest.steps.size(), 3U);
  EXPECT_EQ(smallest.steps.back().call, FindCall("@touch_write"));
  EXPECT_EQ(smallest.steps.back().arguments[1], 1U);
  // Nothing that is left can go.
  for (std::size_t i = 0; i < smallest.steps.size(); ++i) {
    Program shorter = smallest;
    shorter.steps.erase(shorter.steps.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(Differs(shorter));
  }
}

TEST_F(ShrinkTest, ADifferenceOfAChildKeepsItsFork) {
  simulated_.set_falsify([](const Step&, StepOutcome& outcome) {
    if (outcome.processes[1].has_value()) outcome.processes[1]->rss_anon += 4;
  });
  const Program smallest = Smallest(FirstThatDiffers());
  ASSERT_EQ(smallest.steps.size(), 1U);
  EXPECT_EQ(smallest.steps[0].call, FindCall("fork"));
}

TEST_F(ShrinkTest, AMismatchIsToldWithItsSeedAsATrace) {
  simulated_.set_falsify([](const Step& step, StepOutcome& outcome) {
    if (step.call == FindCall("munmap") && outcome.value == 0) outcome.value = -22;
  });
  const SeedReport report = CheckSeed(FirstThatDiffers().seed, HostTraits(), {kernel_, simulated_});
  EXPECT_EQ(report.verdict, SeedVerdict::kMismatch);
  EXPECT_NE(report.text.find("result: kernel 0x0, simulated EINVAL"), std::string::npos) << report.text;
  EXPECT_NE(report.text.find("# found by the differential test with seed "), std::string::npos) << report.text;
  EXPECT_NE(report.text.find("\n1000 munmap(0x"), std::string::npos) << report.text;
}

TEST_F(ShrinkTest, WhatDoesNotRepeatIsUnsteady) {
  int runs = 0;
  simulated_.set_falsify([&runs](const Step&, StepOutcome& outcome) {
    if (runs++ == 0) ++outcome.minor_faults;
  });
  EXPECT_EQ(CheckSeed(1, HostTraits(), {kernel_, simulated_}).verdict, SeedVerdict::kUnsteady);
}

TEST_F(ShrinkTest, WhatCannotBeRunIsBroken) {
  class NoKernel : public SimulatedSide {
   public:
    using SimulatedSide::SimulatedSide;
    absl::Status Start(const Program&) override { return absl::UnavailableError("no kernel"); }
  };
  NoKernel none(Spec());
  const SeedReport report = CheckSeed(1, HostTraits(), {none, simulated_});
  EXPECT_EQ(report.verdict, SeedVerdict::kBroken);
  EXPECT_NE(report.text.find("no kernel"), std::string::npos);
}

}  // namespace
}  // namespace memsim::differential
