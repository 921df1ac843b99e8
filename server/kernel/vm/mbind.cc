#include "server/kernel/vm/mbind.h"

#include <algorithm>
#include <optional>

#include "server/kernel/numa/nodes.h"
#include "server/kernel/vm/mmap_lock.h"
#include "server/kernel/vm/vma_merge.h"

namespace memsim {
namespace {

// Whether the range of a mapping holds a page that could be elsewhere: neither the zero page nor the kernel's own
// (queue_folios_pte_range, queue_folios_pmd).
bool HoldsMovablePage(AddressSpace& space, const Vma& vma, VirtualRange range) {
  if (vma.special != SpecialMapping::kNone) return false;
  bool found = false;
  const auto look = [&](VirtualAddress, const LeafTable& leaf, int first, int last) {
    for (int i = first; i < last && !found; ++i) found = leaf.entries[i].present() && !leaf.entries[i].special();
  };
  space.page_tables().VisitEntries(
      range, look, [&found](VirtualAddress, const HugeEntry& huge) { found = found || !huge.pte.special(); });
  space.environment().cpus.Charge(space.environment().costs.mbind_page * range.pages().value());
  return found;
}

enum class Holes : std::uint8_t { kRefused, kPassedOver };

// queue_pages_range. finds_misplaced: a page on node 0 is where it must not be, and that ends the call.
Errno CheckRange(AddressSpace& space, VirtualRange range, Holes holes, bool finds_misplaced) {
  const Vma* vma = space.Find(range.start);
  if (vma == nullptr || vma->range.start >= range.end) return Errno::kFault;
  if (holes == Holes::kRefused && vma->range.start > range.start) return Errno::kFault;
  for (; vma != nullptr && vma->range.start < range.end; vma = space.Next(*vma)) {
    const Vma* next = space.Next(*vma);
    const bool hole_behind = vma->range.end < range.end && (next == nullptr || vma->range.end < next->range.start);
    if (holes == Holes::kRefused && hole_behind) return Errno::kFault;
    if (finds_misplaced && HoldsMovablePage(space, *vma, vma->range.Intersection(range))) return Errno::kIo;
  }
  return Errno::kOk;
}

// mbind_range: a part of one mapping. Shared memory keeps the policy too, for all of the mapping.
Errno BindPart(AddressSpace& space, Vma& vma, VirtualRange part, MempolicyId policy) {
  if (vma.policy == policy) return Errno::kOk;
  const ErrnoOr<Vma*> changed = ModifyPolicy(space, vma, part, policy);
  if (!changed.ok()) return changed.error();
  FileSystem& files = space.environment().files;
  const Vma& bound = **changed;
  if (bound.file == OpenFileId() || !files.IsShmem(bound.file)) return Errno::kOk;
  return files.SetPolicy(files.file(bound.file).inode, bound.pgoff, bound.PageIndex(bound.range.end), policy);
}

Errno BindRange(AddressSpace& space, VirtualRange range, MempolicyId policy) {
  for (VirtualAddress at = range.start; at < range.end;) {
    Vma* const vma = space.Find(at);
    if (vma == nullptr || vma->range.start >= range.end) break;
    const VirtualRange part = vma->range.Intersection({at, range.end});
    if (const Errno error = BindPart(space, *vma, part, policy); error != Errno::kOk) return error;
    at = part.end;
  }
  return Errno::kOk;
}

// do_mbind, from where the policy is known to be sound.
Errno BindChecked(AddressSpace& space, VirtualRange range, MempolicyArgument argument, const NodeMask& nodes,
                  std::uint32_t flags) {
  Mempolicies& mempolicies = space.environment().mempolicies;
  const ErrnoOr<std::optional<Mempolicy>> made = MakeMempolicy(argument, nodes, kNodesWithMemory);
  if (!made.ok()) return made.error();
  MempolicyId policy;
  if (made->has_value()) {
    policy = mempolicies.Create(**made);
    if (policy == MempolicyId()) return Errno::kNoMem;
  }
  const MmapWriteLock lock(space);
  const bool strict = (flags & (kMpolStrict | kMpolMove | kMpolMoveAll)) == kMpolStrict;
  const Holes holes = made->has_value() ? Holes::kRefused : Holes::kPassedOver;
  // The nodes as they were asked for, whatever became of them.
  Errno error = CheckRange(space, range, holes, strict && made->has_value() && !nodes.Has(0));
  if (error == Errno::kOk) error = BindRange(space, range, policy);
  mempolicies.Put(policy);
  return error;
}

}  // namespace

Errno Mbind(AddressSpace& space, const VmCaller& caller, const MbindArguments& arguments) {
  space.environment().cpus.Charge(space.environment().costs.mbind);
  const ErrnoOr<MempolicyArgument> argument = ReadMempolicyMode(arguments.mode);
  if (!argument.ok()) return argument.error();
  const ErrnoOr<NodeMask> nodes = ReadNodes(space, caller, arguments.nodes);
  if (!nodes.ok()) return nodes.error();
  if ((arguments.flags & ~(kMpolStrict | kMpolMove | kMpolMoveAll)) != 0) return Errno::kInval;
  if ((arguments.flags & kMpolMoveAll) != 0 && !caller.capabilities.Has(Capability::kSysNice)) return Errno::kPerm;
  if (!IsPageAligned(arguments.address)) return Errno::kInval;
  // A length near the end of all numbers becomes 0.
  const VirtualRange range = RangeOf(arguments.address, ToBytes(ToPagesRoundedUp(arguments.length)));
  if (range.end < range.start) return Errno::kInval;
  if (range.end == range.start) return Errno::kOk;
  if (const Errno error = CheckMempolicy(*argument, *nodes); error != Errno::kOk) return error;
  return BindChecked(space, range, *argument, *nodes, arguments.flags);
}

}  // namespace memsim
