// An index of the ranges of one address space: which range holds an address, which is next, and where there is room.
//
// A B+-tree in the spirit of Linux's maple tree. Every entry of a node says where its subtree begins and ends, and how
// large the largest hole inside it is at most: who fills a hole leaves that as it is, and a search that trusts it in
// vain corrects it. The hole between two neighbouring entries is computed where they meet, in their common node, so
// what a node knows depends on its subtree alone. Leaves hold the ranges themselves in the same layout; a range has no
// hole inside, so their gaps tell of the holes between their ranges, which are looked at most:
//
//        starts [ 0x1000 0x8000 ]  ends [ 0x5000 0x9000 ]  gaps [ 0x1000 0 ]
//                 /           \                            in the node: 0x8000 - 0x5000
//   [0x1000,0x2000) [0x3000,0x5000)   [0x8000,0x9000)
//
// Nodes lie in a pool inside the tree and name each other by index: the tree is plain data.
//
// Entries are handed out by value and stay what they were. Who goes on from one searches by its addresses, which is
// right even if the tree has changed in between, the entry's own removal included.
//
// Thread-compatible.
//
// Invariants (CheckInvariants verifies them):
//  1. Ranges are not empty, ascend, and do not overlap; no id is 0.
//  2. All leaves have the same depth, and every node but the root at least kMinimum entries: Find, Insert, Erase and
//     Resize visit O(log size()) nodes, and so do the gap searches, but for a node more for each promise that is broken
//     and that no search has found out yet.
//  3. Every inner entry equals the summary of its child, but that its gap may be larger.
//  4. Every node of the pool is in the tree or on the free list.
//  5. finger_, if there is one, is a path from the root to a leaf.
//  6. In windows that end at ceiling_.window_end no gap of ceiling_.size or more ends above ceiling_.at.

#ifndef MEMSIM_SERVER_KERNEL_VM_VMA_TREE_H_
#define MEMSIM_SERVER_KERNEL_VM_VMA_TREE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"

#include "server/base/units.h"
#include "server/kernel/vm/virtual_range.h"
#include "server/kernel/vm/vma_id.h"

namespace memsim {

class VmaTree {
 public:
  struct Entry {
    VirtualRange range;
    VmaId id;

    friend bool operator==(const Entry&, const Entry&) = default;
  };

  // Free space, cut to the window that was searched.
  struct Gap {
    VirtualRange range;
    // The ranges right below and above the free space, even where the window's ends lie between; kNoVma at the tree's
    // ends. Their guard gaps are the caller's business: if one reaches into the range, search again in a window without
    // it.
    VmaId below;
    VmaId above;

    friend bool operator==(const Gap&, const Gap&) = default;
  };

  // --- Looking up
  // The first range whose end is above address (find_vma): it holds the address, or is the next one.
  std::optional<Entry> Find(VirtualAddress address) const;
  // Its id alone, for who has the ranges elsewhere; kNoVma: there is none.
  VmaId FindId(VirtualAddress address) const {
    const Place place = PlaceOf(address);
    return place.leaf == nullptr ? kNoVma : VmaId(place.leaf->refs[place.slot]);
  }
  // The last range whose start is below address.
  std::optional<Entry> FindBefore(VirtualAddress address) const;
  VmaId FindIdBefore(VirtualAddress address) const;
  // The last range below and the first one above a stretch of addresses, whatever it holds; kNoVma where there is none.
  // REQUIRES: it is not empty, and neither of its ends is inside of a range.
  struct Neighbours {
    VmaId below;
    VmaId above;
  };
  Neighbours NeighboursOf(VirtualRange stretch) const;
  // Calls visit for each range that overlaps, ascending. visit must not change the tree.
  void ForEachIn(VirtualRange range, absl::FunctionRef<void(const Entry&)> visit) const;
  // All of them.
  void ForEach(absl::FunctionRef<void(const Entry&)> visit) const;
  // A node that a search passes: how deep it lies, and what it spans.
  struct PathNode {
    int depth;
    VirtualRange range;
    std::uint32_t entries;
    bool is_leaf;

    friend bool operator==(const PathNode&, const PathNode&) = default;
  };
  // Calls visit for the nodes from the root to the leaf in which Find ends, wherever the last search did.
  void VisitPath(VirtualAddress address, absl::FunctionRef<void(const PathNode&)> visit) const;
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // --- Changing
  // REQUIRES: range is not empty and overlaps none of the tree; id is not kNoVma.
  void Insert(VirtualRange range, VmaId id);
  // The id of what is gone. REQUIRES: a range starts at start.
  VmaId Erase(VirtualAddress start);
  // Gives the range that starts at start other bounds: to trim, expand or shift it.
  // REQUIRES: a range starts at start; new_range is not empty and overlaps no other range, nor lies beyond one.
  void Resize(VirtualAddress start, VirtualRange new_range);

