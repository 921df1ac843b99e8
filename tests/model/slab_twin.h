// SlabCaches and Kmalloc, run beside a reference that is slow and obvious: a flat map of the objects that somebody has.
//
// The reference does not know where the next object will be. It knows what must be true of it: that it lies where
// nobody's object lies, as its cache wants it, and stays somebody's until it is freed.

#ifndef MEMSIM_TESTS_MODEL_SLAB_TWIN_H_
#define MEMSIM_TESTS_MODEL_SLAB_TWIN_H_

#include <cstdint>
#include <vector>

namespace memsim {

enum class SlabCall : std::uint8_t {
  kCreate,
  kDestroy,
  kAlloc,
  kAllocAtomic,
  kAllocKernels,
  kFree,
  kAllocBulk,
  kFreeBulk,
  kShrink,
  kKmalloc,
  kKrealloc,
  kKfree,
  // A free that must be refused: of the inside of an object, to another cache, or of what was freed already.
  kFreeInside,
  kFreeElsewhere,
  kFreeTwice,
};

// Valid whatever stands before it: what it names is taken modulo what there is.
struct SlabOperation {
  SlabCall call;
  std::uint16_t cpu;
  // Which cache, or what kind of new one.
  std::uint64_t cache;
  // Which object, how many, or how many bytes.
  std::uint64_t number;
};

struct SlabProgram {
  std::uint32_t cpus;
  std::uint64_t memory_mib;
  std::vector<SlabOperation> operations;
};

// Whether both agree after every operation. Says on stderr where they do not.
bool Agrees(const SlabProgram& program);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SLAB_TWIN_H_
