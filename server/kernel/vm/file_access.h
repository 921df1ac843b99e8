// What a caller may know of a file that it has mapped, and do to its pages.

#ifndef MEMSIM_SERVER_KERNEL_VM_FILE_ACCESS_H_
#define MEMSIM_SERVER_KERNEL_VM_FILE_ACCESS_H_

#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"
#include "server/kernel/vm/vma.h"

namespace memsim {

// inode_owner_or_capable, or file_permission(MAY_WRITE): files are writable for their owners alone.
inline bool OwnsOrMayWrite(const Inode& inode, const VmCaller& caller) {
  return inode.owner == caller.filesystem_user || caller.capabilities.Has(Capability::kFowner) ||
         caller.capabilities.Has(Capability::kDacOverride);
}
// The same of a mapping's file. False for what has no file.
inline bool OwnsOrMayWrite(const AddressSpace& space, const VmCaller& caller, const Vma& vma) {
  return vma.file != OpenFileId() && OwnsOrMayWrite(space.environment().files.InodeOf(vma.file), caller);
}

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_FILE_ACCESS_H_
