#include "server/host/short_calls.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace memsim {
namespace {

// Of calls that refuse an address at which no page begins, so that the bytes lie in no more pages than they fill.
bool FewBytes(std::uint64_t bytes) { return bytes <= kMaxPagesOfShortCall * kPageSize.value(); }

// Of calls that take any address: the bytes lie in one page more, at most.
bool FewBytesAnywhere(std::uint64_t bytes) { return bytes <= (kMaxPagesOfShortCall - 1) * kPageSize.value(); }

bool SmallOrder(std::uint32_t order) { return order < 64 && (1ULL << order) <= kMaxPagesOfShortCall; }

bool HasOnly(std::uint64_t flags, std::uint64_t allowed) { return (flags & ~allowed) == 0; }

bool IsShort(const v1::MmapRequest& mmap) {
  // Neither replaces mappings nor fills the new one, however long that is. The search for room may have to look at
  // nodes of the tree that earlier calls left to it: once for each of them.
  return HasOnly(mmap.flags(), MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK);
}

bool IsShort(const v1::MprotectRequest& mprotect) {
  // PROT_GROWSDOWN would reach to the mapping's start.
  return FewBytes(mprotect.length_bytes()) && HasOnly(mprotect.prot(), PROT_READ | PROT_WRITE | PROT_EXEC);
}

bool IsShort(const v1::BrkRequest& brk) {
  // The question where it is. To move it may unmap as much as there is.
  return brk.address() == 0 && brk.address_slot() == 0;
}

bool IsShort(const v1::MadviseRequest& madvise) {
  return madvise.advice() == MADV_DONTNEED && FewBytes(madvise.length_bytes());
}

bool IsShort(const v1::LseekRequest& lseek) {
  // SEEK_DATA and SEEK_HOLE look through the file.
  return lseek.whence() == SEEK_SET || lseek.whence() == SEEK_CUR || lseek.whence() == SEEK_END;
}

bool IsShort(const v1::Call& call) {
  if (call.store_as() > kMaxSlotOfShortCall) return false;
  switch (call.operation_case()) {
    case v1::Call::kMmap:
      return IsShort(call.mmap());
    case v1::Call::kMprotect:
      return IsShort(call.mprotect());
    case v1::Call::kBrk:
      return IsShort(call.brk());
    case v1::Call::kMadvise:
      return IsShort(call.madvise());
    case v1::Call::kTouch:
      return call.touch().page_count() <= kMaxPagesOfShortCall;
    case v1::Call::kLoad:
      return FewBytesAnywhere(call.load().length_bytes());
    case v1::Call::kStore:
      return FewBytesAnywhere(call.store().data().size());
    case v1::Call::kAllocPages:
      return SmallOrder(call.alloc_pages().order());
    case v1::Call::kFreePages:
      return SmallOrder(call.free_pages().order());
    case v1::Call::kLseek:
      return IsShort(call.lseek());
    case v1::Call::kGetZeroedPage:
    case v1::Call::kPrlimit64:
    case v1::Call::kPkeyAlloc:
    case v1::Call::kPkeyFree:
    case v1::Call::kPkeySet:
    case v1::Call::kPkeyGet:
      return true;
    // Processes are as large as they are; a file goes with its last user, be that the munmap of a single page, and
    // takes all of its pages along. What is new is not known.
    default:
      return false;
  }
}

}  // namespace

bool HasUsualCosts(const MachineSpec& spec) {
  return std::all_of(kCostInfo.begin(), kCostInfo.end(),
                     [&spec](const CostInfo& cost) { return spec.costs.*cost.field <= kDefaultCosts.*cost.field; });
}

bool IsShort(const v1::ExecuteBatchRequest& batch) {
  return batch.calls_size() == 0 || (batch.calls_size() == 1 && IsShort(batch.calls(0)));
}

}  // namespace memsim
