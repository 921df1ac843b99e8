// A BuddyAllocator and a SlowBuddy that do the same.

#ifndef MEMSIM_TESTS_MODEL_BUDDY_TWIN_H_
#define MEMSIM_TESTS_MODEL_BUDDY_TWIN_H_

#include <cstdint>
#include <vector>

namespace memsim {

enum class BuddyCall : std::uint8_t { kAllocate, kAllocateUserPages, kAllocateUnmixed, kAtomic, kReturnAtomic, kFree };

// Valid in any state: an operation that does not apply does nothing.
struct BuddyOperation {
  BuddyCall call;
  std::uint8_t order;
  int type;
  // Which of the allocated blocks, ascending and modulo their number, is freed.
  std::uint64_t which;
};

struct BuddyProgram {
  std::uint64_t memory_begin;
  std::uint64_t begin;
  std::uint64_t end;
  std::vector<BuddyOperation> operations;
};

// Runs the program on both and compares them after each operation: the answers, and the same frames in the same order,
// list by list. Aborts when an invariant of BuddyAllocator does not hold.
bool Agrees(const BuddyProgram& program);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_BUDDY_TWIN_H_
