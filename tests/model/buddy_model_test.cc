// Random operations on a BuddyAllocator and on SlowBuddy, compared after each: the same frames in the same order, list
// by list.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

#include "server/base/random.h"
#include "server/kernel/physical/buddy_allocator.h"
#include "tests/model/shrink.h"
#include "tests/model/slow_buddy.h"

namespace memsim {
namespace {

enum class Kind : std::uint8_t { kAllocate, kAllocateUserPages, kAllocateUnmixed, kAtomic, kReturnAtomic, kFree };

// Valid in any state: an operation that does not apply does nothing.
struct Operation {
  Kind kind;
  std::uint8_t order;
  int type;
  // Which of the allocated blocks, ascending and modulo their number, is freed.
  std::uint64_t which;
};

struct Program {
  std::uint64_t memory_begin;
  std::uint64_t begin;
  std::uint64_t end;
  std::vector<Operation> operations;
};

std::string Paste(const Program& program) {
  static constexpr const char* kNames[] = {"kAllocate", "kAllocateUserPages", "kAllocateUnmixed",
                                           "kAtomic",   "kReturnAtomic",      "kFree"};
  std::string text =
      absl::StrCat("EXPECT_TRUE(Agrees({", program.memory_begin, ", ", program.begin, ", ", program.end, ", {\n");
  for (const Operation& op : program.operations) {
    absl::StrAppend(&text, "    {Kind::", kNames[static_cast<int>(op.kind)], ", ", op.order, ", ", op.type, ", ",
                    op.which, "},\n");
  }
  return text + "}}));\n";
}

class Pair {
 public:
  explicit Pair(const Program& program)
      : buddy_(&directory_, {PageFrameNumber(program.memory_begin), PageFrameNumber(program.end)},
               {PageFrameNumber(program.begin), PageFrameNumber(program.end)}),
        slow_(program.memory_begin, program.begin, program.end) {}

  // False: the answers differ.
  bool Apply(const Operation& op) {
    switch (op.kind) {
      case Kind::kAllocate:
        return Allocate(op, TypeMixing::kAllowed, false);
      case Kind::kAllocateUserPages:
        return Allocate({op.kind, op.order, 1, 0}, TypeMixing::kAllowed, true);
      case Kind::kAllocateUnmixed:
        return Allocate(op, TypeMixing::kWholePageblocksOnly, false);
      case Kind::kAtomic:
        return AllocateAtomic(op);
      case Kind::kReturnAtomic:
        return buddy_.ReturnHighAtomic(static_cast<MigrateType>(op.type)) == slow_.ReturnHighAtomic(op.type);
      case Kind::kFree:
        break;
    }
    if (slow_.allocated().empty()) return true;
    auto block = slow_.allocated().begin();
    std::advance(block, op.which % slow_.allocated().size());
    const PageFrameNumber pfn(block->first);
    buddy_.Free(pfn, directory_.frame(pfn).order);
    slow_.Free(pfn.value());
    return true;
  }

  bool SameState() {
    if (buddy_.free_pages().value() != slow_.free_pages()) return false;
    for (int type = 0; type < kMigrateTypeCount; ++type) {
      if (buddy_.pageblocks(static_cast<MigrateType>(type)) != slow_.pageblocks(type)) return false;
      for (std::uint8_t order = 0; order < kOrderCount; ++order) {
        if (!SameList(Order(order), static_cast<MigrateType>(type))) return false;
      }
    }
    return true;
  }

  void CheckInvariants() const { buddy_.CheckInvariants(); }

 private:
  bool Allocate(const Operation& op, TypeMixing mixing, bool movable) {
    const PageFrameNumber pfn = buddy_.Allocate(Order(op.order), static_cast<MigrateType>(op.type), mixing);
    return Own(pfn, op.order, movable, slow_.Allocate(op.order, op.type, mixing == TypeMixing::kAllowed, movable));
  }

