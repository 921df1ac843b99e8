// /proc/PID/pagemap: what is behind each page of an address space, in 8 bytes (fs/proc/task_mmu.c).

#ifndef MEMSIM_SERVER_KERNEL_PROCFS_PAGEMAP_H_
#define MEMSIM_SERVER_KERNEL_PROCFS_PAGEMAP_H_

#include <string>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/procfs/proc_view.h"
#include "server/kernel/vm/address_space.h"

namespace memsim {

inline constexpr std::uint64_t kPagemapEntryBytes = 8;

// What pread(2) answers to one who may see frame numbers: an entry in the order of x86's bytes for each page, less
// where the address space ends. Bits 0 to 54 are the frame's number, bit 56 says that no other entry maps it, bit 61
// that it is a file's or shared memory, bit 63 that it is there; bits 58 and 62 are a guard region's. EINVAL: offset or
// length is no multiple of 8. REQUIRES: there is host memory for length.
ErrnoOr<std::string> ReadPagemap(const ProcView& view, const AddressSpace& space, ByteCount offset, ByteCount length);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PROCFS_PAGEMAP_H_
