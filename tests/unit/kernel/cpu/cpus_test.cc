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
  cpus.RunTask(Pid(1));
  cpus.RunTask(Pid(1));
  EXPECT_EQ(cpus.now(), Ns(0)) << "from the idle task it takes no time";
  cpus.RunTask(Pid(2));
  EXPECT_EQ(cpus.now(), kDefaultCosts.context_switch);
  EXPECT_EQ(cpus.counts(CpuId(0)).context_switches, 2U);
  cpus.SwitchTo(CpuId(1));
  cpus.RunTask(Pid(1));
  EXPECT_EQ(cpus.counts(CpuId(1)).context_switches, 1U);
}

}  // namespace
}  // namespace memsim
