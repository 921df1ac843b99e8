#include "tests/model/buddy_twin.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <optional>

#include "server/kernel/physical/buddy_allocator.h"
#include "tests/model/slow_buddy.h"

namespace memsim {
namespace {

class BuddyTwin {
 public:
  explicit BuddyTwin(const BuddyProgram& program)
      : buddy_(&directory_, &cpus_, {PageFrameNumber(program.memory_begin), PageFrameNumber(program.end)},
               {PageFrameNumber(program.begin), PageFrameNumber(program.end)}),
        slow_(program.memory_begin, program.begin, program.end, program.end) {}

  // False: the answers differ.
  bool Apply(const BuddyOperation& op) {
    switch (op.call) {
      case BuddyCall::kAllocate:
        return Allocate(op, TypeMixing::kAllowed, false);
      case BuddyCall::kAllocateUserPages:
        return Allocate({op.call, op.order, 1, 0}, TypeMixing::kAllowed, true);
      case BuddyCall::kAllocateUnmixed:
        return Allocate(op, TypeMixing::kWholePageblocksOnly, false);
      case BuddyCall::kAtomic:
        return AllocateAtomic(op);
      case BuddyCall::kReturnAtomic:
        return buddy_.ReturnHighAtomic(static_cast<MigrateType>(op.type)) == slow_.ReturnHighAtomic(op.type);
      case BuddyCall::kFree:
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
  bool Allocate(const BuddyOperation& op, TypeMixing mixing, bool movable) {
    const PageFrameNumber pfn = buddy_.Allocate(Order(op.order), static_cast<MigrateType>(op.type), mixing);
    return Own(pfn, op.order, movable, slow_.Allocate(op.order, op.type, mixing == TypeMixing::kAllowed, movable));
  }

  // From the reserve, or else from anywhere with a pageblock reserved.
  bool AllocateAtomic(const BuddyOperation& op) {
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

  CostTable costs_;
  Cpus cpus_{1, costs_};
  FrameDirectory directory_;
  BuddyAllocator buddy_;
  SlowBuddy slow_;
};

}  // namespace

bool Agrees(const BuddyProgram& program) {
  BuddyTwin twin(program);
  if (!twin.SameState()) return false;
  for (const BuddyOperation& op : program.operations) {
    if (!twin.Apply(op)) return false;
    twin.CheckInvariants();
    if (!twin.SameState()) return false;
  }
  return true;
}

}  // namespace memsim
