// When neighbouring mappings become one, and how part of a mapping gets other flags (mm/vma.c of Linux 6.18).

#ifndef MEMSIM_SERVER_KERNEL_VM_VMA_MERGE_H_
#define MEMSIM_SERVER_KERNEL_VM_VMA_MERGE_H_

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vma.h"

namespace memsim {

// A range that wants to be mapped.
struct NewMapping : VmaDescription {
  // Of a moved mapping; empty for a fresh one.
  AnonVmaLinks anon;
};

// vma_merge_new_range: makes a free range part of its neighbours where the rules allow it; the kernel's own mappings
// merge with nothing. Null: neither neighbour takes it.
Vma* MergeNewRange(AddressSpace& space, const NewMapping& wanted);

// vma_merge_extend: the same for what a mapping grows by, whose pages may be inherited from a parent.
Vma* MergeExtension(AddressSpace& space, const NewMapping& wanted);

// What brk does instead: only the mapping right below may grow, and the one above stays what it is (just_expand).
// False: it does not fit.
bool ExpandInto(AddressSpace& space, Vma& below, const NewMapping& wanted);

// A mapping of its own, whatever its neighbours are. Takes over the references that wanted holds.
Vma* InsertNewRange(AddressSpace& space, const NewMapping& wanted);
// MergeNewRange, or a mapping of its own. Takes over the references that wanted holds (its file, its anon_vmas).
Vma* MapNewRange(AddressSpace& space, const NewMapping& wanted);

// vma_modify_flags: gives the part of a mapping in range other flags: merges it into a neighbour that has them already,
// or splits it off. The mapping that then holds the range; ENOMEM at max_map_count, where an earlier split stays.
// Commit accounting is the caller's business.
ErrnoOr<Vma*> ModifyFlags(AddressSpace& space, Vma& vma, VirtualRange range, VmFlags flags);
// vma_modify_policy: the same with another policy.
ErrnoOr<Vma*> ModifyPolicy(AddressSpace& space, Vma& vma, VirtualRange range, MempolicyId policy);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VMA_MERGE_H_
