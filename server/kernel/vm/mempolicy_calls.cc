#include "server/kernel/vm/mempolicy_calls.h"

#include <utility>

#include "server/kernel/numa/nodes.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/page_fault.h"
#include "server/kernel/vm/user_memory.h"

namespace memsim {
namespace {

// __get_vma_policy: that of shared memory is the file's.
MempolicyId PolicyAt(const AddressSpace& space, const Vma& vma, VirtualAddress address) {
  const FileSystem& files = space.environment().files;
  if (vma.file == OpenFileId() || !files.IsShmem(vma.file)) return vma.policy;
  return files.InodeOf(vma.file).policy.At(vma.PageIndex(PageAlignDown(address)));
}

// lookup_node: the node of the page, which get_user_pages reads first.
ErrnoOr<std::uint32_t> NodeAt(AddressSpace& space, const VmCaller& caller, VirtualAddress address) {
  constexpr std::uint32_t kTheOnlyNode = 0;
  const Vma& vma = *space.Lookup(address);
  const Pte pte = space.page_tables().Get(PageAlignDown(address));
  const bool unlocked = caller.pkru.Allows(KeyOf(vma.flags), AccessKind::kRead);
  // gup_fast asks the page table and its key alone, where stores imply loads.
  if (pte.present() && !pte.prot_none() && !pte.special() && unlocked) return kTheOnlyNode;
  const MmapReadLock lock(space);
  // check_vma_flags.
  if ((vma.flags & (kVmIo | kVmPfnMap)) != 0 || (vma.flags & kVmRead) == 0 || !unlocked) return Errno::kFault;
  TouchProgress progress;
  progress.next = PageAlignDown(address);
  progress.left = PageCount(1);
  switch (FaultInPages(space, caller, FaultRetry::kTriedAgain, progress)) {
    case TouchStatus::kDone:
      return kTheOnlyNode;
    case TouchStatus::kSignal:
      return Errno::kFault;
    case TouchStatus::kOutOfMemory:
      break;
  }
  return Errno::kNoMem;
}

// do_get_mempolicy.
Errno Look(AddressSpace& space, const VmCaller& caller, MempolicyId policy, const GetMempolicyArguments& arguments,
           GetMempolicyResult& result) {
  const std::uint64_t flags = arguments.flags;
  if ((flags & ~(kMpolNode | kMpolAddr | kMpolMemsAllowed)) != 0) return Errno::kInval;
  if ((flags & kMpolMemsAllowed) != 0) {
    if ((flags & (kMpolNode | kMpolAddr)) != 0) return Errno::kInval;
    result.nodes = kNodesWithMemory;
    return Errno::kOk;
  }
  const bool of_task = (flags & kMpolAddr) == 0;
  if (of_task && arguments.address != VirtualAddress(0)) return Errno::kInval;
  if (!of_task) {
    const MmapReadLock lock(space);
    const Vma* vma = space.Lookup(arguments.address);
    if (vma == nullptr) return Errno::kFault;
    policy = PolicyAt(space, *vma, arguments.address);
  }
  const Mempolicy* told = policy == MempolicyId() ? nullptr : &space.environment().mempolicies[policy];
  if ((flags & kMpolNode) != 0) {
    if (of_task) {
      const bool interleaves = told != nullptr && (told->mode == MempolicyMode::kInterleave ||
                                                   told->mode == MempolicyMode::kWeightedInterleave);
      if (!interleaves) return Errno::kInval;
      result.policy = static_cast<std::uint32_t>(told->nodes.First());
    } else {
      const ErrnoOr<std::uint32_t> node = NodeAt(space, caller, arguments.address);
      if (!node.ok()) return node.error();
      result.policy = *node;
    }
  } else if (told != nullptr) {
    result.policy = told->ToldMode();
  }
  if (told != nullptr) result.nodes = told->ToldNodes();
  return Errno::kOk;
}

// copy_nodes_to_user: as many bytes as the caller has room for, zeros behind the nodes that there are.
Errno CopyNodesToUser(AddressSpace& space, const VmCaller& caller, const GetMempolicyArguments& arguments) {
  const std::uint64_t bytes =
      (arguments.maxnode - 1 + NodeMask::kBitsPerWord - 1) / NodeMask::kBitsPerWord * sizeof(std::uint64_t);
  if (bytes > kPageSize.value()) return Errno::kInval;
  return CopyToUser(space, caller, *arguments.nodemask, ByteCount(bytes));
}

}  // namespace

ErrnoOr<NodeMask> ReadNodes(AddressSpace& space, const VmCaller& caller, const NodeMaskArgument& argument) {
  const bool is_null = argument.address.has_value() ? *argument.address == VirtualAddress(0) : argument.words.empty();
  if (is_null) return ReadNodeMask(std::nullopt, argument.maxnode);
  const ErrnoOr<NodeMask> nodes = ReadNodeMask(argument.words, argument.maxnode);
  if (nodes.ok() && argument.address.has_value()) {
    const ByteCount bytes(NodeMaskBytes(argument.maxnode));
    if (const Errno error = CopyFromUser(space, caller, *argument.address, bytes); error != Errno::kOk) return error;
  }
  return nodes;
}

Errno SetMempolicy(AddressSpace& space, const VmCaller& caller, MempolicyId& policy, std::uint32_t mode,
                   const NodeMaskArgument& nodes) {
  VmEnvironment& environment = space.environment();
  environment.cpus.Charge(environment.costs.mempolicy);
  const ErrnoOr<MempolicyArgument> argument = ReadMempolicyMode(mode);
  if (!argument.ok()) return argument.error();
  const ErrnoOr<NodeMask> mask = ReadNodes(space, caller, nodes);
  if (!mask.ok()) return mask.error();
  if (const Errno error = CheckMempolicy(*argument, *mask); error != Errno::kOk) return error;
  const ErrnoOr<std::optional<Mempolicy>> made = MakeMempolicy(*argument, *mask, kNodesWithMemory);
  if (!made.ok()) return made.error();
  MempolicyId id;
  if (made->has_value()) {
    id = environment.mempolicies.Create(**made);
    if (id == MempolicyId()) return Errno::kNoMem;
  }
  environment.mempolicies.Put(std::exchange(policy, id));
  return Errno::kOk;
}

GetMempolicyResult GetMempolicy(AddressSpace& space, const VmCaller& caller, MempolicyId policy,
                                const GetMempolicyArguments& arguments) {
  GetMempolicyResult result;
  space.environment().cpus.Charge(space.environment().costs.mempolicy);
  const bool to_memory = arguments.nodemask.has_value() && *arguments.nodemask != VirtualAddress(0);
  const bool has_mask = to_memory || (!arguments.nodemask.has_value() && arguments.maxnode != 0);
  if (has_mask && arguments.maxnode < kNodeCount) {
    result.error = Errno::kInval;
    return result;
  }
  result.error = Look(space, caller, policy, arguments, result);
  if (result.error == Errno::kOk && arguments.policy.value_or(VirtualAddress(0)) != VirtualAddress(0)) {
    result.error = CopyToUser(space, caller, *arguments.policy, ByteCount(sizeof(std::uint32_t)));
  }
  if (result.error == Errno::kOk && to_memory) result.error = CopyNodesToUser(space, caller, arguments);
  return result;
}

}  // namespace memsim
