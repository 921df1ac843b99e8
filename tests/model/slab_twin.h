// SlabCaches and Kmalloc by themselves, run beside a flat map of the objects that somebody has.

#ifndef MEMSIM_TESTS_MODEL_SLAB_TWIN_H_
#define MEMSIM_TESTS_MODEL_SLAB_TWIN_H_

#include <cstdint>
#include <vector>

#include "tests/model/slow_objects.h"

namespace memsim {

struct SlabProgram {
  std::uint32_t cpus;
  std::uint64_t memory_mib;
  std::vector<SlabOperation> operations;
};

// Whether both agree after every operation. Says on stderr where they do not.
bool Agrees(const SlabProgram& program);

}  // namespace memsim

#endif  // MEMSIM_TESTS_MODEL_SLAB_TWIN_H_
