#include "server/kernel/inspect/vma_lookup.h"

namespace memsim {
namespace {

std::optional<VmaReport> ReportOf(const AddressSpace& space, const Vma* vma) {
  if (vma == nullptr) return std::nullopt;
  return VmaReport::Of(space, *vma);
}

}  // namespace

std::vector<VmaTree::PathNode> VisitedNodes(const AddressSpace& space, VirtualAddress address) {
  std::vector<VmaTree::PathNode> visited;
  space.VisitPath(address, [&visited](const VmaTree::PathNode& node) { visited.push_back(node); });
  return visited;
}

VmaLookup FindVma(AddressSpace& space, VirtualAddress address) {
  VmaLookup lookup;
  lookup.visited = VisitedNodes(space, address);
  VmEnvironment& environment = space.environment();
  environment.cpus.Charge(environment.costs.index_node * lookup.visited.size());
  lookup.vma = ReportOf(space, space.Find(address));
  return lookup;
}

VmaLookup FindVmaPrev(AddressSpace& space, VirtualAddress address) {
  VmaLookup lookup = FindVma(space, address);
  const VirtualAddress end = lookup.vma.has_value() ? lookup.vma->range.start : VirtualAddress(UINT64_MAX);
  lookup.previous = ReportOf(space, space.FindBefore(end));
  return lookup;
}

VmaLookup FindVmaIntersection(AddressSpace& space, VirtualRange range) {
  VmaLookup lookup = FindVma(space, range.start);
  if (range.empty() || (lookup.vma.has_value() && lookup.vma->range.start >= range.end)) lookup.vma.reset();
  return lookup;
}

}  // namespace memsim
