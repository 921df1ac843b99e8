// The search for room. A subtree that lies wholly within the window and whose largest hole fits has an answer, unless
// that hole was filled since; and the subtrees at the window's two ends may promise a hole that lies outside. So a
// search goes down at most one path for each end in vain, one for each broken promise that no search has found out yet,
// and one more for the answer.

#include <algorithm>

#include "server/base/check.h"
#include "server/kernel/vm/vma_tree.h"

namespace memsim {

std::optional<VirtualRange> VmaTree::Fit(const GapQuery& query, std::uint64_t low, std::uint64_t high) {
  low = std::max(low, query.window.start.value());
  high = std::min(high, query.window.end.value());
  if (high <= low || high - low < query.size) return std::nullopt;
  return VirtualRange{VirtualAddress(low), VirtualAddress(high)};
}

// The hole between a node's entry and the next one.
std::optional<VmaTree::Gap> VmaTree::FitBetween(const GapQuery& query, const Node& node, int slot, int depth) const {
  const std::optional<VirtualRange> range = Fit(query, node.ends[slot], node.starts[slot + 1]);
  if (!range.has_value()) return std::nullopt;
  return Gap{*range, LastId(node.refs[slot], depth + 1), FirstId(node.refs[slot + 1], depth + 1)};
}

std::optional<VmaTree::Gap> VmaTree::FitBelowAll(const GapQuery& query) const {
  const std::optional<VirtualRange> range = Fit(query, 0, nodes_[root_].starts[0]);
  if (!range.has_value()) return std::nullopt;
  return Gap{*range, kNoVma, FirstId(root_, 0)};
}

std::optional<VmaTree::Gap> VmaTree::FitAboveAll(const GapQuery& query) const {
  const Node& root = nodes_[root_];
  const std::optional<VirtualRange> range = Fit(query, root.ends[root.count - 1], UINT64_MAX);
  if (!range.has_value()) return std::nullopt;
  return Gap{*range, LastId(root_, 0), kNoVma};
}

std::optional<VmaTree::Gap> VmaTree::HighestGap(VirtualRange window, ByteCount size) {
  MEMSIM_CHECK(size > ByteCount(0));
  const GapQuery query{window, size.value()};
  if (height_ == 0) {
    const std::optional<VirtualRange> range = Fit(query, 0, UINT64_MAX);
    return range.has_value() ? std::optional<Gap>(Gap{*range, kNoVma, kNoVma}) : std::nullopt;
  }
  const std::uint64_t window_end = window.end.value();
  if (window_end == ceiling_.window_end && query.size >= ceiling_.size) {
    if (std::optional<Gap> gap = HighestAtCeiling(query); gap.has_value()) {
      if (query.size == ceiling_.size) ceiling_.at = gap->range.end.value();
      return gap;
    }
  }
  std::optional<Gap> gap = FitAboveAll(query);
  if (!gap.has_value()) gap = HighestInside(query, root_, 0);
  if (!gap.has_value()) gap = FitBelowAll(query);
  if (gap.has_value()) ceiling_ = {window_end, query.size, gap->range.end.value()};
  return gap;
}

std::optional<VmaTree::Gap> VmaTree::HighestAtCeiling(const GapQuery& query) const {
  const Place below = PlaceBefore(VirtualAddress(ceiling_.at));
  if (below.leaf == nullptr) return std::nullopt;
  const int last = static_cast<int>(below.leaf->count) - 1;
  // Behind the leaf's last entry there may be a hole that it does not know.
  if (below.slot == last) return std::nullopt;
  for (int i = below.slot; i >= 0; --i) {
    if (below.leaf->gaps[i] >= query.size) return FitBetween(query, *below.leaf, i, height_ - 1);
  }
  return std::nullopt;
}

std::optional<VmaTree::Gap> VmaTree::LowestGap(VirtualRange window, ByteCount size) {
  if (height_ == 0) return HighestGap(window, size);
  MEMSIM_CHECK(size > ByteCount(0));
  const GapQuery query{window, size.value()};
  if (std::optional<Gap> gap = FitBelowAll(query); gap.has_value()) return gap;
  if (std::optional<Gap> gap = LowestInside(query, root_, 0); gap.has_value()) return gap;
  return FitAboveAll(query);
}

std::optional<VmaTree::Gap> VmaTree::HighestInside(const GapQuery& query, NodeIndex index, int depth) {
  Node& node = nodes_[index];
  const int last = static_cast<int>(node.count) - 1;
  if (IsLeafDepth(depth)) {
    for (int i = last - 1; i >= 0; --i) {
      if (node.gaps[i] < query.size) [[likely]]
        continue;
      if (node.starts[i + 1] <= query.window.start.value()) return std::nullopt;
      if (std::optional<Gap> gap = FitBetween(query, node, i, depth); gap.has_value()) return gap;
    }
    return std::nullopt;
  }
  for (int i = last; i >= 0; --i) {
    // Most holes are too small whatever the window leaves of them: the window counts only for the others.
    if (i < last && node.starts[i + 1] - node.ends[i] >= query.size) {
      if (node.starts[i + 1] <= query.window.start.value()) return std::nullopt;
      if (std::optional<Gap> gap = FitBetween(query, node, i, depth); gap.has_value()) return gap;
    }
    if (node.gaps[i] >= query.size && node.starts[i] < query.window.end.value()) {
      if (node.ends[i] <= query.window.start.value()) return std::nullopt;
      if (std::optional<Gap> gap = HighestInside(query, node.refs[i], depth + 1); gap.has_value()) return gap;
      CorrectGap(node, i, depth);
    }
  }
  return std::nullopt;
}

std::optional<VmaTree::Gap> VmaTree::LowestInside(const GapQuery& query, NodeIndex index, int depth) {
  Node& node = nodes_[index];
  const int last = static_cast<int>(node.count) - 1;
  for (int i = 0; i <= last; ++i) {
    // A leaf's gaps lie behind its entries.
    if (!IsLeafDepth(depth) && node.gaps[i] >= query.size && node.ends[i] > query.window.start.value()) {
      if (node.starts[i] >= query.window.end.value()) return std::nullopt;
      if (std::optional<Gap> gap = LowestInside(query, node.refs[i], depth + 1); gap.has_value()) return gap;
      CorrectGap(node, i, depth);
    }
    if (i < last && node.starts[i + 1] - node.ends[i] >= query.size) {
      if (node.ends[i] >= query.window.end.value()) return std::nullopt;
      if (std::optional<Gap> gap = FitBetween(query, node, i, depth); gap.has_value()) return gap;
    }
  }
  return std::nullopt;
}

VmaId VmaTree::FirstId(std::uint32_t ref, int depth) const {
  for (; depth < height_; ++depth) ref = nodes_[ref].refs[0];
  return VmaId(ref);
}

VmaId VmaTree::LastId(std::uint32_t ref, int depth) const {
  for (; depth < height_; ++depth) ref = nodes_[ref].refs[nodes_[ref].count - 1];
  return VmaId(ref);
}

}  // namespace memsim
