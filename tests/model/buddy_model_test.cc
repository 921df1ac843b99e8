// Random programs for a BuddyTwin.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/base/random.h"
#include "server/kernel/physical/migrate_type.h"
#include "tests/model/buddy_twin.h"
#include "tests/model/shrink.h"

namespace memsim {
namespace {

std::string Paste(const BuddyProgram& program) {
  static constexpr const char* kNames[] = {"kAllocate", "kAllocateUserPages", "kAllocateUnmixed",
                                           "kAtomic",   "kReturnAtomic",      "kFree"};
  std::string text =
      absl::StrCat("EXPECT_TRUE(Agrees({", program.memory_begin, ", ", program.begin, ", ", program.end, ", {\n");
  for (const BuddyOperation& op : program.operations) {
    absl::StrAppend(&text, "    {BuddyCall::", kNames[static_cast<int>(op.call)], ", ", op.order, ", ", op.type, ", ",
                    op.which, "},\n");
  }
  return text + "}}));\n";
}

// reserving: with much traffic to and from the reserve.
BuddyCall DrawCall(Random& random, bool growing, bool reserving) {
  const std::uint64_t draw = random.Below(100);
  if (reserving && random.Below(4) == 0) return draw < 50 ? BuddyCall::kReturnAtomic : BuddyCall::kAtomic;
  if (draw < 2) return BuddyCall::kReturnAtomic;
  if (draw < 6) return BuddyCall::kAtomic;
  if (draw >= (growing ? 80U : 35U)) return BuddyCall::kFree;
  if (draw < 12) return BuddyCall::kAllocateUnmixed;
  return draw % 2 == 0 ? BuddyCall::kAllocate : BuddyCall::kAllocateUserPages;
}

// Zones from a few pages to some hundred MiB, of which only those above 200 MiB reserve pageblocks, with ragged ends,
// filled and emptied in turns.
BuddyProgram Draw(std::uint64_t seed) {
  constexpr int kOperations = 600;
  Random random(seed);
  BuddyProgram program;
  const std::uint64_t largest_end = 1ULL << (3 + random.Below(14));
  program.end = 1 + random.Below(largest_end);
  program.begin = random.Below(program.end);
  if (random.Below(2) == 0) program.begin = std::min<std::uint64_t>(program.begin, random.Below(1024));
  const bool reserving = random.Below(8) == 0;
  if (reserving) {
    program.begin = random.Below(1024);
    program.end = program.begin + 51200 + random.Below(20480);
  }
  program.memory_begin = random.Below(program.begin + 1);
  const std::uint64_t orders = 1 + random.Below(kOrderCount);
  for (int i = 0; i < kOperations; ++i) {
    const bool growing = (i / 150) % 2 == 0;
    // Mostly small blocks, as small as any of the program.
    const auto order = static_cast<std::uint8_t>(std::min(random.Below(orders), random.Below(orders)));
    program.operations.push_back(
        {DrawCall(random, growing, reserving), order, static_cast<int>(random.Below(3)), random.Below(1000)});
  }
  return program;
}

TEST(BuddyModelTest, RandomProgramsAgreeWithTheSlowBuddySystem) {
  constexpr std::uint64_t kSeeds = 250;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    BuddyProgram program = Draw(seed);
    if (SucceedsInChild([&program] { return Agrees(program); }, false)) continue;
    program.operations =
        Shrink<BuddyOperation>(program.operations, [&program](const std::vector<BuddyOperation>& shorter) {
          return Agrees({program.memory_begin, program.begin, program.end, shorter});
        });
    ADD_FAILURE() << "seed " << seed << "; the shortest failing program:\n" << Paste(program);
    return;
  }
}

}  // namespace
}  // namespace memsim
