// Who holds an allocated page, and why a page is not taken back.

#ifndef MEMSIM_SERVER_KERNEL_PHYSICAL_PAGE_OWNER_H_
#define MEMSIM_SERVER_KERNEL_PHYSICAL_PAGE_OWNER_H_

#include <cstdint>

namespace memsim {

// Every frame that is not free has exactly one owner: the sum over owners plus the free frames is the managed frames.
enum class PageOwner : std::uint8_t {
  // A Call took it with AllocPages or GetZeroedPage.
  kCaller,
  // A page table.
  kPageTable,
  // An anonymous page of an address space.
  kAnonymous,
  // A page of the page cache, shared memory included.
  kPageCache,
  // A kernel stack.
  kKernelStack,
  // The page that all read faults of untouched anonymous memory map (empty_zero_page).
  kZeroPage,
  // A slab: objects of one cache.
  kSlab,
  // One kmalloc that is larger than all caches for it.
  kLargeKmalloc,
};
inline constexpr int kPageOwnerCount = 8;

// Why a block was not freed. Linux prints "Bad page state" or corrupts itself; the simulator answers.
enum class FreeRefusal : std::uint8_t { kNoSuchFrame, kAlreadyFree, kNotBlockStart, kWrongOrder, kInUse };

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_PHYSICAL_PAGE_OWNER_H_
