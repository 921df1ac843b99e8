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

#include "absl/container/inlined_vector.h"

#include "server/base/digest.h"
#include "server/base/id_table.h"
#include "server/base/units.h"

namespace memsim {

// 0: none.
using AnonVmaId = Unit<struct AnonVmaIdTag, std::uint32_t>;

// A mapping's links to anon_vmas: vma->anon_vma and vma->anon_vma_chain.
struct AnonVmaLinks {
  // Where the mapping's own new pages belong. 0: it has had none.
  AnonVmaId own;
  // Every anon_vma whose pages it may hold, own included, oldest last.
  absl::InlinedVector<AnonVmaId, 1> chain;

  // Not inherited by fork: vma_had_uncowed_parents is false.
  bool HadUncowedParents() const { return own != AnonVmaId() && chain.size() != 1; }

  void DigestTo(Digest& digest) const;
};

// All anon_vmas of the machine.
class AnonVmas {
 public:
  // anon_vma_prepare: a fresh anon_vma for a mapping that has none. REQUIRES: links is empty.
  void Create(AnonVmaLinks& links);
  // Joins a neighbour's anon_vma instead of making one (find_mergeable_anon_vma). REQUIRES: links is empty.
  void Join(AnonVmaLinks& links, AnonVmaId anon_vma);
  // anon_vma_clone: another mapping with the same links, for splits, merges and moves.
  AnonVmaLinks Clone(const AnonVmaLinks& source);
  // anon_vma_fork: the child's links for a copy of the parent's mapping.
  AnonVmaLinks Fork(const AnonVmaLinks& parent);
  // unlink_anon_vmas. Leaves links empty.
  void Unlink(AnonVmaLinks& links);

  // With the chains of all mappings.
  std::uint64_t HostMemoryBytes() const { return nodes_.HostMemory().value() + links_ * sizeof(AnonVmaId); }
  void DigestTo(Digest& digest) const;
  // Aborts unless every anon_vma in use is linked.
  void CheckInvariants() const;
  // How many exist.
  std::uint64_t size() const { return nodes_.size(); }

 private:
  struct Node {
    AnonVmaId root;
    AnonVmaId parent;
    // Chains that hold it.
    std::uint32_t links = 0;
    // anon_vmas whose parent it is; a root counts itself, as in Linux.
    std::uint32_t children = 0;
    // Mappings whose own it is.
    std::uint32_t active_vmas = 0;
  };

  AnonVmaId Allocate(AnonVmaId parent);
  void AddLink(AnonVmaId id);
  void DropLink(AnonVmaId id);

  IdTable<AnonVmaId, Node> nodes_;
  // Of all nodes.
  std::uint64_t links_ = 0;
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_ANON_VMA_H_
