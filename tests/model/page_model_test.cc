// Random programs for a PageTwin.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/base/random.h"
#include "tests/model/page_twin.h"
#include "tests/model/seeds.h"
#include "tests/model/shrink.h"

namespace memsim {
namespace {

// A few seconds in a release build.
constexpr std::uint64_t kSeeds = 150;

std::string Paste(const PageProgram& program) {
  static constexpr const char* kNames[] = {"kAlloc", "kFree", "kDrain", "kDecay"};
  std::string text = absl::StrCat("EXPECT_TRUE(Agrees({", program.memory_mib, ", ", program.cpus, ", {\n");
  for (const PageOperation& op : program.operations) {
    absl::StrAppend(&text, "    {PageCall::", kNames[static_cast<int>(op.call)], ", ", op.cpu, ", ", op.times, ", ",
                    op.which, ", ", op.order, "},\n");
  }
  return text + "}}));\n";
}

std::uint32_t Below(Random& random, std::uint64_t bound) { return static_cast<std::uint32_t>(random.Below(bound)); }

// Mostly single pages, then the orders that CPUs keep, then any.
std::uint32_t DrawOrder(Random& random) {
  const std::uint64_t draw = random.Below(100);
  if (draw < 65) return 0;
  if (draw < 90) return 1 + Below(random, 3);
  return draw < 93 ? 9 : Below(random, 11);
}

PageOperation DrawOperation(Random& random, bool growing, std::uint32_t longest) {
  const std::uint64_t draw = random.Below(100);
  // Mostly short, so that the lists are left in all states.
  const std::uint32_t times = 1 + std::min(Below(random, longest), Below(random, longest));
  const std::uint32_t cpu = Below(random, 64);
  if (draw == 0) return {PageCall::kDrain, cpu, 1, 0, 0};
  if (draw < 6) return {PageCall::kDecay, cpu, 1 + Below(random, 3), 0, 0};
  if (draw >= (growing ? 75U : 35U)) return {PageCall::kFree, cpu, times, Below(random, 100000), Below(random, 3)};
  // User memory as often as all others.
  const std::uint32_t gfp = random.Below(2) == 0 ? 0 : Below(random, std::size(kPageGfps));
  const std::uint32_t order = DrawOrder(random);
  return {PageCall::kAlloc, cpu, std::max(times >> order, 1U), gfp, order};
}

// Filled and emptied in turns; small, so that memory is short at times. Some have all three zones, of which the
// highest is short, or so much memory that atomic allocations get a reserve.
PageProgram Draw(std::uint64_t seed) {
  constexpr int kOperations = 240;
  Random random(seed);
  PageProgram program;
  program.memory_mib = 16 + random.Below(random.Below(2) == 0 ? 4 : 64);
  const std::uint64_t draw = random.Below(12);
  if (draw == 0) program.memory_mib = 3072 + 8 + random.Below(40);
  if (draw == 1) program.memory_mib = 256 + random.Below(64);
  program.cpus = 1 + Below(random, random.Below(2) == 0 ? 4 : 64);
  const std::uint32_t longest = 1U << (3 + random.Below(7));
  for (int i = 0; i < kOperations; ++i) {
    program.operations.push_back(DrawOperation(random, (i / 60) % 2 == 0, longest));
  }
  return program;
}

TEST(PageModelTest, RandomProgramsOnManyCpusAgreeWithTheSlowPageAllocator) {
  for (std::uint64_t seed = FirstSeed(); seed < FirstSeed() + Seeds(kSeeds); ++seed) {
    PageProgram program = Draw(seed);
    if (SucceedsInChild([&program] { return Agrees(program); }, false)) continue;
    program.operations =
        Shrink<PageOperation>(program.operations, [&program](const std::vector<PageOperation>& shorter) {
          return Agrees({program.memory_mib, program.cpus, shorter});
        });
    SucceedsInChild([&program] { return Agrees(program); }, false);
    ADD_FAILURE() << "seed " << seed << "; the shortest failing program:\n" << Paste(program);
    return;
  }
}

}  // namespace
}  // namespace memsim
