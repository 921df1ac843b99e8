// set_mempolicy(2), get_mempolicy(2), and what mbind(2) reads like them (mm/mempolicy.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_MEMPOLICY_CALLS_H_
#define MEMSIM_SERVER_KERNEL_VM_MEMPOLICY_CALLS_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/numa/mempolicies.h"
#include "server/kernel/numa/mempolicy.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// A bitmap of nodes as a caller gives it.
struct NodeMaskArgument {
  // Where it stands; 0 is NULL. nullopt: nowhere, and the words alone tell it.
  std::optional<VirtualAddress> address;
  // 64 nodes each; what is missing is 0. Without an address none at all is NULL.
  absl::Span<const std::uint64_t> words;
  // One more than how many bits count.
  std::uint64_t maxnode = 0;
};

// get_nodes. EINVAL, EFAULT.
ErrnoOr<NodeMask> ReadNodes(AddressSpace& space, const VmCaller& caller, const NodeMaskArgument& argument);

// policy: the task's, which changes hands. EINVAL: of mode, flags or nodes; EFAULT; ENOMEM.
Errno SetMempolicy(AddressSpace& space, const VmCaller& caller, MempolicyId& policy, std::uint32_t mode,
                   const NodeMaskArgument& nodes);

struct GetMempolicyArguments {
  // Where the mode and the nodes go; 0 is NULL. nullopt: the answer alone has them.
  std::optional<VirtualAddress> policy;
  std::optional<VirtualAddress> nodemask;
  // Room for so many nodes and one more. 0 without an address: for all.
  std::uint64_t maxnode = 0;
  VirtualAddress address;
  // MPOL_F_*.
  std::uint64_t flags = 0;
};

struct GetMempolicyResult {
  // EINVAL; EFAULT: no mapping, a page that cannot be read, or no memory to write to; ENOMEM: no page.
  Errno error = Errno::kOk;
  // The mode with its flags, or with MPOL_F_NODE a node.
  std::uint32_t policy = 0;
  NodeMask nodes;
};

// policy: the task's. With MPOL_F_NODE and MPOL_F_ADDR the page is read first if it is not there.
//
// Simplified: which node an interleaving task takes next is the first of its nodes, as there is one.
GetMempolicyResult GetMempolicy(AddressSpace& space, const VmCaller& caller, MempolicyId policy,
                                const GetMempolicyArguments& arguments);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MEMPOLICY_CALLS_H_
