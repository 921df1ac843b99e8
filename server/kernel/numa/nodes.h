// Which nodes a machine has.

#ifndef MEMSIM_SERVER_KERNEL_NUMA_NODES_H_
#define MEMSIM_SERVER_KERNEL_NUMA_NODES_H_

#include <cstdint>

#include "server/kernel/numa/node_mask.h"

namespace memsim {

// nr_node_ids: all memory is of node 0.
inline constexpr std::uint64_t kNodeCount = 1;
// node_states[N_MEMORY], and cpuset_current_mems_allowed of every task, as there are no cpusets.
inline constexpr NodeMask kNodesWithMemory = NodeMask::Of(0);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_NUMA_NODES_H_
