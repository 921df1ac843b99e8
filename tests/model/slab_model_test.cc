// Random programs for a SlabTwin.

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/base/random.h"
#include "tests/model/seeds.h"
#include "tests/model/shrink.h"
#include "tests/model/slab_twin.h"

namespace memsim {
namespace {

constexpr const char* kNames[] = {"kCreate",   "kDestroy",   "kAlloc",      "kAllocAtomic",   "kAllocKernels",
                                  "kFree",     "kAllocBulk", "kFreeBulk",   "kShrink",        "kKmalloc",
                                  "kKrealloc", "kKfree",     "kFreeInside", "kFreeElsewhere", "kFreeTwice"};

std::string Paste(const SlabProgram& program) {
  std::string text = absl::StrCat("EXPECT_TRUE(Agrees({", program.cpus, ", ", program.memory_mib, ", {\n");
  for (const SlabOperation& op : program.operations) {
    absl::StrAppend(&text, "    {SlabCall::", kNames[static_cast<int>(op.call)], ", ", op.cpu, ", ", op.cache, ", ",
                    op.number, "},\n");
  }
  return text + "}}));\n";
}

// Caches come and go; objects are taken and given back in turns, by any CPU. One program in four runs out of memory.
SlabProgram Draw(std::uint64_t seed) {
  constexpr int kOperations = 1500;
  Random random(seed);
  SlabProgram program;
  program.cpus = static_cast<std::uint32_t>(1 + random.Below(random.Below(4) == 0 ? 64 : 4));
  program.memory_mib = seed % 4 == 0 ? 16 : 256;
  for (int i = 0; i < kOperations; ++i) {
    const bool growing = (i / 200) % 2 == 0;
    const SlabCall call = DrawSlabCall(random, growing);
    program.operations.push_back(
        {call, static_cast<std::uint16_t>(random.Below(program.cpus)), random.Below(1000), random.Below(100000)});
  }
  return program;
}

TEST(SlabModelTest, RandomProgramsAgreeWithAFlatMapOfObjects) {
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + Seeds(60); ++seed) {
    SlabProgram program = Draw(seed);
    if (SucceedsInChild([&program] { return Agrees(program); }, false)) continue;
    program.operations =
        Shrink<SlabOperation>(program.operations, [&program](const std::vector<SlabOperation>& shorter) {
          return Agrees({program.cpus, program.memory_mib, shorter});
        });
    ADD_FAILURE() << "seed " << seed << "; the shortest failing program:\n" << Paste(program);
    return;
  }
}

}  // namespace
}  // namespace memsim
