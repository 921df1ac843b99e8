// The buddy system written down slowly and obviously, as a reference for BuddyAllocator: every frame's state and every
// list stands in full from boot on, and nothing is implicit.

#ifndef MEMSIM_TESTS_MODEL_SLOW_BUDDY_H_
#define MEMSIM_TESTS_MODEL_SLOW_BUDDY_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace memsim {

class SlowBuddy {
 public:
  static constexpr int kTypes = 4;
  static constexpr int kHighAtomic = 3;

  // The zone's memory is [memory_begin, memory_end); the buddy system has [begin, end) of it.
  SlowBuddy(std::uint64_t memory_begin, std::uint64_t begin, std::uint64_t end, std::uint64_t memory_end);

  std::optional<std::uint64_t> Allocate(int order, int type, bool may_mix, bool movable_page);
  // Several in a row: once one had to be stolen, the others are too, even if a pageblock could be claimed by then.
  std::optional<std::uint64_t> AllocateNext(int order, int type, bool may_mix, bool& stealing);
  std::optional<std::uint64_t> AllocateOfType(int order, int type);
  void Free(std::uint64_t pfn);
  void ReserveHighAtomic(std::uint64_t pfn);
  bool ReturnHighAtomic(int type);

  // Whoever takes a block off the lists says what it is for.
  void Own(std::uint64_t pfn, int order, bool movable_page) { allocated_[pfn] = {order, movable_page}; }

  const std::deque<std::uint64_t>& list(int order, int type) { return lists_[{order, type}]; }
  std::uint64_t pageblocks(int type) const;
  int type_of(std::uint64_t pfn) const { return types_.at(pfn / 512); }
  std::uint64_t free_pages() const;
  const std::map<std::uint64_t, std::pair<int, bool>>& allocated() const { return allocated_; }

 private:
  std::optional<int> FallbackWithBlocks(int order, int type);
  std::optional<std::uint64_t> TakeHead(int found, int order, int type, int rest_type);
  bool ClaimPageblock(std::uint64_t pfn, int from, int to);
  void MovePageblock(std::uint64_t pageblock, int from, int to);
  bool IsFree(std::uint64_t pfn, int order);
  void FreePiece(std::uint64_t pfn, int order);

  std::uint64_t memory_begin_;
  std::uint64_t begin_;
  std::uint64_t end_;
  std::uint64_t memory_end_;
  std::map<std::pair<int, int>, std::deque<std::uint64_t>> lists_;
  // By pageblock number.
  std::map<std::uint64_t, int> types_;
  // First frame to order and whether its pages can move.
  std::map<std::uint64_t, std::pair<int, bool>> allocated_;
};

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SLOW_BUDDY_H_
