#include "server/kernel/cpu/cpus.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace memsim {
namespace {

constexpr Nanoseconds Ns(std::uint64_t time) { return Nanoseconds(time); }

TEST(CpusTest, TimeGoesOnWhereItWasWhenAnotherCpuRuns) {
  Cpus cpus(4, kDefaultCosts);
  cpus.Charge(Ns(100));
  cpus.SwitchTo(CpuId(3));
  EXPECT_EQ(cpus.now(), Ns(100));
  cpus.Charge(Ns(40));
  EXPECT_EQ(cpus.now(), Ns(140));
  EXPECT_EQ(cpus.counts(CpuId(0)).busy, Ns(100));
  EXPECT_EQ(cpus.counts(CpuId(3)).busy, Ns(40));
}

TEST(CpusTest, IdleTimePassesForNobody) {
  Cpus cpus(1, kDefaultCosts);
  cpus.Charge(Ns(10));
  cpus.Idle(Ns(1000));
  cpus.Charge(Ns(5));
  EXPECT_EQ(cpus.now(), Ns(1015));
  EXPECT_EQ(cpus.counts(CpuId(0)).busy, Ns(15));
}

TEST(CpusTest, AnotherTaskOnACpuCostsAContextSwitch) {
  Cpus cpus(2, kDefaultCosts);
  cpus.RunTask(Pid(1), 1);
  cpus.RunTask(Pid(1), 1);
  EXPECT_EQ(cpus.now(), Ns(0)) << "from the idle task it takes no time";
  cpus.RunTask(Pid(2), 2);
  EXPECT_EQ(cpus.now(), kDefaultCosts.context_switch);
  EXPECT_EQ(cpus.counts(CpuId(0)).context_switches, 2U);
  cpus.SwitchTo(CpuId(1));
  cpus.RunTask(Pid(1), 1);
  EXPECT_EQ(cpus.counts(CpuId(1)).context_switches, 1U);
}

TEST(CpusTest, AThreadOfTheSameAddressSpaceCostsLess) {
  Cpus cpus(1, kDefaultCosts);
  cpus.RunTask(Pid(1), 1);
  cpus.RunTask(Pid(2), 1);
  EXPECT_EQ(cpus.now(), kDefaultCosts.thread_switch);
  EXPECT_LT(kDefaultCosts.thread_switch, kDefaultCosts.context_switch);
}

TEST(CpusTest, ACpuWorksInTheAddressSpaceOfItsTaskUntilItIdles) {
  Cpus cpus(4, kDefaultCosts);
  for (std::uint16_t cpu = 0; cpu < 3; ++cpu) {
    cpus.SwitchTo(CpuId(cpu));
    cpus.RunTask(Pid(cpu + 1U), 7);
  }
  EXPECT_EQ(cpus.space(), 7U);
  EXPECT_EQ(cpus.OthersIn(7), 2U);
  EXPECT_EQ(cpus.OthersIn(8), 0U);
  cpus.LeaveTask(CpuId(0), Pid(9));
  EXPECT_EQ(cpus.OthersIn(7), 2U) << "another task runs there";
  cpus.LeaveTask(CpuId(0), Pid(1));
  EXPECT_EQ(cpus.OthersIn(7), 1U) << "it moved away";
  cpus.SwitchTo(CpuId(1));
  cpus.RunTask(Pid(4), 8);
  EXPECT_EQ(cpus.OthersIn(7), 1U);
  cpus.BecomeTask(Pid(5), 7);
  EXPECT_EQ(cpus.running(CpuId(1)), Pid(5));
  EXPECT_EQ(cpus.OthersIn(7), 1U);
  cpus.SwitchTo(CpuId(3));
  EXPECT_EQ(cpus.OthersIn(7), 2U) << "as long as no time passes, a program goes on where it is";
  cpus.Idle(Ns(0));
  EXPECT_EQ(cpus.OthersIn(7), 2U);
  cpus.Idle(Ns(1));
  EXPECT_EQ(cpus.OthersIn(7), 0U);
  cpus.RunTask(Pid(4), 7);
  EXPECT_EQ(cpus.space(), 7U);
}

TEST(CpusTest, FromTheIdleTaskASwitchTakesNoTime) {
  Cpus cpus(1, kDefaultCosts);
  cpus.RunTask(Pid(1), 1);
  cpus.LeaveTask(CpuId(0), Pid(1));
  cpus.RunTask(Pid(2), 2);
  EXPECT_EQ(cpus.now(), Ns(0));
  cpus.Idle(Ns(5));
  cpus.RunTask(Pid(3), 2);
  EXPECT_EQ(cpus.now(), Ns(5));
  EXPECT_EQ(cpus.counts(CpuId(0)).context_switches, 3U);
}

}  // namespace
}  // namespace memsim
