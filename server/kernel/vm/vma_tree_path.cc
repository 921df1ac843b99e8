// The way of a search through the tree, for whoever wants to see it.

#include "server/kernel/vm/vma_tree.h"

namespace memsim {

void VmaTree::VisitPath(VirtualAddress address, absl::FunctionRef<void(const PathNode&)> visit) const {
  NodeIndex index = root_;
  for (int depth = 0; depth < height_; ++depth) {
    const Node& node = nodes_[index];
    const int count = static_cast<int>(node.count);
    visit({depth,
           {VirtualAddress(node.starts[0]), VirtualAddress(node.ends[count - 1])},
           node.count,
           IsLeafDepth(depth)});
    int slot = 0;
    while (slot + 1 < count && node.ends[slot] <= address.value()) ++slot;
    index = node.refs[slot];
  }
}

}  // namespace memsim
