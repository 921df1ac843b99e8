// mincore(2).

#ifndef MEMSIM_SERVER_KERNEL_VM_MINCORE_H_
#define MEMSIM_SERVER_KERNEL_VM_MINCORE_H_

#include <optional>
#include <string>

#include "server/base/errno.h"
#include "server/base/units.h"
#include "server/kernel/vm/address_space.h"
#include "server/kernel/vm/vm_caller.h"

namespace memsim {

// One call looks at no more pages than this, 64 MiB: its answer has a byte for each, and ten thousand answers are one
// message.
inline constexpr PageCount kMaxMincorePages{1ULL << 14};

struct Residency {
  // EINVAL: an unaligned address; ENOMEM: beyond user memory, or a hole; EFAULT: vec is no memory that can be written;
  // ENOSYS: more than kMaxMincorePages are mapped.
  Errno error = Errno::kOk;
  // A byte a page, 1 if it is in memory; up to the hole where there is one.
  std::string pages;
};

// vec: where the caller wants the bytes, which are written as the kernel writes them; none: the answer alone has them.
Residency Mincore(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length,
                  std::optional<VirtualAddress> vec);

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_MINCORE_H_
