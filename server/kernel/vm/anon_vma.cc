#include "server/kernel/vm/anon_vma.h"

#include <algorithm>

#include "server/base/check.h"

namespace memsim {

void AnonVmaLinks::DigestTo(Digest& digest) const {
  digest.Add(own);
  digest.Add(chain.size());
  for (const AnonVmaLink& link : chain) {
    digest.Add(link.anon_vma);
    digest.Add(link.object);
  }
}

AnonVmaId AnonVmas::Allocate(AnonVmaId parent) {
  const VirtualAddress object = slabs_.Alloc(KernelCache::kAnonVma, kGfpKernel);
  if (object == kNoObject) return AnonVmaId();
  const AnonVmaId id = nodes_.Add(Node());
  const bool is_root = parent == AnonVmaId();
  Node& fresh = nodes_[id];
  fresh.object = object;
  fresh.root = is_root ? id : nodes_[parent].root;
  fresh.parent = is_root ? id : parent;
  ++nodes_[fresh.parent].children;
  return id;
}

void AnonVmas::Free(AnonVmaId id) {
  --nodes_[nodes_[id].parent].children;
  slabs_.Free(KernelCache::kAnonVma, nodes_[id].object);
  nodes_[id].object = kNoObject;
  nodes_.Remove(id);
}

bool AnonVmas::Create(AnonVmaLinks& links) {
  const AnonVmaId fresh = Allocate(AnonVmaId());
  if (fresh == AnonVmaId()) return false;
  if (Join(links, fresh)) return true;
  Free(fresh);
  return false;
}

bool AnonVmas::Join(AnonVmaLinks& links, AnonVmaId anon_vma) {
  MEMSIM_CHECK(links.chain.empty());
  if (!AddLink(anon_vma, links)) return false;
  links.own = anon_vma;
  ++nodes_[anon_vma].active_vmas;
  return true;
}

std::optional<AnonVmaLinks> AnonVmas::Clone(const AnonVmaLinks& source) {
  AnonVmaLinks copy;
  for (const AnonVmaLink& link : source.chain) {
    if (AddLink(link.anon_vma, copy)) continue;
    Unlink(copy);
    return std::nullopt;
  }
  copy.own = source.own;
  if (copy.own != AnonVmaId()) ++nodes_[copy.own].active_vmas;
  return copy;
}

std::optional<AnonVmaLinks> AnonVmas::Fork(const AnonVmaLinks& parent) {
  AnonVmaLinks child;
  if (parent.own == AnonVmaId()) return child;
  AnonVmaId own;
  for (const AnonVmaLink& link : parent.chain) {
    const AnonVmaId id = link.anon_vma;
    if (!AddLink(id, child)) {
      Unlink(child);
      return std::nullopt;
    }
    // An anon_vma that lost its mappings and has at most one child is used again, so that chains of forks that each
    // exit do not grow without end.
    if (own == AnonVmaId() && nodes_[id].children < 2 && nodes_[id].active_vmas == 0) own = id;
  }
  if (own == AnonVmaId()) {
    own = Allocate(parent.own);
    if (own == AnonVmaId() || !AddLink(own, child)) {
      if (own != AnonVmaId()) Free(own);
      Unlink(child);
      return std::nullopt;
    }
    // Its own comes first.
    std::rotate(child.chain.begin(), child.chain.end() - 1, child.chain.end());
  }
  child.own = own;
  ++nodes_[own].active_vmas;
  return child;
}

bool AnonVmas::AddLink(AnonVmaId id, AnonVmaLinks& links) {
  const VirtualAddress object = slabs_.Alloc(KernelCache::kAnonVmaChain, kGfpKernel);
  if (object == kNoObject) return false;
  links.chain.push_back({id, object});
  ++nodes_[id].links;
  ++links_;
  return true;
}

void AnonVmas::DropLink(AnonVmaId id) {
  --links_;
  if (--nodes_[id].links != 0) return;
  MEMSIM_CHECK(nodes_[id].active_vmas == 0, id.value());
  Free(id);
}

void AnonVmas::UnlinkAll(AnonVmaLinks& links) {
  if (links.own != AnonVmaId()) --nodes_[links.own].active_vmas;
  for (const AnonVmaLink& link : links.chain) DropLink(link.anon_vma);
  for (const AnonVmaLink& link : links.chain) slabs_.Free(KernelCache::kAnonVmaChain, link.object);
  links = AnonVmaLinks();
}

void AnonVmas::DigestTo(Digest& digest) const {
  digest.Add(nodes_.values().size());
  for (const Node& node : nodes_.values()) {
    digest.Add(node.object);
    digest.Add(node.root);
    digest.Add(node.parent);
    digest.Add(node.links);
    digest.Add(node.children);
    digest.Add(node.active_vmas);
  }
  for (const AnonVmaId id : nodes_.free_ids()) digest.Add(id);
}

void AnonVmas::CheckInvariants() const {
  nodes_.CheckInvariants();
  for (const AnonVmaId id : nodes_.free_ids()) MEMSIM_CHECK(nodes_[id].links == 0, id.value(), nodes_[id].links);
  std::size_t unlinked = 0;
  std::uint64_t links = 0;
  for (const Node& node : nodes_.values()) {
    if (node.links == 0) ++unlinked;
    links += node.links;
    MEMSIM_CHECK(node.active_vmas <= node.links, node.active_vmas, node.links);
  }
  MEMSIM_CHECK(unlinked == nodes_.free_ids().size(), unlinked, nodes_.free_ids().size());
  MEMSIM_CHECK(links == links_, links, links_);
}

}  // namespace memsim
