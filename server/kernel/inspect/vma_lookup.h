// find_vma, find_vma_prev and find_vma_intersection, and the nodes of the index that they pass.

#ifndef MEMSIM_SERVER_KERNEL_INSPECT_VMA_LOOKUP_H_
#define MEMSIM_SERVER_KERNEL_INSPECT_VMA_LOOKUP_H_

#include <optional>
#include <vector>

#include "server/base/units.h"
#include "server/kernel/inspect/vma_report.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vma_tree.h"

namespace memsim {

struct VmaLookup {
  std::optional<VmaReport> vma;
  // The mapping before it, or the last of all where there is none. Only FindVmaPrev tells it.
  std::optional<VmaReport> previous;
  std::vector<VmaTree::PathNode> visited;
};

// The first mapping that ends above the address. Charges the nodes that the search passes.
VmaLookup FindVma(AddressSpace& space, VirtualAddress address);
VmaLookup FindVmaPrev(AddressSpace& space, VirtualAddress address);
// The first mapping that overlaps the range.
VmaLookup FindVmaIntersection(AddressSpace& space, VirtualRange range);

// The nodes alone, for nothing.
std::vector<VmaTree::PathNode> VisitedNodes(const AddressSpace& space, VirtualAddress address);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_INSPECT_VMA_LOOKUP_H_