  // --- Finding room
  // The highest free space within window of at least size, whole: its upper end is where a top-down mmap allocates. To
  // go on below it, search again with window.end = gap.range.start. REQUIRES: size > 0.
  std::optional<Gap> HighestGap(VirtualRange window, ByteCount size);
  // The lowest. To go on above it, search again with window.start = gap.range.end. REQUIRES: size > 0.
  std::optional<Gap> LowestGap(VirtualRange window, ByteCount size);

  // --- Books
  // How many levels of nodes there are; 0 if empty.
  int height() const { return height_; }
  // How many nodes there are.
  std::size_t node_count() const { return node_count_; }
  // How many entries promise a larger hole than their child knows of. Looks at all nodes.
  std::size_t broken_promises() const;
  ByteCount HostMemory() const;
  void CheckInvariants() const;

  // Entries of a node. 16 starts and 16 ends are two cache lines each, and four levels hold what max_map_count allows.
  static constexpr int kFanout = 16;
  // A node that falls below takes from a sibling. Well below half of kFanout, so that an erase after an insert at the
  // border of a split does not merge again at once.
  static constexpr int kMinimum = 6;
  // 2^32 ids in the emptiest possible tree: 2 * kMinimum^(kMaxHeight-1) is above 2^32.
  static constexpr int kMaxHeight = 14;

 private:
  using NodeIndex = std::uint32_t;

  // One entry of a node: of a leaf the range, its id, and the hole behind it, which is 0 for the leaf's last; of an
  // inner node what a child spans, which one it is, and the largest hole inside.
  struct Slot {
    std::uint64_t start;
    std::uint64_t end;
    std::uint64_t gap;
    std::uint32_t ref;

    friend bool operator==(const Slot&, const Slot&) = default;
  };

  struct Node {
    // Unused entries hold kUnused in starts and ends, so that the searches may compare all kFanout of them without
    // branches.
    std::array<std::uint64_t, kFanout> ends;
    std::array<std::uint64_t, kFanout> starts;
    std::array<std::uint32_t, kFanout> refs;
    std::uint32_t count;
    std::array<std::uint64_t, kFanout> gaps;

    // How many entries end at or below address: the index of the first that ends above it.
    int EndsAtOrBelow(std::uint64_t address) const;
    // How many entries start below address: one more than the index of the last.
    int StartsBelow(std::uint64_t address) const;
    Slot Get(int i) const { return {starts[i], ends[i], gaps[i], refs[i]}; }
    void Set(int i, const Slot& slot) {
      starts[i] = slot.start;
      ends[i] = slot.end;
      gaps[i] = slot.gap;
      refs[i] = slot.ref;
    }
    void InsertAt(int i, const Slot& slot);
    void RemoveAt(int i);
    // Of a leaf: corrects the hole behind an entry. Nothing for an i that is none.
    void SetHole(int i) {
      const int n = static_cast<int>(count);
      if (i >= 0 && i < n) gaps[i] = i + 1 < n ? starts[i + 1] - ends[i] : 0;
    }
    void SetHoles() {
      for (int i = 0; i < static_cast<int>(count); ++i) SetHole(i);
    }
  };

  // Where an entry is: the node and the entry's index in it, from the root (depth 0) to the leaf (depth height_ - 1).
  struct Path {
    std::array<NodeIndex, kMaxHeight> node;
    std::array<int, kMaxHeight> slot;
  };

  static constexpr std::uint64_t kUnused = UINT64_MAX;
  static constexpr NodeIndex kNone = UINT32_MAX;

  // The leaf in which the last search ended, and where: calls look around one place many times. REQUIRES: height_ > 0;
  // they mean something if has_finger_.
  const Node& finger_leaf() const { return nodes_[finger_.node[height_ - 1]]; }
  int& finger_slot() const { return finger_.slot[height_ - 1]; }
  // That leaf, if the address lies in it.
  const Node* FingerWith(VirtualAddress address) const {
    if (!has_finger_) return nullptr;
    const Node& leaf = finger_leaf();
    return leaf.starts[0] < address.value() && address.value() < leaf.ends[leaf.count - 1] ? &leaf : nullptr;
  }

