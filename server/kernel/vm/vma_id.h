// The name of a VMA within its address space.

#ifndef MEMSIM_SERVER_KERNEL_VM_VMA_ID_H_
#define MEMSIM_SERVER_KERNEL_VM_VMA_ID_H_

#include <cstdint>

#include "server/base/units.h"

namespace memsim {

// 0 is none.
using VmaId = Unit<struct VmaIdTag, std::uint32_t>;

inline constexpr VmaId kNoVma{0};

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_VM_VMA_ID_H_
