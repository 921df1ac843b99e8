#include "server/kernel/vm/vma_tree.h"

#include <algorithm>

#include "server/base/check.h"

namespace memsim {

// --- Nodes

namespace {

// How many of a node's numbers the predicate holds for. Without branches, as one mispredicted costs more than sixteen
// comparisons, and in two sums that do not wait for each other.
template <typename Predicate>
inline int Count(const std::array<std::uint64_t, VmaTree::kFanout>& numbers, Predicate predicate) {
  constexpr int kHalf = VmaTree::kFanout / 2;
  int low = 0;
  int high = 0;
  for (int i = 0; i < kHalf; ++i) {
    low += predicate(numbers[i]) ? 1 : 0;
    high += predicate(numbers[i + kHalf]) ? 1 : 0;
  }
  return low + high;
}

}  // namespace

inline int VmaTree::Node::EndsAtOrBelow(std::uint64_t address) const {
  // Only an address of kUnused counts the unused entries too.
  return std::min(Count(ends, [address](std::uint64_t end) { return end <= address; }), static_cast<int>(count));
}

inline int VmaTree::Node::StartsBelow(std::uint64_t address) const {
  return Count(starts, [address](std::uint64_t start) { return start < address; });
}

VmaTree::Slot VmaTree::Summary(NodeIndex index, int depth) const {
  const Node& node = nodes_[index];
  const int n = static_cast<int>(node.count);
  std::uint64_t largest = node.gaps[0];
  for (int i = 1; i < n; ++i) largest = std::max(largest, node.gaps[i]);
  // A leaf's gaps are its holes.
  if (!IsLeafDepth(depth)) {
    for (int i = 1; i < n; ++i) largest = std::max(largest, node.starts[i] - node.ends[i - 1]);
  }
  return {node.starts[0], node.ends[n - 1], largest, index};
}

// --- Looking up

VmaTree::Entry VmaTree::EntryAt(const Node& leaf, int slot) const {
  return {{VirtualAddress(leaf.starts[slot]), VirtualAddress(leaf.ends[slot])}, VmaId(leaf.refs[slot])};
}

VmaTree::Place VmaTree::SearchPlaceOf(VirtualAddress address) const {
  if (const Node* leaf = FingerWith(address)) {
    finger_slot() = leaf->EndsAtOrBelow(address.value());
    return {leaf, finger_slot()};
  }
  if (height_ == 0) return {nullptr, 0};
  const int slot = Descend(address);
  const Node& leaf = finger_leaf();
  return slot == static_cast<int>(leaf.count) ? Place{nullptr, 0} : Place{&leaf, slot};
}

VmaTree::Place VmaTree::SearchPlaceBefore(VirtualAddress address) const {
  if (const Node* leaf = FingerWith(address)) {
    finger_slot() = leaf->StartsBelow(address.value());
    return {leaf, finger_slot() - 1};
  }
  if (height_ == 0) return {nullptr, 0};
  const Node* node = &nodes_[root_];
  int below = node->StartsBelow(address.value());
  if (below == 0) return {nullptr, 0};
  finger_.node[0] = root_;
  for (int depth = 1; depth < height_; ++depth) {
    finger_.slot[depth - 1] = below - 1;
    finger_.node[depth] = node->refs[below - 1];
    node = &nodes_[finger_.node[depth]];
    below = node->StartsBelow(address.value());
  }
  finger_slot() = below;
  has_finger_ = true;
  return {node, below - 1};
}

std::optional<VmaTree::Entry> VmaTree::Find(VirtualAddress address) const {
  const Place place = PlaceOf(address);
  return place.leaf == nullptr ? std::nullopt : std::optional<Entry>(EntryAt(*place.leaf, place.slot));
}

std::optional<VmaTree::Entry> VmaTree::FindBefore(VirtualAddress address) const {
  const Place place = PlaceBefore(address);
  return place.leaf == nullptr ? std::nullopt : std::optional<Entry>(EntryAt(*place.leaf, place.slot));
}

VmaId VmaTree::FindIdBefore(VirtualAddress address) const {
  const Place place = PlaceBefore(address);
  return place.leaf == nullptr ? kNoVma : VmaId(place.leaf->refs[place.slot]);
}

VmaTree::Neighbours VmaTree::NeighboursOf(VirtualRange stretch) const {
  const Place first = PlaceOf(stretch.start);
  if (first.leaf != nullptr && first.slot > 0) {
    const Node& leaf = *first.leaf;
    int above = first.slot;
    while (above < static_cast<int>(leaf.count) && leaf.starts[above] < stretch.end.value()) ++above;
    if (above < static_cast<int>(leaf.count)) return {VmaId(leaf.refs[first.slot - 1]), VmaId(leaf.refs[above])};
  }
  return {FindIdBefore(stretch.start), FindId(stretch.end)};
}

void VmaTree::ForEachIn(VirtualRange range, absl::FunctionRef<void(const Entry&)> visit) const {
  if (height_ == 0 || range.empty()) return;
  Path path = PathTo(range.start);
  const int leaf_depth = height_ - 1;
  if (path.slot[leaf_depth] == static_cast<int>(nodes_[path.node[leaf_depth]].count)) return;
  do {
    const Entry entry = EntryAt(nodes_[path.node[leaf_depth]], path.slot[leaf_depth]);
    if (entry.range.start >= range.end) return;
    visit(entry);
  } while (Step(path));
}

void VmaTree::ForEach(absl::FunctionRef<void(const Entry&)> visit) const {
  ForEachIn({VirtualAddress(0), VirtualAddress(UINT64_MAX)}, visit);
}

// --- Paths

int VmaTree::Descend(VirtualAddress address) const {
  NodeIndex index = root_;
  int slot = 0;
  for (int depth = 0; depth < height_; ++depth) {
    const Node& node = nodes_[index];
    slot = node.EndsAtOrBelow(address.value());
    // Beyond everything: to the last child, and past the last entry of its leaf.
    if (!IsLeafDepth(depth)) slot = std::min(slot, static_cast<int>(node.count) - 1);
    finger_.node[depth] = index;
    finger_.slot[depth] = slot;
    index = node.refs[slot < kFanout ? slot : 0];
  }
  has_finger_ = true;
  return slot;
}

const VmaTree::Path& VmaTree::PathToStart(VirtualAddress start) const {
  MEMSIM_CHECK(height_ > 0, start.value());
  const Path& path = PathTo(start);
  const Node& leaf = nodes_[path.node[height_ - 1]];
  const int slot = path.slot[height_ - 1];
  MEMSIM_CHECK(slot < static_cast<int>(leaf.count) && leaf.starts[slot] == start.value(), start.value());
  return path;
}

bool VmaTree::Step(Path& path) const {
  int depth = height_ - 1;
  while (depth >= 0 && path.slot[depth] + 1 >= static_cast<int>(nodes_[path.node[depth]].count)) --depth;
  if (depth < 0) return false;
  ++path.slot[depth];
  for (; depth < height_ - 1; ++depth) {
    path.node[depth + 1] = nodes_[path.node[depth]].refs[path.slot[depth]];
    path.slot[depth + 1] = 0;
  }
  return true;
}

std::uint64_t VmaTree::EndBefore(const Path& path) const {
  for (int depth = height_ - 1; depth >= 0; --depth) {
    if (path.slot[depth] > 0) return nodes_[path.node[depth]].ends[path.slot[depth] - 1];
  }
  return 0;
}

std::uint64_t VmaTree::StartAfter(const Path& path) const {
  for (int depth = height_ - 1; depth >= 0; --depth) {
    const Node& node = nodes_[path.node[depth]];
    if (path.slot[depth] + 1 < static_cast<int>(node.count)) return node.starts[path.slot[depth] + 1];
  }
  return kUnused;
}

// --- Books

ByteCount VmaTree::HostMemory() const { return ByteCount(sizeof(*this) + nodes_.capacity() * sizeof(Node)); }

std::size_t VmaTree::broken_promises() const { return height_ == 0 ? 0 : BrokenPromisesBelow(root_, 0); }

std::size_t VmaTree::BrokenPromisesBelow(NodeIndex index, int depth) const {
  if (IsLeafDepth(depth)) return 0;
  const Node& node = nodes_[index];
  std::size_t broken = 0;
  for (int i = 0; i < static_cast<int>(node.count); ++i) {
    broken += Summary(node.refs[i], depth + 1).gap < node.gaps[i] ? 1 : 0;
    broken += BrokenPromisesBelow(node.refs[i], depth + 1);
  }
  return broken;
}

void VmaTree::CheckInvariants() const {
  std::size_t nodes = 0;
  if (height_ == 0) {
    MEMSIM_CHECK(size_ == 0 && root_ == kNone, size_);
  } else {
    MEMSIM_CHECK(height_ <= kMaxHeight, static_cast<std::uint64_t>(height_));
    const std::size_t ranges = CheckNode(root_, 0, &nodes);
    MEMSIM_CHECK(ranges == size_, ranges, size_);
  }
  for (NodeIndex free = free_head_; free != kNone; free = nodes_[free].refs[0]) {
    MEMSIM_CHECK(nodes_[free].count == 0, free);
    ++nodes;
    MEMSIM_CHECK(nodes <= nodes_.size(), nodes, nodes_.size());
  }
  MEMSIM_CHECK(nodes == nodes_.size(), nodes, nodes_.size());
  CheckFinger();
  CheckCeiling();
}

void VmaTree::CheckFinger() const {
  if (!has_finger_) return;
  MEMSIM_CHECK(height_ > 0 && finger_.node[0] == root_, root_);
  for (int depth = 0; !IsLeafDepth(depth); ++depth) {
    const Node& node = nodes_[finger_.node[depth]];
    const int slot = finger_.slot[depth];
    MEMSIM_CHECK(slot >= 0 && slot < static_cast<int>(node.count), static_cast<std::uint64_t>(slot), node.count);
    MEMSIM_CHECK(node.refs[slot] == finger_.node[depth + 1], node.refs[slot], finger_.node[depth + 1]);
  }
  MEMSIM_CHECK(finger_slot() >= 0 && finger_slot() <= kFanout, static_cast<std::uint64_t>(finger_slot()));
}

void VmaTree::CheckCeiling() const {
  if (ceiling_.window_end == 0) return;
  std::uint64_t low = 0;
  const auto check = [this, &low](std::uint64_t high) {
    high = std::min(high, ceiling_.window_end);
    const bool gap = high > low && high - low >= ceiling_.size;
    MEMSIM_CHECK(!gap || high <= ceiling_.at, high, ceiling_.at);
  };
  ForEach([&](const Entry& entry) {
    check(entry.range.start.value());
    low = entry.range.end.value();
  });
  check(UINT64_MAX);
}

std::size_t VmaTree::CheckNode(NodeIndex index, int depth, std::size_t* nodes) const {
  const bool is_leaf = depth == height_ - 1;
  const Node& node = nodes_[index];
  const int n = static_cast<int>(node.count);
  const int minimum = depth > 0 ? kMinimum : (is_leaf ? 1 : 2);
  MEMSIM_CHECK(n >= minimum && n <= kFanout, node.count, index);
  ++*nodes;
  std::size_t ranges = 0;
  for (int i = 0; i < n; ++i) {
    MEMSIM_CHECK(node.starts[i] < node.ends[i], node.starts[i], node.ends[i]);
    MEMSIM_CHECK(i == 0 || node.ends[i - 1] <= node.starts[i], node.starts[i], node.ends[i - 1]);
    if (is_leaf) {
      const std::uint64_t hole = i + 1 < n ? node.starts[i + 1] - node.ends[i] : 0;
      MEMSIM_CHECK(node.refs[i] != 0 && node.gaps[i] == hole, node.refs[i], node.gaps[i]);
      ++ranges;
    } else {
      ranges += CheckNode(node.refs[i], depth + 1, nodes);
      Slot summary = Summary(node.refs[i], depth + 1);
      MEMSIM_CHECK(summary.gap <= node.gaps[i], summary.gap, node.gaps[i]);
      summary.gap = node.gaps[i];
      MEMSIM_CHECK(summary == node.Get(i), node.refs[i], index);
    }
  }
  for (int i = n; i < kFanout; ++i) {
    MEMSIM_CHECK(node.starts[i] == kUnused && node.ends[i] == kUnused, node.starts[i], node.ends[i]);
  }
  return ranges;
}

}  // namespace memsim
