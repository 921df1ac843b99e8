#include "server/kernel/vm/anon_vma.h"

#include "server/base/check.h"

namespace memsim {

void AnonVmaLinks::DigestTo(Digest& digest) const {
  digest.Add(own);
  digest.Add(chain.size());
  for (const AnonVmaId id : chain) digest.Add(id);
}

AnonVmaId AnonVmas::Allocate(AnonVmaId parent) {
  const AnonVmaId id = nodes_.Add(Node());
  const bool is_root = parent == AnonVmaId();
  Node& fresh = nodes_[id];
  fresh.root = is_root ? id : nodes_[parent].root;
  fresh.parent = is_root ? id : parent;
  ++nodes_[fresh.parent].children;
  return id;
}

void AnonVmas::Create(AnonVmaLinks& links) { Join(links, Allocate(AnonVmaId())); }

void AnonVmas::Join(AnonVmaLinks& links, AnonVmaId anon_vma) {
  MEMSIM_CHECK(links.chain.empty());
  links.own = anon_vma;
  links.chain.push_back(anon_vma);
  AddLink(anon_vma);
  ++nodes_[anon_vma].active_vmas;
}

AnonVmaLinks AnonVmas::Clone(const AnonVmaLinks& source) {
  for (const AnonVmaId id : source.chain) AddLink(id);
  if (source.own != AnonVmaId()) ++nodes_[source.own].active_vmas;
  return source;
}

AnonVmaLinks AnonVmas::Fork(const AnonVmaLinks& parent) {
  AnonVmaLinks child;
  if (parent.own == AnonVmaId()) return child;
  for (const AnonVmaId id : parent.chain) {
    AddLink(id);
    child.chain.push_back(id);
    // An anon_vma that lost its mappings and has at most one child is used again, so that chains of forks that each
    // exit do not grow without end.
    if (child.own == AnonVmaId() && nodes_[id].children < 2 && nodes_[id].active_vmas == 0) child.own = id;
  }
  if (child.own == AnonVmaId()) {
    child.own = Allocate(parent.own);
    AddLink(child.own);
    child.chain.insert(child.chain.begin(), child.own);
  }
  ++nodes_[child.own].active_vmas;
  return child;
}

void AnonVmas::AddLink(AnonVmaId id) {
  ++nodes_[id].links;
  ++links_;
}

void AnonVmas::DropLink(AnonVmaId id) {
  --links_;
  if (--nodes_[id].links != 0) return;
  MEMSIM_CHECK(nodes_[id].active_vmas == 0, id.value());
  const AnonVmaId parent = nodes_[id].parent;
  --nodes_[parent].children;
  nodes_.Remove(id);
}

void AnonVmas::Unlink(AnonVmaLinks& links) {
  if (links.own != AnonVmaId()) --nodes_[links.own].active_vmas;
  for (const AnonVmaId id : links.chain) DropLink(id);
  links = AnonVmaLinks();
}

void AnonVmas::DigestTo(Digest& digest) const {
  digest.Add(nodes_.values().size());
  for (const Node& node : nodes_.values()) {
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