  // From the reserve, or else from anywhere with a pageblock reserved.
  bool AllocateAtomic(const Operation& op) {
    const PageFrameNumber reserved = buddy_.AllocateOfType(Order(op.order), MigrateType::kHighAtomic);
    const std::optional<std::uint64_t> slow = slow_.AllocateOfType(op.order, SlowBuddy::kHighAtomic);
    if (slow.has_value()) slow_.Own(*slow, op.order, false);
    if (reserved != kNoPage || slow.has_value()) return Own(reserved, op.order, false, slow);

    const PageFrameNumber pfn = buddy_.Allocate(Order(op.order), MigrateType::kUnmovable, TypeMixing::kAllowed);
    if (!Own(pfn, op.order, false, slow_.Allocate(op.order, 0, true, false))) return false;
    if (pfn == kNoPage) return true;
    buddy_.ReserveHighAtomic(pfn, Order(op.order));
    slow_.ReserveHighAtomic(pfn.value());
    return true;
  }

  bool Own(PageFrameNumber pfn, std::uint8_t order, bool movable, std::optional<std::uint64_t> expected) {
    if (pfn == kNoPage || !expected.has_value()) return (pfn == kNoPage) == !expected.has_value();
    if (pfn.value() != *expected) return false;
    PageFrame& head = directory_.frame(pfn);
    if (head != PageFrame{}) return false;
    head.flags = kFrameAllocated;
    head.order = Order(order);
    head.owner = movable ? PageOwner::kAnonymous : PageOwner::kCaller;
    return true;
  }

  bool SameList(Order order, MigrateType type) {
    std::vector<std::uint64_t> blocks;
    for (const PageFrameNumber pfn : buddy_.Blocks(order, type)) blocks.push_back(pfn.value());
    if (order == kMaxOrder && type == MigrateType::kMovable) {
      const FrameRange untouched = buddy_.untouched();
      for (PageFrameNumber pfn = untouched.begin; pfn < untouched.end; pfn += PagesOfOrder(order)) {
        blocks.push_back(pfn.value());
      }
    }
    const std::deque<std::uint64_t>& expected = slow_.list(order.value(), static_cast<int>(type));
    return std::equal(blocks.begin(), blocks.end(), expected.begin(), expected.end());
  }

  FrameDirectory directory_;
  BuddyAllocator buddy_;
  SlowBuddy slow_;
};

bool Agrees(const Program& program) {
  Pair pair(program);
  if (!pair.SameState()) return false;
  for (const Operation& op : program.operations) {
    if (!pair.Apply(op)) return false;
    pair.CheckInvariants();
    if (!pair.SameState()) return false;
  }
  return true;
}

// reserving: with much traffic to and from the reserve.
Kind DrawKind(Random& random, bool growing, bool reserving) {
  const std::uint64_t draw = random.Below(100);
  if (reserving && random.Below(4) == 0) return draw < 50 ? Kind::kReturnAtomic : Kind::kAtomic;
  if (draw < 2) return Kind::kReturnAtomic;
  if (draw < 6) return Kind::kAtomic;
  if (draw >= (growing ? 80U : 35U)) return Kind::kFree;
  if (draw < 12) return Kind::kAllocateUnmixed;
  return draw % 2 == 0 ? Kind::kAllocate : Kind::kAllocateUserPages;
}

// Zones from a few pages to some hundred MiB, of which only those above 200 MiB reserve pageblocks, with ragged ends,
// filled and emptied in turns.
Program Draw(std::uint64_t seed) {
  constexpr int kOperations = 600;
  Random random(seed);
  Program program;
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
        {DrawKind(random, growing, reserving), order, static_cast<int>(random.Below(3)), random.Below(1000)});
  }
  return program;
}

TEST(BuddyModelTest, RandomProgramsAgreeWithTheSlowBuddySystem) {
  constexpr std::uint64_t kSeeds = 250;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Program program = Draw(seed);
    if (SucceedsInChild([&program] { return Agrees(program); }, false)) continue;
    program.operations = Shrink<Operation>(program.operations, [&program](const std::vector<Operation>& shorter) {
      return Agrees({program.memory_begin, program.begin, program.end, shorter});
    });
    ADD_FAILURE() << "seed " << seed << "; the shortest failing program:\n" << Paste(program);
    return;
  }
}

}  // namespace
}  // namespace memsim