  // An entry of a leaf; leaf is null where there is none.
  struct Place {
    const Node* leaf;
    int slot;
  };
  // Of the first range that ends above address.
  Place PlaceOf(VirtualAddress address) const {
    if (has_finger_) {
      const Node& leaf = finger_leaf();
      const int slot = finger_slot();
      if (slot < static_cast<int>(leaf.count) && address.value() < leaf.ends[slot] &&
          address.value() >= (slot > 0 ? leaf.ends[slot - 1] : leaf.starts[0])) {
        return {&leaf, slot};
      }
    }
    return SearchPlaceOf(address);
  }
  // Of the last range that starts below address.
  Place PlaceBefore(VirtualAddress address) const {
    if (has_finger_) {
      const Node& leaf = finger_leaf();
      const int slot = finger_slot();
      if (slot > 0 && slot < static_cast<int>(leaf.count) && leaf.starts[slot - 1] < address.value() &&
          address.value() <= leaf.starts[slot]) {
        return {&leaf, slot - 1};
      }
    }
    return SearchPlaceBefore(address);
  }
  // The same wherever the last search ended.
  Place SearchPlaceOf(VirtualAddress address) const;
  Place SearchPlaceBefore(VirtualAddress address) const;

  Entry EntryAt(const Node& leaf, int slot) const;
  // To the first entry that ends above address; past the last entry of the last leaf if there is none. REQUIRES:
  // height_ > 0.
  const Path& PathTo(VirtualAddress address) const {
    PlaceOf(address);
    return finger_;
  }
  // The same from the root, into finger_. Returns the slot in the leaf.
  int Descend(VirtualAddress address) const;
  // To the entry that starts at start, which must exist.
  const Path& PathToStart(VirtualAddress start) const;
  // Moves to the entry after. False if there is none.
  bool Step(Path& path) const;
  // The end of the entry before the path's, and the start of the one after; 0 and kUnused where there is none.
  std::uint64_t EndBefore(const Path& path) const;
  std::uint64_t StartAfter(const Path& path) const;

  NodeIndex NewNode();
  void FreeNode(NodeIndex index);
  bool IsLeafDepth(int depth) const { return depth == height_ - 1; }
  // What the entry of a node says in its parent.
  Slot Summary(NodeIndex index, int depth) const;
  // Corrects the entries above the node at depth, as far up as anything changes.
  void RefreshAbove(const Path& path, int depth);
  // The same where all that matters is that there is a hole of this size in the node.
  void RefreshGapsAbove(const Path& path, int depth, std::uint64_t hole);
  void InsertAtFinger(Slot slot);
  void InsertEntry(Node& node, int i, const Slot& slot, int depth);
  NodeIndex Split(NodeIndex index, int depth);
  void GrowRoot(NodeIndex right);
  void RefillFinger();
  void MoveEntries(Node& left, Node& right, int left_count, int depth);

  struct GapQuery {
    VirtualRange window;
    std::uint64_t size;
  };
  static std::optional<VirtualRange> Fit(const GapQuery& query, std::uint64_t low, std::uint64_t high);
  std::optional<Gap> FitBetween(const GapQuery& query, const Node& node, int slot, int depth) const;
  std::optional<Gap> HighestInside(const GapQuery& query, NodeIndex index, int depth);
  std::optional<Gap> LowestInside(const GapQuery& query, NodeIndex index, int depth);
  // A child has no such hole as its entry in the node says, or none in the window.
  void CorrectGap(Node& node, int slot, int depth) { node.gaps[slot] = Summary(node.refs[slot], depth + 1).gap; }
  // The highest gap of the query, if it is in the leaf in which the ceiling lies. REQUIRES: the ceiling counts for it.
  std::optional<Gap> HighestAtCeiling(const GapQuery& query) const;
  // There is a hole, which may be new or larger than before.
  void RaiseCeiling(std::uint64_t low, std::uint64_t high) {
    if (high - low >= ceiling_.size) ceiling_.at = std::max(ceiling_.at, high);
  }
  std::optional<Gap> FitBelowAll(const GapQuery& query) const;
  std::optional<Gap> FitAboveAll(const GapQuery& query) const;
  VmaId FirstId(std::uint32_t ref, int depth) const;
  VmaId LastId(std::uint32_t ref, int depth) const;

  void CheckFinger() const;
  void CheckCeiling() const;
  std::size_t BrokenPromisesBelow(NodeIndex index, int depth) const;
  // Returns how many ranges are below; adds the nodes to *nodes.
  std::size_t CheckNode(NodeIndex index, int depth, std::size_t* nodes) const;

  std::vector<Node> nodes_;
  // Free nodes are chained through refs[0].
  NodeIndex free_head_ = kNone;
  NodeIndex root_ = kNone;
  // No part of the tree: it only tells where to look first. Its path stands as long as no node above a leaf gets or
  // loses an entry; the slot in the leaf is a guess.
  mutable Path finger_ = {};
  mutable bool has_finger_ = false;
  // No part of the tree either. Who maps and unmaps asks for the highest gap time and again, and there is nothing new
  // above the one that was found before.
  struct Ceiling {
    std::uint64_t window_end = 0;
    std::uint64_t size = 0;
    std::uint64_t at = 0;
  };
  Ceiling ceiling_;
  int height_ = 0;
  std::size_t size_ = 0;
  std::size_t node_count_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VMA_TREE_H_
