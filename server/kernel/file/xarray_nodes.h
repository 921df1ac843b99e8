// The nodes of the tree that holds a file's pages (lib/xarray.c), as objects of the cache radix_tree_node.
//
// What the tree is for, finding a page, PageCache does its own way; this is what it takes of the machine's memory. A
// node has 64 slots. A page at index 0 that is alone needs no node. Otherwise the tree is as high as the largest index
// asks for, and has the nodes that lead to what it holds and no others:
//
//   entries 0, 3 and 70:  root (level 1) -> (level 0, 0) -> 0, 3
//                                        -> (level 0, 1) -> 70
//
// Thread-compatible. Invariants (CheckInvariants verifies them): the nodes are those that the entries need, and each
// counts its slots that are used.

#ifndef MEMSIM_SERVER_KERNEL_FILE_XARRAY_NODES_H_
#define MEMSIM_SERVER_KERNEL_FILE_XARRAY_NODES_H_

#include <cstdint>

#include "absl/container/btree_map.h"
#include "absl/types/span.h"

#include "server/base/digest.h"
#include "server/base/units.h"
#include "server/kernel/slab/slab_caches.h"

namespace memsim {

class XarrayNodes {
 public:
  // What HostMemory of a file system counts for each node.
  static constexpr ByteCount kHostMemoryPerNode{40};

  // Makes the nodes that an index needs. False: no memory for one of them, and nothing has changed. REQUIRES: the index
  // holds nothing.
  bool Add(PageOffset index, SlabCaches& slabs);
  // Gives back the nodes that nothing needs any more. REQUIRES: the index was added.
  void Remove(PageOffset index, SlabCaches& slabs);
  std::size_t size() const { return nodes_.size(); }

  void DigestTo(Digest& digest) const;
  // entries: all that were added, ascending.
  void CheckInvariants(absl::Span<const PageOffset> entries) const;

 private:
  // XA_CHUNK_SHIFT: 64 slots.
  static constexpr int kSlotBits = 6;

  struct Place {
    // 0: its slots are entries.
    int level = 0;
    // Of the indexes below it, what they have in common.
    std::uint64_t prefix = 0;

    friend bool operator==(const Place&, const Place&) = default;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Node {
    int used_slots = 0;
    VirtualAddress object;
  };

  static Place PlaceOf(PageOffset index, int level) { return {level, index.value() >> (kSlotBits * (level + 1))}; }
  // How many levels it takes to reach an index from the root; 0 for the first.
  static int HeightFor(PageOffset index);
  // A new node. False: no memory. REQUIRES: there is none at the place.
  bool Make(Place place, SlabCaches& slabs);
  void Free(Place place, SlabCaches& slabs);
  // Takes out roots that lead to their first slot alone (xas_shrink).
  void Shrink(SlabCaches& slabs);

  absl::btree_map<Place, Node> nodes_;
  int height_ = 0;
  std::uint64_t entries_ = 0;
  // Whether index 0 is among them.
  bool holds_first_ = false;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_FILE_XARRAY_NODES_H_
