// Holes in files that may be mapped.

#ifndef MEMSIM_SERVER_KERNEL_VM_PUNCH_HOLE_H_
#define MEMSIM_SERVER_KERNEL_VM_PUNCH_HOLE_H_

#include "server/base/units.h"
#include "server/kernel/vm/vm_environment.h"

namespace memsim {

// Pages [first, end) of the file are gone from its mappings, but for private copies, and read as zeros
// (truncate_pagecache_range and the file system's part of it). REQUIRES: HasPages.
void PunchHole(const VmEnvironment& environment, InodeId inode, PageOffset first, PageOffset end);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_PUNCH_HOLE_H_
