#include "tests/conformance/differential/generator.h"

#include <set>

#include "gtest/gtest.h"

#include "server/kernel/vm/mman_flags.h"
#include "tests/conformance/differential/calls.h"

namespace memsim::differential {
namespace {

constexpr std::uint64_t kSeeds = 500;

Step MakeStep(absl::string_view call, std::array<std::uint64_t, 6> arguments) { return {FindCall(call), 0, arguments}; }

TEST(GeneratorTest, ASeedMeansOneProgram) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) EXPECT_EQ(DrawProgram(seed), DrawProgram(seed));
  EXPECT_NE(DrawProgram(1).steps, DrawProgram(2).steps);
}

TEST(GeneratorTest, EveryCallAndEveryKindOfFileComesUp) {
  std::set<std::size_t> calls;
  std::set<FileSystemKind> kinds;
  std::set<std::uint64_t> arenas;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Program program = DrawProgram(seed);
    for (const Step& step : program.steps) calls.insert(step.call);
    for (const FileSpec& file : program.files) kinds.insert(file.kind);
    arenas.insert(program.arena.value());
  }
  EXPECT_EQ(calls.size(), Calls().size());
  EXPECT_EQ(kinds.size(), 2U);
  EXPECT_EQ(*arenas.begin(), 64U);
  EXPECT_EQ(*arenas.rbegin(), 512U);
}

TEST(GeneratorTest, ProgramsStayWithinWhatBothSidesHaveRoomFor) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Program program = DrawProgram(seed);
    EXPECT_LE(program.arena.value(), kMaxIncorePages);
    EXPECT_LE(program.files.size(), kMaxFiles);
    EXPECT_LE(program.descriptors.size(), kMaxDescriptors);
    for (const DescriptorSpec& descriptor : program.descriptors) EXPECT_LT(descriptor.file, program.files.size());
    for (const Step& step : program.steps) EXPECT_FALSE(HitsRegion(step)) << seed;
  }
}

TEST(GeneratorTest, StepsThatReachTheRegionAreKnown) {
  const std::uint64_t region = kRegionBase.value();
  EXPECT_TRUE(HitsRegion(MakeStep("munmap", {0, 1ULL << 47})));
  EXPECT_TRUE(HitsRegion(MakeStep("munmap", {region - 4096, 4097})));
  EXPECT_FALSE(HitsRegion(MakeStep("munmap", {region - 4096, 4096})));
  EXPECT_TRUE(HitsRegion(MakeStep("mprotect", {kHeapStart.value() - 1, 1, kProtRead})));
  EXPECT_FALSE(HitsRegion(MakeStep("mprotect", {kHeapStart.value(), 1, kProtRead})));
  // A length that wraps is refused before anything is done.
  EXPECT_FALSE(HitsRegion(MakeStep("munmap", {4096, ~0ULL})));
  EXPECT_TRUE(HitsRegion(MakeStep("mremap", {kArenaBase.value(), 4096, 4096, 3, region})));
}

TEST(GeneratorTest, SimplerArgumentsComeToAnEnd) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    for (const Step& step : DrawProgram(seed).steps) {
      for (std::size_t i = 0; i < step.arguments.size(); ++i) {
        const ArgumentKind kind = Calls()[step.call].arguments[i];
        std::uint64_t value = step.arguments[i];
        int rounds = 0;
        for (auto simpler = SimplerArguments(kind, value); !simpler.empty(); simpler = SimplerArguments(kind, value)) {
          value = simpler.front();
          ASSERT_LT(++rounds, 10000) << Calls()[step.call].name << " argument " << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace memsim::differential
