// How a slab cache was asked to be: the SLAB_* flags of include/linux/slab.h, with the bits that they have in
// Linux 6.18 under the configuration of a distribution (memory control groups, no KASAN, no fault injection). The
// kernel keeps the numbers to itself, so another configuration has others.

#ifndef MEMSIM_SERVER_KERNEL_SLAB_SLAB_FLAGS_H_
#define MEMSIM_SERVER_KERNEL_SLAB_SLAB_FLAGS_H_

#include <cstdint>

namespace memsim {

using SlabFlags = std::uint32_t;

inline constexpr SlabFlags kSlabConsistencyChecks = 1U << 0;
inline constexpr SlabFlags kSlabRedZone = 1U << 1;
inline constexpr SlabFlags kSlabPoison = 1U << 2;
inline constexpr SlabFlags kSlabHwcacheAlign = 1U << 4;
inline constexpr SlabFlags kSlabCacheDma = 1U << 5;
inline constexpr SlabFlags kSlabCacheDma32 = 1U << 6;
inline constexpr SlabFlags kSlabStoreUser = 1U << 7;
inline constexpr SlabFlags kSlabPanic = 1U << 8;
inline constexpr SlabFlags kSlabTypesafeByRcu = 1U << 9;
inline constexpr SlabFlags kSlabTrace = 1U << 10;
inline constexpr SlabFlags kSlabNoLeakTrace = 1U << 11;
inline constexpr SlabFlags kSlabNoMerge = 1U << 12;
inline constexpr SlabFlags kSlabAccount = 1U << 13;
inline constexpr SlabFlags kSlabNoUserFlags = 1U << 14;
inline constexpr SlabFlags kSlabReclaimAccount = 1U << 15;

// What checks objects for misuse (SLAB_DEBUG_FLAGS): not simulated.
inline constexpr SlabFlags kSlabDebugFlags =
    kSlabConsistencyChecks | kSlabRedZone | kSlabPoison | kSlabStoreUser | kSlabTrace;
// What a caller may ask for (SLAB_FLAGS_PERMITTED).
inline constexpr SlabFlags kSlabPermittedFlags = kSlabDebugFlags | kSlabHwcacheAlign | kSlabCacheDma | kSlabCacheDma32 |
                                                 kSlabPanic | kSlabTypesafeByRcu | kSlabNoLeakTrace | kSlabNoMerge |
                                                 kSlabAccount | kSlabNoUserFlags | kSlabReclaimAccount;

}  // namespace memsim

#endif  // MEMSIM_SERVER_KERNEL_SLAB_SLAB_FLAGS_H_
