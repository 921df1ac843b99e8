#include "tests/model/slow_buddy.h"

#include <algorithm>

namespace memsim {
namespace {

constexpr int kTop = 10;
constexpr std::uint64_t kPageblock = 512;
constexpr int kPageblockOrder = 9;
constexpr int kUnmovable = 0;
constexpr int kMovable = 1;
constexpr int kReclaimable = 2;

std::uint64_t Size(int order) { return 1ULL << order; }

}  // namespace

SlowBuddy::SlowBuddy(std::uint64_t memory_begin, std::uint64_t begin, std::uint64_t end, std::uint64_t memory_end)
    : memory_begin_(memory_begin), begin_(begin), end_(end), memory_end_(memory_end) {
  for (std::uint64_t block = memory_begin / kPageblock; block * kPageblock < memory_end; ++block)
    types_[block] = kMovable;
  for (std::uint64_t pfn = begin; pfn < end;) {
    int order = kTop;
    while (pfn % Size(order) != 0 || pfn + Size(order) > end) --order;
    lists_[{order, kMovable}].push_back(pfn);
    pfn += Size(order);
  }
}

std::optional<std::uint64_t> SlowBuddy::Allocate(int order, int type, bool may_mix, bool movable_page) {
  bool stealing = false;
  const std::optional<std::uint64_t> pfn = AllocateNext(order, type, may_mix, stealing);
  if (pfn) Own(*pfn, order, movable_page);
  return pfn;
}

std::optional<std::uint64_t> SlowBuddy::AllocateNext(int order, int type, bool may_mix, bool& stealing) {
  std::optional<std::uint64_t> pfn;
  if (!stealing) pfn = AllocateOfType(order, type);
  const int lowest = !may_mix && order < kPageblockOrder ? kPageblockOrder : order;
  for (int found = kTop; !stealing && !pfn && found >= lowest; --found) {
    if (found < 4 && type == kMovable) break;
    const std::optional<int> from = FallbackWithBlocks(found, type);
    if (!from) continue;
    if (found >= kPageblockOrder) {
      const std::uint64_t head = list(found, *from).front();
      for (std::uint64_t at = head; at < head + Size(found); at += kPageblock) types_[at / kPageblock] = type;
      pfn = TakeHead(found, order, *from, type);
    } else if (ClaimPageblock(list(found, *from).front(), *from, type)) {
      // The moved blocks may still be too small.
      pfn = AllocateOfType(order, type);
      if (!pfn) return std::nullopt;
    }
  }
  for (int found = order; may_mix && !pfn && found <= kTop; ++found) {
    const std::optional<int> from = FallbackWithBlocks(found, type);
    if (!from) continue;
    pfn = TakeHead(found, order, *from, *from);
    stealing = true;
  }
  if (pfn) Own(*pfn, order, false);
  return pfn;
}

std::optional<std::uint64_t> SlowBuddy::AllocateOfType(int order, int type) {
  for (int found = order; found <= kTop; ++found) {
    if (!list(found, type).empty()) return TakeHead(found, order, type, type);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> SlowBuddy::TakeHead(int found, int order, int type, int rest_type) {
  std::deque<std::uint64_t>& blocks = lists_[{found, type}];
  const std::uint64_t pfn = blocks.front();
  blocks.pop_front();
  for (int half = found - 1; half >= order; --half) lists_[{half, rest_type}].push_front(pfn + Size(half));
  return pfn;
}

std::optional<int> SlowBuddy::FallbackWithBlocks(int order, int type) {
  static const std::map<int, std::vector<int>> kFallbacks = {{kUnmovable, {kReclaimable, kMovable}},
                                                             {kMovable, {kReclaimable, kUnmovable}},
                                                             {kReclaimable, {kUnmovable, kMovable}}};
  for (const int from : kFallbacks.at(type)) {
    if (!list(order, from).empty()) return from;
  }
  return std::nullopt;
}

bool SlowBuddy::ClaimPageblock(std::uint64_t pfn, int from, int to) {
  const std::uint64_t first = pfn / kPageblock * kPageblock;
  if (first < memory_begin_ || first + kPageblock > memory_end_) return false;
  std::uint64_t free = 0;
  std::uint64_t movable = 0;
  for (int order = 0; order < kPageblockOrder; ++order) {
    for (const std::uint64_t block : list(order, from))
      free += block / kPageblock * kPageblock == first ? Size(order) : 0;
  }
  for (const auto& [block, use] : allocated_) {
    movable += use.second && block / kPageblock * kPageblock == first ? Size(use.first) : 0;
  }
  std::uint64_t alike = 0;
  if (to == kMovable) {
    alike = movable;
  } else if (from == kMovable) {
    alike = kPageblock - free - movable;
  }
  if (free + alike < kPageblock / 2) return false;
  MovePageblock(first, from, to);
  return true;
}

void SlowBuddy::MovePageblock(std::uint64_t pageblock, int from, int to) {
  for (std::uint64_t pfn = pageblock; pfn < pageblock + kPageblock; ++pfn) {
    for (int order = 0; order < kPageblockOrder; ++order) {
      std::deque<std::uint64_t>& blocks = lists_[{order, from}];
      const auto at = std::find(blocks.begin(), blocks.end(), pfn);
      if (at == blocks.end()) continue;
      blocks.erase(at);
      lists_[{order, to}].push_back(pfn);
    }
  }
  types_[pageblock / kPageblock] = to;
}

void SlowBuddy::ReserveHighAtomic(std::uint64_t pfn) {
  const std::uint64_t share = (end_ - begin_) / 100;
  if (share < kPageblock || pageblocks(kHighAtomic) >= (share + kPageblock - 1) / kPageblock) return;
  const int from = types_[pfn / kPageblock];
  if (from == kHighAtomic) return;
  const int order = allocated_.at(pfn).first;
  const std::uint64_t first = pfn / kPageblock * kPageblock;
  if (order >= kPageblockOrder) {
    for (std::uint64_t at = pfn; at < pfn + Size(order); at += kPageblock) types_[at / kPageblock] = kHighAtomic;
  } else if (first >= memory_begin_ && first + kPageblock <= memory_end_) {
    MovePageblock(first, from, kHighAtomic);
  }
}

bool SlowBuddy::ReturnHighAtomic(int type) {
  for (int order = 0; order <= kTop; ++order) {
    std::deque<std::uint64_t>& blocks = lists_[{order, kHighAtomic}];
    if (blocks.empty()) continue;
    const std::uint64_t pfn = blocks.front();
    if (order < kPageblockOrder) {
      MovePageblock(pfn / kPageblock * kPageblock, kHighAtomic, type);
      return true;
    }
    blocks.pop_front();
    lists_[{order, type}].push_back(pfn);
    for (std::uint64_t at = pfn; at < pfn + Size(order); at += kPageblock) types_[at / kPageblock] = type;
    return true;
  }
  return false;
}

void SlowBuddy::Free(std::uint64_t pfn) {
  const int order = allocated_.at(pfn).first;
  allocated_.erase(pfn);
  const int piece = std::min(order, kPageblockOrder);
  for (std::uint64_t at = pfn; at < pfn + Size(order); at += Size(piece)) FreePiece(at, piece);
}

void SlowBuddy::FreePiece(std::uint64_t pfn, int order) {
  const int type = types_[pfn / kPageblock];
  for (; order < kTop; ++order) {
    const std::uint64_t buddy = pfn ^ Size(order);
    if (!IsFree(buddy, order)) break;
    const int buddy_type = types_[buddy / kPageblock];
    if (buddy_type != type && (buddy_type == kHighAtomic || type == kHighAtomic)) break;
    std::deque<std::uint64_t>& blocks = lists_[{order, buddy_type}];
    blocks.erase(std::find(blocks.begin(), blocks.end(), buddy));
    types_[buddy / kPageblock] = type;
    pfn = std::min(pfn, buddy);
  }
  const std::uint64_t merged = std::min(pfn, pfn ^ Size(order));
  const bool merge_likely = order < kPageblockOrder && IsFree(merged ^ Size(order + 1), order + 1);
  std::deque<std::uint64_t>& blocks = lists_[{order, type}];
  if (merge_likely) {
    blocks.push_back(pfn);
  } else {
    blocks.push_front(pfn);
  }
}

bool SlowBuddy::IsFree(std::uint64_t pfn, int order) {
  for (int type = 0; type < kTypes; ++type) {
    const std::deque<std::uint64_t>& blocks = list(order, type);
    if (std::find(blocks.begin(), blocks.end(), pfn) != blocks.end()) return true;
  }
  return false;
}

std::uint64_t SlowBuddy::pageblocks(int type) const {
  return static_cast<std::uint64_t>(
      std::count_if(types_.begin(), types_.end(), [type](const auto& entry) { return entry.second == type; }));
}

std::uint64_t SlowBuddy::free_pages() const {
  std::uint64_t sum = 0;
  for (const auto& [key, blocks] : lists_) sum += blocks.size() * Size(key.first);
  return sum;
}

}  // namespace memsim
