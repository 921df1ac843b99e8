#include "tests/conformance/differential/host_traits.h"

#include "gtest/gtest.h"

#include "server/kernel/vm/mman_flags.h"
#include "tests/conformance/differential/calls.h"

namespace memsim::differential {
namespace {

Program OneStep(absl::string_view call, std::array<std::uint64_t, 6> arguments) {
  Program program;
  program.steps.push_back({FindCall(call), 0, arguments});
  return program;
}

TEST(HostTraitsTest, OnlyKernelsWithTheseRulesAreComparedWith) {
  EXPECT_TRUE(CheckKernel("Linux", "6.18.44-x #1").ok());
  EXPECT_TRUE(CheckKernel("Linux", "6.17").ok());
  EXPECT_TRUE(CheckKernel("Linux", "7.0-rc1").ok());
  EXPECT_FALSE(CheckKernel("Linux", "6.16.12").ok());
  EXPECT_FALSE(CheckKernel("Linux", "5.99.1").ok());
  EXPECT_FALSE(CheckKernel("FreeBSD", "14.1").ok());
  EXPECT_FALSE(CheckKernel("Linux", "new").ok());
  EXPECT_NE(CheckKernel("Linux", "6.1.0").message().find("older than 6.17"), absl::string_view::npos);
}

TEST(HostTraitsTest, WithoutProtectionKeysWhatMayBeExecutedMayBeRead) {
  const Program program = OneStep("mprotect", {kArenaBase.value(), 4096, kProtExec | kProtSem});
  EXPECT_EQ(FitToHost(program, {true, false}), program);
  EXPECT_EQ(FitToHost(program, {false, false}).steps[0].arguments[2], kProtRead | kProtExec | kProtSem);
  const Program writable = OneStep("mprotect", {kArenaBase.value(), 4096, kProtWrite | kProtExec});
  EXPECT_EQ(FitToHost(writable, {false, false}), writable);
}

TEST(HostTraitsTest, WideAddressesAreNotCompared) {
  const Program wide = OneStep("munmap", {1ULL << 47, 4096});
  EXPECT_TRUE(IsComparable(wide, {true, false}));
  EXPECT_FALSE(IsComparable(wide, {true, true}));
  EXPECT_FALSE(IsComparable(OneStep("munmap", {kArenaBase.value(), 0x7ffffffff000}), {true, true}));
  // Beyond both.
  EXPECT_TRUE(IsComparable(OneStep("munmap", {1ULL << 63, 4096}), {true, true}));
  EXPECT_TRUE(IsComparable(OneStep("munmap", {kArenaBase.value(), 4096}), {true, true}));
}

}  // namespace
}  // namespace memsim::differential
