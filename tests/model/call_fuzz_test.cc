// Whatever Calls a client sends, nothing aborts and all invariants hold. See README.md.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

#include "server/calls/execute_call.h"
#include "tests/model/random_calls.h"
#include "tests/model/seeds.h"
#include "tests/model/shrink.h"

namespace memsim {
namespace {

constexpr int kCallsPerSeed = 500;

// Reads everything that can be read, for its assertions alone.
void LookAround(const Machine& machine) {
  for (const char* path :
       {"meminfo", "buddyinfo", "vmstat", "zoneinfo", "pagetypeinfo", "slabinfo", "/sys/kernel/slab",
        "/sys/kernel/slab/cell/slabs", "/sys/kernel/slab/dentry/alloc_slowpath", "2/maps", "2/status", "2/stat"}) {
    machine.ReadProc(path);
  }
  machine.ReadCounters();
  machine.StateDigest();
  machine.HostMemory();
}

// True unless it aborts.
bool Survives(std::uint64_t seed, const std::vector<v1::Call>& calls) {
  const std::unique_ptr<Machine> machine = MachineOfSeed(seed);
  std::uint64_t executed = 0;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    v1::Answer answer;
    ExecuteCall(*machine, calls[i], answer);
    // A call either is executed and counted, or refused and not; those of lanes beside their concurrent.
    if (!answer.has_misuse()) executed += 1 + (answer.has_concurrent() ? answer.value() : 0);
    if (machine->sequence() != executed) return false;
    if (i % 50 == 0) machine->CheckInvariants();
  }
  LookAround(*machine);
  machine->CheckInvariants();
  return true;
}

using Drawer = std::function<std::vector<v1::Call>(std::uint64_t, int)>;

void Fuzz(std::uint64_t seeds, const Drawer& draw) {
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + Seeds(seeds); ++seed) {
    std::vector<v1::Call> calls = draw(seed, kCallsPerSeed);
    if (SucceedsInChild([&] { return Survives(seed, calls); }, false)) continue;
    calls = Shrink<v1::Call>(calls, [&](const std::vector<v1::Call>& shorter) { return Survives(seed, shorter); });
    ADD_FAILURE() << "seed " << seed << "; the fewest calls that fail:\n" << Paste(seed, calls);
    return;
  }
}

TEST(CallFuzzTest, RandomCallsBreakNothing) { Fuzz(200, DrawCalls); }

TEST(CallFuzzTest, DamagedCallsBreakNothing) { Fuzz(100, DrawDamagedCalls); }

// Whether a machine of the spec is refused with the name of a field, or boots and works.
bool BootsOrSaysWhyNot(const MachineSpec& spec, std::uint64_t seed) {
  const absl::StatusOr<std::unique_ptr<Machine>> machine = Machine::Create(spec);
  if (!machine.ok()) {
    return absl::IsInvalidArgument(machine.status()) && absl::StrContains(machine.status().message(), "spec.");
  }
  (*machine)->CheckInvariants();
  for (const v1::Call& call : DrawCalls(seed, 20)) {
    v1::Answer answer;
    ExecuteCall(**machine, call, answer);
  }
  LookAround(**machine);
  (*machine)->CheckInvariants();
  return true;
}

MachineSpec SpecOfSeed(std::uint64_t seed) {
  Random random(seed);
  return DrawSpec(random, MachineSpec::kMaxMemory);
}

TEST(SpecFuzzTest, EveryMachineBootsOrTheFieldThatForbidsItIsNamed) {
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + Seeds(1000); ++seed) {
    const MachineSpec spec = SpecOfSeed(seed);
    ASSERT_TRUE(SucceedsInChild([&] { return BootsOrSaysWhyNot(spec, seed); }, false))
        << "seed " << seed << ": memory " << spec.memory.value() << ", reserved "
        << spec.reserved.value_or(ByteCount(0)).value() << ", min_free_kbytes "
        << spec.sysctls.min_free_kbytes.value_or(0);
  }
}

// Neither all of them boot nor few.
TEST(SpecFuzzTest, ManyDrawnSpecsAreAtTheirLimitsAndBoot) {
  int booted = 0;
  int refused_by_booting = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const MachineSpec spec = SpecOfSeed(seed);
    const bool boots = Machine::Create(spec).ok();
    booted += boots ? 1 : 0;
    refused_by_booting += !boots && spec.Validate().ok() ? 1 : 0;
  }
  EXPECT_GT(booted, 150);
  EXPECT_GT(refused_by_booting, 5);
}

// The generator is worth something only if its calls mean something.
TEST(CallFuzzTest, ManyRandomCallsSucceed) {
  const std::unique_ptr<Machine> machine = MachineOfSeed(1);
  int succeeded = 0;
  std::uint64_t in_lanes = 0;
  for (const v1::Call& call : DrawCalls(1, kCallsPerSeed)) {
    v1::Answer answer;
    ExecuteCall(*machine, call, answer);
    if (answer.has_concurrent()) in_lanes += answer.value();
    if (!answer.has_misuse() && answer.error_number() == 0 && !answer.has_signal()) ++succeeded;
  }
  EXPECT_GT(succeeded, kCallsPerSeed / 4);
  EXPECT_GT(in_lanes, kCallsPerSeed / 4U);
}

TEST(CallFuzzTest, PastedCallsAreTheSameCalls) {
  const std::vector<v1::Call> calls = DrawCalls(1, 50);
  std::vector<std::string> texts;
  for (const v1::Call& call : calls) texts.push_back(call.ShortDebugString());
  const std::vector<v1::Call> parsed = ParseCalls(texts);
  for (std::size_t i = 0; i < calls.size(); ++i) EXPECT_EQ(parsed[i].SerializeAsString(), calls[i].SerializeAsString());
}

}  // namespace
}  // namespace memsim
