// cachestat(2): how much of a file is in memory (mm/filemap.c).

#ifndef MEMSIM_SERVER_KERNEL_VM_CACHESTAT_H_
#define MEMSIM_SERVER_KERNEL_VM_CACHESTAT_H_

#include <cstdint>
#include <optional>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/file/file_system.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

struct CachestatArguments {
  int fd = 0;
  // In the file. Length 0: to its end.
  ByteCount offset;
  ByteCount length;
  std::uint32_t flags = 0;
  // Where the range stands, and where the numbers go. nullopt: nowhere.
  std::optional<VirtualAddress> range_address;
  std::optional<VirtualAddress> stat_address;
};

// EFAULT: the range cannot be read, or the numbers not written; EPERM: the file is neither open for writing nor the
// caller's to write; EINVAL: flags. Looks at no more than the pages that the file has in memory.
ErrnoOr<CacheStat> Cachestat(AddressSpace& space, const VmCaller& caller, OpenFileId file,
                             const CachestatArguments& arguments);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_CACHESTAT_H_
