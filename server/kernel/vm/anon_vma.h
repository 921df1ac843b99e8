// anon_vma: which mappings may hold copies of the same anonymous page (mm/rmap.c).
//
// A mapping gets an anon_vma with its first anonymous page. A forked child's mapping is linked to all of its parent's
// anon_vmas, so that the parent's pages can be found in it, and has one of its own for the pages that it writes. That
// chain also decides which mappings may merge.
//
// Thread-compatible.

#ifndef MEMSIM_SERVER_KERNEL_VM_ANON_VMA_H_
#define MEMSIM_SERVER_KERNEL_VM_ANON_VMA_H_

#include <cstdint>
#include <optional>

#include "absl/container/inlined_vector.h"

#include "server/base/digest.h"
#include "server/base/id_table.h"
#include "server/base/units.h"
#include "server/kernel/slab/slab_caches.h"

namespace memsim {

// 0: none.
using AnonVmaId = Unit<struct AnonVmaIdTag, std::uint32_t>;

// An anon_vma_chain: itself an object of a slab cache.
struct AnonVmaLink {
  AnonVmaId anon_vma;
  VirtualAddress object;
};

// A mapping's links to anon_vmas: vma->anon_vma and vma->anon_vma_chain.
struct AnonVmaLinks {
  // Where the mapping's own new pages belong. 0: it has had none.
  AnonVmaId own;
  // To every anon_vma whose pages it may hold, own included, oldest last.
  absl::InlinedVector<AnonVmaLink, 1> chain;

  // Not inherited by fork: vma_had_uncowed_parents is false.
  bool HadUncowedParents() const { return own != AnonVmaId() && chain.size() != 1; }

  void DigestTo(Digest& digest) const;
};

// What a link takes of the host's memory.
inline constexpr std::uint64_t kLinkBytes = sizeof(AnonVmaLink);

// All anon_vmas of the machine.
class AnonVmas {
 public:
  // Each anon_vma and each link is an object of a slab cache. slabs outlive the anon_vmas.
  explicit AnonVmas(SlabCaches& slabs) : slabs_(slabs) {}

  // In the following, false and nullopt: there was no memory, and nothing has changed.
  // anon_vma_prepare: a fresh anon_vma for a mapping that has none. REQUIRES: links is empty.
  bool Create(AnonVmaLinks& links);
  // Joins a neighbour's anon_vma instead of making one (find_mergeable_anon_vma). REQUIRES: links is empty.
  bool Join(AnonVmaLinks& links, AnonVmaId anon_vma);
  // anon_vma_clone: another mapping with the same links, for splits, merges and moves.
  std::optional<AnonVmaLinks> Clone(const AnonVmaLinks& source);
  // anon_vma_fork: the child's links for a copy of the parent's mapping.
  std::optional<AnonVmaLinks> Fork(const AnonVmaLinks& parent);
  // unlink_anon_vmas. Leaves links empty.
  void Unlink(AnonVmaLinks& links) {
    if (!links.chain.empty()) UnlinkAll(links);
  }

  // With the chains of all mappings.
  std::uint64_t HostMemoryBytes() const { return nodes_.HostMemory().value() + links_ * kLinkBytes; }
  void DigestTo(Digest& digest) const;
  // Aborts unless every anon_vma in use is linked.
  void CheckInvariants() const;
  // How many exist.
  std::uint64_t size() const { return nodes_.size(); }

 private:
  struct Node {
    VirtualAddress object;
    AnonVmaId root;
    AnonVmaId parent;
    // Chains that hold it.
    std::uint32_t links = 0;
    // anon_vmas whose parent it is; a root counts itself, as in Linux.
    std::uint32_t children = 0;
    // Mappings whose own it is.
    std::uint32_t active_vmas = 0;
  };

  // None: no memory.
  AnonVmaId Allocate(AnonVmaId parent);
  void Free(AnonVmaId id);
  // Adds an anon_vma at the end of the chain. False: no memory.
  bool AddLink(AnonVmaId id, AnonVmaLinks& links);
  void DropLink(AnonVmaId id);
  void UnlinkAll(AnonVmaLinks& links);

  SlabCaches& slabs_;
  IdTable<AnonVmaId, Node> nodes_;
  // Of all nodes.
  std::uint64_t links_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_ANON_VMA_H_
