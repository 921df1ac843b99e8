// Why an object was not freed.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_SLAB_REFUSAL_H_
#define MEMSIM_SERVER_KERNEL_SLAB_SLAB_REFUSAL_H_

#include <cstdint>

namespace memsim {

// Linux warns, corrupts itself or stops; the simulator answers.
enum class SlabRefusal : std::uint8_t {
  // The address is in no slab, and is no large kmalloc.
  kNoSuchObject,
  kNotObjectStart,
  kAlreadyFree,
  kWrongCache,
  // The kernel itself uses the object.
  kInUse,
};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_SLAB_REFUSAL_H_
