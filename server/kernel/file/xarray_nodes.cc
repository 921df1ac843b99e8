#include "server/kernel/file/xarray_nodes.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "server/base/check.h"

namespace memsim {

int XarrayNodes::HeightFor(PageOffset index) {
  int height = 0;
  for (std::uint64_t left = index.value(); left != 0; left >>= kSlotBits) ++height;
  return height;
}

bool XarrayNodes::Make(Place place, SlabCaches& slabs) {
  // xas_alloc, under the tree's lock; then xas_nomem without it.
  VirtualAddress object = slabs.Alloc(KernelCache::kRadixTreeNode, kGfpNowait | kGfpAccount);
  if (object == kNoObject) object = slabs.Alloc(KernelCache::kRadixTreeNode, kGfpKernelAccount);
  if (object == kNoObject) return false;
  nodes_[place].object = object;
  return true;
}

void XarrayNodes::Free(Place place, SlabCaches& slabs) {
  const auto node = nodes_.find(place);
  slabs.Free(KernelCache::kRadixTreeNode, node->second.object);
  nodes_.erase(node);
}

// xas_create: first the tree is made high enough, from the root that there is upwards, then the way down is made.
bool XarrayNodes::Add(PageOffset index, SlabCaches& slabs) {
  const int height = std::max(height_, HeightFor(index));
  std::vector<Place> missing;
  // A tree that holds something hangs below the first slot of each new root.
  for (int level = height_; level < height && entries_ != 0; ++level) missing.push_back({level, 0});
  for (int level = height - 1; level >= 0; --level) {
    const Place place = PlaceOf(index, level);
    if (std::find(missing.begin(), missing.end(), place) == missing.end()) missing.push_back(place);
  }
  missing.erase(std::remove_if(missing.begin(), missing.end(), [this](Place at) { return nodes_.count(at) != 0; }),
                missing.end());
  std::size_t made = 0;
  while (made < missing.size() && Make(missing[made], slabs)) ++made;
  if (made < missing.size()) {
    while (made > 0) Free(missing[--made], slabs);
    return false;
  }
  if (entries_ != 0) {
    for (int level = height_; level < height; ++level) nodes_[{level, 0}].used_slots = 1;
  }
  height_ = height;
  // Upwards, as far as nodes are new.
  for (int level = 0; level < height; ++level) {
    if (++nodes_[PlaceOf(index, level)].used_slots > 1) break;
  }
  ++entries_;
  holds_first_ = holds_first_ || index == PageOffset(0);
  return true;
}

// xas_delete_node.
void XarrayNodes::Remove(PageOffset index, SlabCaches& slabs) {
  --entries_;
  if (index == PageOffset(0)) holds_first_ = false;
  for (int level = 0; level < height_; ++level) {
    const Place place = PlaceOf(index, level);
    if (--nodes_[place].used_slots != 0) break;
    Free(place, slabs);
  }
  if (entries_ == 0) height_ = 0;
  Shrink(slabs);
}

void XarrayNodes::Shrink(SlabCaches& slabs) {
  while (height_ > 0) {
    const Place root{height_ - 1, 0};
    const bool first_slot = height_ == 1 ? holds_first_ : nodes_.count({height_ - 2, 0}) != 0;
    if (nodes_[root].used_slots != 1 || !first_slot) return;
    Free(root, slabs);
    --height_;
  }
}

void XarrayNodes::DigestTo(Digest& digest) const {
  digest.Add(nodes_.size());
  for (const auto& [place, node] : nodes_) digest.Add(node.object);
}

void XarrayNodes::CheckInvariants(absl::Span<const PageOffset> entries) const {
  MEMSIM_CHECK(entries.size() == entries_, entries.size(), entries_);
  const int height = entries.empty() ? 0 : HeightFor(entries.back());
  MEMSIM_CHECK(height_ == height, height_, height);
  std::map<Place, std::set<std::uint64_t>> slots;
  for (const PageOffset index : entries) {
    for (int level = 0; level < height; ++level) {
      slots[PlaceOf(index, level)].insert(index.value() >> (kSlotBits * level));
    }
  }
  MEMSIM_CHECK(slots.size() == nodes_.size(), slots.size(), nodes_.size());
  for (const auto& [place, used] : slots) {
    const auto node = nodes_.find(place);
    MEMSIM_CHECK(node != nodes_.end(), place.level, place.prefix);
    MEMSIM_CHECK(node->second.used_slots == static_cast<int>(used.size()), place.level, place.prefix);
  }
}

}  // namespace memsim
