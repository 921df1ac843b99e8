// Random programs of all operations on a whole machine and on its slow model. See README.md.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "gtest/gtest.h"

#include "tests/model/called_program.h"
#include "tests/model/find_failure.h"
#include "tests/model/machine_program.h"
#include "tests/model/seeds.h"

namespace memsim {
namespace {

// Some seconds in a release build.
constexpr std::uint64_t kSeeds = 200;

TEST(MachineModelTest, RandomProgramsAgreeWithTheSlowModel) {
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + Seeds(kSeeds); ++seed) {
    Outcome outcome;
    const std::optional<std::string> failure = FindFailure(seed, 0, outcome);
    ASSERT_EQ(failure, std::nullopt) << "seed " << seed << "; the shortest failing program:\n" << *failure;
  }
}

// The calls of some programs, those of lanes under another name.
std::map<std::string, int> CountSuccesses() {
  std::map<std::string, int> successes;
  const auto count = [&successes](const char* prefix, const v1::Call& call, const v1::Answer& answer) {
    const auto* operations = v1::Call::descriptor()->FindOneofByName("operation");
    const std::string name = call.GetReflection()->GetOneofFieldDescriptor(call, operations)->name();
    if (answer.error_number() == 0) ++successes[prefix + name];
  };
  for (std::uint64_t seed = 1; seed <= 350; ++seed) {
    const CalledProgram program = CallsOfSeed(seed);
    for (std::size_t i = 0; i < program.calls.size(); ++i) {
      const v1::Call& call = program.calls[i];
      count("", call, program.answers[i]);
      for (int lane = 0; lane < call.concurrent().lanes_size(); ++lane) {
        const v1::Lane& calls = call.concurrent().lanes(lane);
        const v1::LaneAnswer& answers = program.answers[i].concurrent().lanes(lane);
        for (int j = 0; j < calls.calls_size(); ++j) count("lane ", calls.calls(j), answers.answers(j));
      }
    }
  }
  return successes;
}

TEST(MachineModelTest, EveryCallIsAmongThemAndSucceedsNowAndThenInLanesToo) {
  const std::map<std::string, int> successes = CountSuccesses();
  const auto* operations = v1::Call::descriptor()->FindOneofByName("operation");
  for (int i = 0; i < operations->field_count(); ++i) {
    const std::string name = operations->field(i)->name();
    EXPECT_EQ(successes.count(name), 1U) << name;
    const bool in_lanes = name != "concurrent" && name != "advance_time" && name != "execve";
    EXPECT_EQ(successes.count("lane " + name), in_lanes ? 1U : 0U) << name;
  }
}

TEST(MachineModelTest, TheOutcomeOfAProgramHasItsCallsAndItsDigests) {
  Outcome first;
  Outcome again;
  Outcome other;
  EXPECT_EQ(FindFailure(1, 64, first), std::nullopt);
  EXPECT_EQ(FindFailure(1, 64, again), std::nullopt);
  EXPECT_EQ(FindFailure(2, 64, other), std::nullopt);
  EXPECT_GT(first.calls, 200U);
  EXPECT_EQ(first.digests.ToHex(), again.digests.ToHex());
  EXPECT_NE(first.digests.ToHex(), other.digests.ToHex());
  EXPECT_NE(first.digests.ToHex(), Digest().ToHex());
}

// The vdso is one of them, and behind a store has a page of its own like any private memory.
TEST(MachineModelTest, EachPageOfAProgramCanBeMadeWritableAndStoredInto) {
  constexpr std::uint64_t kMostPages = 80;
  for (std::uint64_t place = kArenaPages; place < kArenaPages + kMostPages; ++place) {
    EXPECT_TRUE(Agrees({16,
                        1,
                        1,
                        true,
                        65530,
                        true,
                        {
                            {Kind::kSpawn, 0, 0, 0U, 0U, 0U, 0},
                            {Kind::kClone, 0, 0, 0U, 0U, 0U, 0},
                            {Kind::kMprotect, 1, place, 2U, 3U, 0U, 0},
                            {Kind::kTouch, 1, place, 2U, 1U, 0U, 0},
                            {Kind::kClone, 1, 1, 0U, 0U, 0U, 0},
                            {Kind::kTouch, 1, place, 2U, 1U, 0U, 0},
                        }}))
        << place;
  }
}

TEST(MachineModelTest, OneProgramInThreeHas64Cpus) {
  int many = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) many += DrawProgram(seed).cpus == 64 ? 1 : 0;
  EXPECT_GT(many, 75);
  EXPECT_EQ(DrawProgram(1, 7).cpus, 7U);
}

}  // namespace
}  // namespace memsim
