#include "server/kernel/vm/anon_vma.h"

#include "server/base/check.h"

namespace memsim {

void AnonVmaLinks::DigestTo(Digest& digest) const {
  digest.Add(own);
  digest.Add(chain.size());
  for (const AnonVmaId id : chain) digest.Add(id);
}

AnonVmaId AnonVmas::Allocate(AnonVmaId parent) {
  AnonVmaId id;
  if (free_.empty()) {
    nodes_.emplace_back();
    id = AnonVmaId(static_cast<std::uint32_t>(nodes_.size()));
  } else {
    id = free_.back();
    free_.pop_back();
  }
  const bool is_root = parent == AnonVmaId();
  Node fresh;
  fresh.root = is_root ? id : node(parent).root;
  fresh.parent = is_root ? id : parent;
  node(id) = fresh;
  ++node(fresh.parent).children;
  return id;
}

void AnonVmas::Create(AnonVmaLinks& links) { Join(links, Allocate(AnonVmaId())); }

void AnonVmas::Join(AnonVmaLinks& links, AnonVmaId anon_vma) {
  MEMSIM_CHECK(links.chain.empty());
  links.own = anon_vma;
  links.chain.push_back(anon_vma);
  ++node(anon_vma).links;
  ++node(anon_vma).active_vmas;
}

AnonVmaLinks AnonVmas::Clone(const AnonVmaLinks& source) {
  for (const AnonVmaId id : source.chain) ++node(id).links;
  if (source.own != AnonVmaId()) ++node(source.own).active_vmas;
  return source;
}

AnonVmaLinks AnonVmas::Fork(const AnonVmaLinks& parent) {
  AnonVmaLinks child;
  if (parent.own == AnonVmaId()) return child;
  for (const AnonVmaId id : parent.chain) {
    ++node(id).links;
    child.chain.push_back(id);
    // An anon_vma that lost its mappings and has at most one child is used again, so that chains of forks that each
    // exit do not grow without end.
    if (child.own == AnonVmaId() && node(id).children < 2 && node(id).active_vmas == 0) child.own = id;
  }
  if (child.own == AnonVmaId()) {
    child.own = Allocate(parent.own);
    ++node(child.own).links;
    child.chain.insert(child.chain.begin(), child.own);
  }
  ++node(child.own).active_vmas;
  return child;
}

void AnonVmas::DropLink(AnonVmaId id) {
  if (--node(id).links != 0) return;
  MEMSIM_CHECK(node(id).active_vmas == 0, id.value());
  const AnonVmaId parent = node(id).parent;
  --node(parent).children;
  free_.push_back(id);
}

void AnonVmas::Unlink(AnonVmaLinks& links) {
  if (links.own != AnonVmaId()) --node(links.own).active_vmas;
  for (const AnonVmaId id : links.chain) DropLink(id);
  links = AnonVmaLinks();
}

void AnonVmas::DigestTo(Digest& digest) const {
  digest.Add(nodes_.size());
  for (const Node& node : nodes_) {
    digest.Add(node.root);
    digest.Add(node.parent);
    digest.Add(node.links);
    digest.Add(node.children);
    digest.Add(node.active_vmas);
  }
  for (const AnonVmaId id : free_) digest.Add(id);
}

void AnonVmas::CheckInvariants() const {
  std::vector<bool> is_free(nodes_.size());
  for (const AnonVmaId id : free_) {
    MEMSIM_CHECK(!is_free[id.value() - 1], id.value());
    is_free[id.value() - 1] = true;
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    MEMSIM_CHECK((nodes_[i].links == 0) == is_free[i], i, nodes_[i].links);
    MEMSIM_CHECK(nodes_[i].active_vmas <= nodes_[i].links, i, nodes_[i].active_vmas);
  }
}

}  // namespace memsim
