// How the tree changes: insertion with splits upwards, removal with refills from siblings.

#include <algorithm>

#include "server/base/check.h"
#include "server/kernel/vm/vma_tree.h"

namespace memsim {

// --- Nodes

inline void VmaTree::Node::InsertAt(int i, const Slot& slot) {
  const int n = static_cast<int>(count);
  MEMSIM_CHECK(n < kFanout && i <= n, n, i);
  for (int j = n; j > i; --j) Set(j, Get(j - 1));
  Set(i, slot);
  ++count;
}

inline void VmaTree::Node::RemoveAt(int i) {
  const int n = static_cast<int>(count);
  MEMSIM_CHECK(i < n, n, i);
  for (int j = i; j + 1 < n; ++j) Set(j, Get(j + 1));
  --count;
  Set(n - 1, {kUnused, kUnused, 0, 0});
}

VmaTree::NodeIndex VmaTree::NewNode() {
  ++node_count_;
  NodeIndex index = free_head_;
  if (index == kNone) {
    index = static_cast<NodeIndex>(nodes_.size());
    nodes_.emplace_back();
  } else {
    free_head_ = nodes_[index].refs[0];
  }
  Node& node = nodes_[index];
  node.starts.fill(kUnused);
  node.ends.fill(kUnused);
  node.gaps.fill(0);
  node.refs.fill(0);
  node.count = 0;
  return index;
}

void VmaTree::FreeNode(NodeIndex index) {
  --node_count_;
  has_finger_ = false;
  nodes_[index].count = 0;
  nodes_[index].refs[0] = free_head_;
  free_head_ = index;
}

// --- Insertion

void VmaTree::Insert(VirtualRange range, VmaId id) {
  MEMSIM_CHECK(!range.empty(), range.start.value(), range.end.value());
  MEMSIM_CHECK(id != kNoVma, range.start.value());
  if (height_ == 0) {
    root_ = NewNode();
    height_ = 1;
  }
  const Path& path = PathTo(range.start);
  Node& leaf = nodes_[path.node[height_ - 1]];
  const int slot = path.slot[height_ - 1];
  const int count = static_cast<int>(leaf.count);
  // The next range is in this leaf, unless this is the end of the tree; all ranges before end at or below range.start.
  MEMSIM_CHECK(slot == count || range.end.value() <= leaf.starts[slot], range.start.value(), range.end.value());
  Slot entry{range.start.value(), range.end.value(), 0, id.value()};
  ++size_;
  if (slot > 0 && slot < count && count < kFanout) {
    // What most insertions do: they only make a hole smaller.
    leaf.gaps[slot - 1] = entry.start - leaf.ends[slot - 1];
    entry.gap = leaf.starts[slot] - entry.end;
    leaf.InsertAt(slot, entry);
  } else {
    InsertAtFinger(entry);
  }
}

void VmaTree::InsertAtFinger(Slot slot) {
  Path& path = finger_;
  for (int depth = height_ - 1;; --depth) {
    const NodeIndex index = path.node[depth];
    const int i = path.slot[depth];
    if (nodes_[index].count < kFanout) {
      InsertEntry(nodes_[index], i, slot, depth);
      return RefreshAbove(path, depth);
    }
    const NodeIndex right = Split(index, depth);
    const int left_count = static_cast<int>(nodes_[index].count);
    if (i <= left_count) {
      InsertEntry(nodes_[index], i, slot, depth);
    } else {
      InsertEntry(nodes_[right], i - left_count, slot, depth);
    }
    if (depth == 0) return GrowRoot(right);
    nodes_[path.node[depth - 1]].Set(path.slot[depth - 1], Summary(index, depth));
    ++path.slot[depth - 1];
    slot = Summary(right, depth);
  }
}

void VmaTree::InsertEntry(Node& node, int i, const Slot& slot, int depth) {
  node.InsertAt(i, slot);
  if (!IsLeafDepth(depth)) return;
  node.SetHole(i - 1);
  node.SetHole(i);
}

VmaTree::NodeIndex VmaTree::Split(NodeIndex index, int depth) {
  const NodeIndex right = NewNode();
  MoveEntries(nodes_[index], nodes_[right], kFanout / 2, depth);
  return right;
}

void VmaTree::GrowRoot(NodeIndex right) {
  const NodeIndex left = root_;
  const Slot left_summary = Summary(left, 0);
  const Slot right_summary = Summary(right, 0);
  root_ = NewNode();
  nodes_[root_].InsertAt(0, left_summary);
  nodes_[root_].InsertAt(1, right_summary);
  ++height_;
  MEMSIM_CHECK(height_ <= kMaxHeight, size_);
}

// Shares the entries of two neighbours at a depth so that the left one has left_count of them.
void VmaTree::MoveEntries(Node& left, Node& right, int left_count, int depth) {
  has_finger_ = false;
  std::array<Slot, static_cast<std::size_t>(2 * kFanout)> all;
  const int from_left = static_cast<int>(left.count);
  const int total = from_left + static_cast<int>(right.count);
  for (int i = 0; i < from_left; ++i) all[i] = left.Get(i);
  for (int i = from_left; i < total; ++i) all[i] = right.Get(i - from_left);
  left.count = static_cast<std::uint32_t>(left_count);
  right.count = static_cast<std::uint32_t>(total - left_count);
  const Slot unused{kUnused, kUnused, 0, 0};
  for (int i = 0; i < kFanout; ++i) {
    left.Set(i, i < left_count ? all[i] : unused);
    right.Set(i, i < total - left_count ? all[left_count + i] : unused);
  }
  if (!IsLeafDepth(depth)) return;
  left.SetHoles();
  right.SetHoles();
}

void VmaTree::RefreshAbove(const Path& path, int depth) {
  for (; depth > 0; --depth) {
    const Slot summary = Summary(path.node[depth], depth);
    Node& parent = nodes_[path.node[depth - 1]];
    const int slot = path.slot[depth - 1];
    if (parent.Get(slot) == summary) return;
    parent.Set(slot, summary);
  }
}

void VmaTree::RefreshGapsAbove(const Path& path, int depth, std::uint64_t hole) {
  for (; depth > 0; --depth) {
    std::uint64_t& largest = nodes_[path.node[depth - 1]].gaps[path.slot[depth - 1]];
    if (hole <= largest) return;
    largest = hole;
  }
}

// --- Removal

VmaId VmaTree::Erase(VirtualAddress start) {
  const Path& path = PathToStart(start);
  Node& leaf = nodes_[path.node[height_ - 1]];
  const int slot = path.slot[height_ - 1];
  const VmaId erased(leaf.refs[slot]);
  --size_;
  if (slot > 0 && slot + 1 < static_cast<int>(leaf.count) && leaf.count > kMinimum) {
    // What most removals do: only a hole grows.
    const std::uint64_t hole = leaf.starts[slot + 1] - leaf.ends[slot - 1];
    leaf.RemoveAt(slot);
    leaf.SetHole(slot - 1);
    RefreshGapsAbove(path, height_ - 1, hole);
    RaiseCeiling(leaf.ends[slot - 1], leaf.starts[slot]);
    return erased;
  }
  RaiseCeiling(EndBefore(path), StartAfter(path));
  leaf.RemoveAt(slot);
  leaf.SetHole(slot - 1);
  RefillFinger();
  if (height_ > 1 && nodes_[root_].count == 1) {
    const NodeIndex old = root_;
    root_ = nodes_[old].refs[0];
    FreeNode(old);
    --height_;
  } else if (size_ == 0) {
    FreeNode(root_);
    root_ = kNone;
    height_ = 0;
  }
  return erased;
}

// Restores the minimum of the nodes along the finger's path, whose leaf has lost an entry.
void VmaTree::RefillFinger() {
  Path& path = finger_;
  for (int depth = height_ - 1; depth > 0; --depth) {
    if (nodes_[path.node[depth]].count >= kMinimum) return RefreshAbove(path, depth);
    Node& parent = nodes_[path.node[depth - 1]];
    const int left_slot = path.slot[depth - 1] > 0 ? path.slot[depth - 1] - 1 : 0;
    const NodeIndex left = parent.refs[left_slot];
    const NodeIndex right = parent.refs[left_slot + 1];
    const int total = static_cast<int>(nodes_[left].count + nodes_[right].count);
    if (total < 2 * kMinimum + 1) {
      MoveEntries(nodes_[left], nodes_[right], total, depth);
      FreeNode(right);
      parent.Set(left_slot, Summary(left, depth));
      parent.RemoveAt(left_slot + 1);
      path.slot[depth - 1] = left_slot;
    } else {
      MoveEntries(nodes_[left], nodes_[right], total / 2, depth);
      parent.Set(left_slot, Summary(left, depth));
      parent.Set(left_slot + 1, Summary(right, depth));
      return RefreshAbove(path, depth - 1);
    }
  }
}

// --- Other bounds

void VmaTree::Resize(VirtualAddress start, VirtualRange new_range) {
  MEMSIM_CHECK(!new_range.empty(), new_range.start.value(), new_range.end.value());
  const Path& path = PathToStart(start);
  MEMSIM_CHECK(EndBefore(path) <= new_range.start.value(), new_range.start.value(), EndBefore(path));
  MEMSIM_CHECK(new_range.end.value() <= StartAfter(path), new_range.end.value(), StartAfter(path));
  RaiseCeiling(EndBefore(path), new_range.start.value());
  RaiseCeiling(new_range.end.value(), StartAfter(path));
  Node& leaf = nodes_[path.node[height_ - 1]];
  const int slot = path.slot[height_ - 1];
  leaf.starts[slot] = new_range.start.value();
  leaf.ends[slot] = new_range.end.value();
  leaf.SetHole(slot - 1);
  leaf.SetHole(slot);
  RefreshAbove(path, height_ - 1);
}

}  // namespace memsim
