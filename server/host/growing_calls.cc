#include "server/host/growing_calls.h"

#include <sys/mman.h>

#include <cstdint>

namespace memsim {

// What is not listed grows: a new operation is refused too often rather than too late. munmap may split a mapping into
// two, which is little beside what it frees.
bool MayGrowState(const v1::Call& call) {
  switch (call.operation_case()) {
    case v1::Call::kExitGroup:
    case v1::Call::kWait4:
    case v1::Call::kMunmap:
    case v1::Call::kMsync:
    case v1::Call::kSetMempolicy:
    case v1::Call::kExit:
    case v1::Call::kPersonality:
    case v1::Call::kMunlockall:
    case v1::Call::kPkeyAlloc:
    case v1::Call::kPkeyFree:
    case v1::Call::kPkeySet:
    case v1::Call::kPkeyGet:
    case v1::Call::kFreePages:
    case v1::Call::kKmemCacheDestroy:
    case v1::Call::kKmemCacheFree:
    case v1::Call::kKmemCacheFreeBulk:
    case v1::Call::kKmemCacheShrink:
    case v1::Call::kKfree:
    case v1::Call::kShmdt:
    case v1::Call::kShmctl:
    case v1::Call::kClose:
    case v1::Call::kUnlink:
    case v1::Call::kLseek:
    case v1::Call::kPrlimit64:
    case v1::Call::kSetuid:
    case v1::Call::kSetgid:
    case v1::Call::kSetreuid:
    case v1::Call::kSetregid:
    case v1::Call::kSetresuid:
    case v1::Call::kSetresgid:
    case v1::Call::kSetfsuid:
    case v1::Call::kSetfsgid:
    case v1::Call::kCapset:
    case v1::Call::kPrctl:
    case v1::Call::kFindVma:
    case v1::Call::kFindVmaPrev:
    case v1::Call::kFindVmaIntersection:
    case v1::Call::kGetUnmappedArea:
    case v1::Call::kMmStruct:
    case v1::Call::kMmlist:
    case v1::Call::kRmapWalk:
    case v1::Call::kAdvanceTime:
    // What its lanes do is asked one by one.
    case v1::Call::kConcurrent:
    // An unset one is refused as such.
    case v1::Call::OPERATION_NOT_SET:
      return false;
    case v1::Call::kMadvise:
      return call.madvise().advice() != MADV_DONTNEED;
    case v1::Call::kFtruncate:
      return call.ftruncate().length_bytes() != 0;
    case v1::Call::kMremap:
      // To no more than it was, which MREMAP_MAYMOVE alone does not move.
      return (call.mremap().flags() & ~static_cast<std::uint64_t>(MREMAP_MAYMOVE)) != 0 ||
             call.mremap().new_length_bytes() > call.mremap().old_length_bytes();
    default:
      return true;
  }
}

}  // namespace memsim
