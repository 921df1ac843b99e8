// A PageAllocator and a SlowPages that do the same, on machines of 1 to 64 CPUs.

#ifndef MEMSIM_TESTS_MODEL_PAGE_TWIN_H_
#define MEMSIM_TESTS_MODEL_PAGE_TWIN_H_

#include <cstdint>
#include <vector>

namespace memsim {

enum class PageCall : std::uint8_t { kAlloc, kFree, kDrain, kDecay };

// Valid in any state: an operation that does not apply does nothing.
struct PageOperation {
  PageCall call;
  // Modulo the machine's.
  std::uint32_t cpu;
  // How many times it is done.
  std::uint32_t times;
  // Which of kPageGfps, and the order; or which of the taken blocks, ascending and modulo their number, is freed first,
  // and how many are left out before the next one.
  std::uint32_t which;
  std::uint32_t order;
};

inline constexpr std::uint32_t kPageGfps[] = {
    0x100cca,  // GFP_HIGHUSER_MOVABLE, for user memory
    0xcc0,     // GFP_KERNEL
    0xcd0,     // GFP_KERNEL | __GFP_RECLAIMABLE
    0x820,     // GFP_ATOMIC
    0x2800,    // GFP_NOWAIT
    0xcc1,     // GFP_KERNEL | GFP_DMA
    0x10cc0,   // GFP_KERNEL | __GFP_NORETRY
    0x20820,   // GFP_ATOMIC | __GFP_MEMALLOC
    0x8cc0,    // GFP_KERNEL | __GFP_NOFAIL
};

struct PageProgram {
  std::uint64_t memory_mib;
  std::uint32_t cpus;
  std::vector<PageOperation> operations;
};

// Runs the program on both and compares them after each operation: the same frames, the same numbers and lists of each
// CPU, the same free blocks. Aborts when an invariant of PageAllocator does not hold.
bool Agrees(const PageProgram& program);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_PAGE_TWIN_H_
