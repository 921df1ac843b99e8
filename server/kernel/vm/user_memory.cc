#include "server/kernel/vm/user_memory.h"

#include "server/kernel/vm/page_fault.h"

namespace memsim {
namespace {

Errno TouchUserRange(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length,
                     AccessKind kind) {
  if (length == ByteCount(0)) return Errno::kOk;
  if (!IsUserRange(address, length)) return Errno::kFault;
  const VirtualAddress first = PageAlignDown(address);
  TouchProgress progress;
  progress.next = first;
  progress.left = ToPagesRoundedUp((address - first) + length);
  progress.kind = kind;
  return Touch(space, caller, progress) == TouchStatus::kDone ? Errno::kOk : Errno::kFault;
}

}  // namespace

Errno CopyFromUser(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length) {
  return TouchUserRange(space, caller, address, length, AccessKind::kRead);
}

Errno CopyToUser(AddressSpace& space, const VmCaller& caller, VirtualAddress address, ByteCount length) {
  return TouchUserRange(space, caller, address, length, AccessKind::kWrite);
}

}  // namespace memsim
